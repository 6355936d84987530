//! The lives of segments: where they are, who must end before they go on, and
//! moving them on.

use super::segments::state;
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::{Platform, Settings};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::ledger::Ledgers;
use pganalytics_core::segment::{Segment, State};

/// The segments of an event table whose life goes on, and whether the active one
/// is to roll.
pub struct Lives {
    pub segments: Vec<Segment>,
    pub relations: Vec<Oid>,
    pub due: bool,
}

impl Lives {
    /// The relation of a segment.
    pub fn relation(&self, number: i32) -> Option<Oid> {
        let place = self.segments.iter().position(|s| s.number == number)?;
        Some(self.relations[place])
    }
}

/// A holder that is gone by now no longer counts. A prepared transaction that has
/// survived a restart goes by another id since (-1/…), and may be one of them. A
/// segment that its owner has dropped or detached has no life.
pub fn of(event_table: i32) -> Lives {
    let _platform = Platform::act();
    let rows = spi::run(
        "SELECT s.number, s.relation::oid, s.state, s.rows IS NOT NULL, \
             s.first_occurred_at IS NULL OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = s.relation AND k.conname = $2), \
             CASE WHEN s.holders = '{}' THEN 0 WHEN s.holders IS NOT NULL THEN \
                 (SELECT count(DISTINCT l.virtualtransaction) FROM pg_locks l \
                  WHERE (l.virtualtransaction = ANY (s.holders) OR l.virtualtransaction LIKE '-1/%') \
                     AND l.locktype = 'relation' AND l.granted \
                     AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
                     AND l.relation = CASE s.state WHEN 'shut' THEN s.relation ELSE t.relation END) END, \
             CASE s.state WHEN 'active' THEN s.roll_requested \
                 OR (pg_relation_size(s.relation) > 0 \
                     AND (clock_timestamp() >= s.active_since + t.segment_interval \
                          OR pg_table_size(s.relation) >= t.segment_size)) END \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.id = $1 AND s.state <> 'frozen' \
           AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = s.relation AND i.inhparent = t.relation) \
         ORDER BY s.number",
        vec![Arg::Int(event_table), Arg::Text(BOUNDS)],
        Under::Fresh,
    );
    Lives {
        segments: rows
            .iter()
            .map(|row| Segment {
                number: row.number(0),
                state: state(row, 2),
                holders: row.text(5).map(|_| row.number(5)),
                measured: row.known(3) == "t",
                constrained: row.known(4) == "t",
            })
            .collect(),
        relations: rows.iter().map(|row| row.oid(1)).collect(),
        due: rows.iter().any(|row| row.text(6) == Some("t")),
    }
}

/// The segments of an event table that events can still go into, or that have some
/// which are not committed.
pub fn open(event_table: i32) -> Vec<Oid> {
    let _platform = Platform::act();
    spi::run(
        "SELECT s.relation::oid FROM pganalytics_data.segment s \
         JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         JOIN pg_inherits i ON i.inhrelid = s.relation AND i.inhparent = t.relation \
         WHERE t.id = $1 AND s.state IN ('spare', 'active', 'closing', 'shut') ORDER BY s.number",
        vec![Arg::Int(event_table)],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.oid(0))
    .collect()
}

/// Notes the transactions that hold `locked`, a segment or its event table, so
/// that they can write to it, those that are prepared included. A transaction
/// that locks it later learns at that moment what has been committed.
pub fn note_holders(segment: Oid, locked: Oid) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.segment SET holders = ARRAY( \
             SELECT DISTINCT l.virtualtransaction FROM pg_locks l \
             WHERE l.locktype = 'relation' AND l.relation = $2 AND l.granted \
               AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
               AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) \
         WHERE relation = $1",
        vec![Arg::Oid(segment), Arg::Oid(locked)],
        Under::Fresh,
    );
}

/// Moves a segment on to a state, and tells every backend. It is closed for good
/// when it is sealed: ids have been entered into its ledger until then.
pub fn set_state(root: Oid, segment: Oid, state: State) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.segment SET state = $2, holders = NULL, roll_requested = false, \
             active_since = CASE $2 WHEN 'active' THEN clock_timestamp() ELSE active_since END, \
             closed_at = CASE $2 WHEN 'sealed' THEN clock_timestamp() ELSE closed_at END \
         WHERE relation = $1",
        vec![Arg::Oid(segment), Arg::Text(&state.to_string())],
        Under::Fresh,
    );
    invalidate(root);
}

