//! Heads: one row per aggregate, which is a lock and a floor.
//!
//! Whoever holds an aggregate's head is alone in giving it versions until the
//! transaction ends. The current version is not kept here: it is the greatest
//! in the log, so there is nothing to undo at a savepoint and no row that is
//! rewritten event by event.

use super::settings::Log;
use crate::pg::Datum;
use crate::pg::cache::LOCKED_HEADS;
use crate::pg::index::{Lock, Relation};
use crate::pg::unique::{self, Outcome};

/// Locks the head of an aggregate to the end of the transaction, and makes it if
/// the aggregate is new.
pub fn lock(log: &Log, aggregate_id: Datum, aggregate: &[u8]) {
    if LOCKED_HEADS.with(|heads| heads.contains(log.heads.table, aggregate)) {
        return;
    }
    let heads = Relation::open(log.heads.table, Lock::Write);
    while !unique::lock(&heads, log.heads.index, unique::Key::Text, aggregate_id) {
        let mut row = [aggregate_id, Datum::from(0i64), Datum::from(log.segment)];
        // A head made by this transaction is locked by being its own.
        if let Outcome::Inserted =
            unique::insert(&heads, log.heads.index, unique::Key::Text, &mut row, true)
        {
            break;
        }
    }
    LOCKED_HEADS.with(|heads| heads.insert(log.heads.table, aggregate));
}
