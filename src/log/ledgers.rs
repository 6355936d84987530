//! Ledgers: making them, choosing those of a segment, dropping the expired.

use super::keyed;
use crate::catalog::{entries, event_tables::EventTable, ledgers};
use crate::pg::Oid;
use crate::pg::security::Platform;
use pganalytics_core::ledger::Ledgers;

/// Makes the ledger that begins with a segment.
pub fn create(event_table: i32, number: i32, root: Oid) -> Oid {
    let _platform = Platform::act();
    keyed::create(
        &format!("ledger_{event_table}_{number}"),
        "event_id uuid PRIMARY KEY, position bigint NOT NULL, content bigint NOT NULL",
        root,
    )
}

/// The ledgers of the segment with this number, which follows on those there are.
pub fn of_segment(table: &EventTable, number: i32) -> Ledgers<Oid> {
    // Those of a spare that its owner has taken away.
    if let Some(known) = ledgers::known(table.id, number) {
        return known;
    }
    let (previous, ages) = ledgers::of_segment(table.id, number - 1);
    previous.of_next_segment(ages, || create(table.id, number, table.root))
}

/// Drops the ledgers whose ids have expired.
pub fn drop_expired(table: &EventTable) {
    let unused = ledgers::forget_unused(table.id);
    let _platform = Platform::act();
    for ledger in unused {
        entries::drop_leftover("TABLE", ledger);
    }
}