/// Has the active segment of an event table close, also if its owner has taken it away.
/// Another has to become active at once.
pub fn close_active(event_table: i32) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.segment SET state = 'closing', holders = NULL, roll_requested = false, \
             closed_at = clock_timestamp() WHERE event_table = $1 AND state = 'active'",
        vec![Arg::Int(event_table)],
        Under::Fresh,
    );
}

/// Has the active segment of an event table roll at the next maintenance.
pub fn request_roll(event_table: Oid) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.segment s SET roll_requested = true \
         FROM pganalytics_data.event_table t \
         WHERE t.id = s.event_table AND t.relation = $1 AND s.state = 'active'",
        vec![Arg::Oid(event_table)],
        Under::Fresh,
    );
}

/// Enters a new segment, in place of a spare that its owner has taken away, and tells
/// every backend that the event table changed.
pub fn register(
    event_table: i32,
    root: Oid,
    number: i32,
    state: State,
    segment: Oid,
    ledgers: Ledgers<Oid>,
) {
    let _platform = Platform::act();
    spi::run(
        "INSERT INTO pganalytics_data.segment \
             (relation, event_table, number, state, ledger, next_ledger, past_ledger, active_since) \
         VALUES ($1::regclass, $2, $3, $4, nullif($5, 0::oid)::regclass, nullif($6, 0::oid)::regclass, \
                 nullif($7, 0::oid)::regclass, CASE $4 WHEN 'active' THEN clock_timestamp() END) \
         ON CONFLICT (event_table, number) DO UPDATE SET relation = excluded.relation, holders = NULL",
        vec![
            Arg::Oid(segment),
            Arg::Int(event_table),
            Arg::Int(number),
            Arg::Text(&state.to_string()),
            Arg::Oid(ledgers.ledger.unwrap_or(Oid::INVALID)),
            Arg::Oid(ledgers.next.unwrap_or(Oid::INVALID)),
            Arg::Oid(ledgers.past.unwrap_or(Oid::INVALID)),
        ],
        Under::Fresh,
    );
    invalidate(root);
}

/// The name of the CHECK on the times of a sealed segment.
pub const BOUNDS: &str = "pganalytics_bounds";

/// First and last time of a segment that has been counted, `None` if it is empty.
pub fn times(segment: Oid) -> Option<(String, String)> {
    let _platform = Platform::act();
    let _settings = Settings::pin([("DateStyle", "ISO"), ("TimeZone", "UTC")]);
    let row = spi::latest(
        "SELECT first_occurred_at, last_occurred_at FROM pganalytics_data.segment WHERE relation = $1",
        vec![Arg::Oid(segment)],
    )?;
    Some((row.text(0)?.into(), row.text(1)?.into()))
}

/// Forgets the segments of an event table that its owner has dropped, and returns
/// their numbers.
pub fn forget_dropped(event_table: i32) -> Vec<i32> {
    let _platform = Platform::act();
    spi::run(
        "DELETE FROM pganalytics_data.segment s WHERE event_table = $1 \
         AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = s.relation) RETURNING number",
        vec![Arg::Int(event_table)],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.number(0))
    .collect()
}

/// What a sealed segment holds.
pub struct Measures {
    pub rows: i64,
    /// First and last position, first and last time, greatest txid, as text: none
    /// if there are no rows, and no times if the owner lets them be NULL.
    pub ranges: [Option<String>; 5],
}

/// Notes what a sealed segment holds.
pub fn set_measures(segment: Oid, measures: &Measures) {
    let _platform = Platform::act();
    let range = |place: usize| measures.ranges[place].as_deref();
    spi::run(
        "UPDATE pganalytics_data.segment SET rows = $2, first_position = $3::bigint, last_position = $4::bigint, \
             first_occurred_at = $5::timestamptz, last_occurred_at = $6::timestamptz, \
             last_txid = coalesce($7, '0')::xid8 WHERE relation = $1",
        vec![
            Arg::Oid(segment),
            Arg::Big(measures.rows),
            Arg::OptionalText(range(0)),
            Arg::OptionalText(range(1)),
            Arg::OptionalText(range(2)),
            Arg::OptionalText(range(3)),
            Arg::OptionalText(range(4)),
        ],
        Under::Fresh,
    );
}
