//! The ledgers of segments.

use super::segments::ledgers;
use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::ledger::{Ages, Ledgers};

/// The ledgers of a segment, and what decides about those of the next.
pub fn of_segment(event_table: i32, number: i32) -> (Ledgers<Oid>, Ages) {
    let _platform = Platform::act();
    let rows = spi::run(
        "SELECT s.ledger::oid, s.next_ledger::oid, s.past_ledger::oid, \
             w.dedup_window IS DISTINCT FROM interval '0', \
             coalesce((SELECT min(u.active_since) FROM pganalytics_data.segment u \
                       WHERE u.event_table = t.id AND s.ledger IN (u.ledger, u.next_ledger)) \
                 + w.dedup_window <= clock_timestamp(), false), \
             coalesce((SELECT max(coalesce(u.closed_at, 'infinity')) FROM pganalytics_data.segment u \
                       WHERE u.event_table = t.id AND u.ledger = s.past_ledger AND u.next_ledger IS NULL) \
                 + w.dedup_window <= clock_timestamp(), false) \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table, \
              LATERAL (SELECT coalesce(t.dedup_window, t.retention) AS dedup_window) w \
         WHERE t.id = $1 AND s.number = $2",
        vec![Arg::Int(event_table), Arg::Int(number)],
        Under::Fresh,
    );
    let none = Ledgers {
        ledger: None,
        next: None,
        past: None,
    };
    let yes = |column| rows.first().is_some_and(|row| row.known(column) == "t");
    let ages = Ages {
        deduplicates: yes(3),
        turn_is_due: yes(4),
        past_has_expired: yes(5),
    };
    (rows.first().map_or(none, |row| ledgers(row, 0)), ages)
}

/// The ledgers of a segment, if the catalog knows it.
pub fn known(event_table: i32, number: i32) -> Option<Ledgers<Oid>> {
    let _platform = Platform::act();
    let rows = spi::run(
        "SELECT ledger::oid, next_ledger::oid, past_ledger::oid FROM pganalytics_data.segment \
         WHERE event_table = $1 AND number = $2",
        vec![Arg::Int(event_table), Arg::Int(number)],
        Under::Fresh,
    );
    rows.first().map(|row| ledgers(row, 0))
}

/// Takes the ledgers that no segment uses from the catalog, for them to be dropped.
/// A segment that is sealed enters nothing any more, and probes nothing.
pub fn forget_unused(event_table: i32) -> Vec<Oid> {
    let _platform = Platform::act();
    spi::run(
        "WITH named AS ( \
             SELECT l AS ledger, bool_and(s.state IN ('sealed', 'bounded', 'frozen')) AS unused \
             FROM pganalytics_data.segment s, unnest(ARRAY[s.ledger, s.next_ledger, s.past_ledger]) AS l \
             WHERE s.event_table = $1 AND l IS NOT NULL GROUP BY l), \
         forgotten AS ( \
             UPDATE pganalytics_data.segment s SET \
                 ledger = CASE WHEN s.ledger NOT IN (SELECT ledger FROM named WHERE unused) THEN s.ledger END, \
                 next_ledger = CASE WHEN s.next_ledger NOT IN (SELECT ledger FROM named WHERE unused) THEN s.next_ledger END, \
                 past_ledger = CASE WHEN s.past_ledger NOT IN (SELECT ledger FROM named WHERE unused) THEN s.past_ledger END \
             WHERE s.event_table = $1 AND EXISTS ( \
                 SELECT FROM named WHERE unused AND named.ledger IN (s.ledger, s.next_ledger, s.past_ledger))) \
         SELECT ledger::oid FROM named WHERE unused",
        vec![Arg::Int(event_table)],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.oid(0))
    .collect()
}
