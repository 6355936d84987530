//! Event tables and their segments.

use super::{entries, names};
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::error::Error;
use pgrx::datum::Interval;

/// An event table as seen from one of its segments.
pub struct OfSegment {
    pub root: Oid,
    pub name: String,
    pub versions: String,
    pub segment: i32,
    pub active_segment: i32,
    pub position_sequence: Oid,
    pub heads: Oid,
    /// `None`: the table does not deduplicate.
    pub ledger: Option<Oid>,
}

/// What a segment's trigger needs to know.
pub fn of_segment(segment: Oid) -> Result<OfSegment, Error> {
    let _platform = Platform::act();
    let row = spi::latest(
        "SELECT t.relation::oid, (SELECT c.relname FROM pg_class c WHERE c.oid = t.relation), t.versions, \
                s.number, t.active_segment, t.position_sequence::oid, t.heads::oid, s.ledger::oid \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE s.relation = $1",
        vec![Arg::Oid(segment)],
    )
    .ok_or_else(|| Error::UnknownEventTable { name: names::shown(segment) })?;
    Ok(OfSegment {
        root: row.oid(0),
        name: row.known(1).into(),
        versions: row.known(2).into(),
        segment: row.number(3),
        active_segment: row.number(4),
        position_sequence: row.oid(5),
        heads: row.oid(6),
        ledger: row.text(7).map(|_| row.oid(7)),
    })
}

/// The event table of a position sequence, and its active segment.
pub fn active_segment(sequence: Oid) -> Result<(Vec<Oid>, i32), Error> {
    let _platform = Platform::act();
    spi::latest(
        "SELECT relation::oid, active_segment FROM pganalytics_data.event_table WHERE position_sequence = $1",
        vec![Arg::Oid(sequence)],
    )
    .map(|row| (vec![row.oid(0)], row.number(1)))
    .ok_or_else(|| Error::UnregisteredLog { sequence: names::shown(sequence) })
}

/// A segment that may hold a tail.
pub struct Segment {
    pub number: i32,
    pub relation: Oid,
}

/// The segments of an event table.
pub fn segments(event_table: Oid, under: Under) -> Vec<Segment> {
    let _platform = Platform::act();
    spi::run_kept(
        "SELECT s.number, s.relation::oid \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.relation = $1 AND s.number <= t.active_segment ORDER BY s.number",
        vec![Arg::Oid(event_table)],
        under,
    )
    .iter()
    .map(|row| Segment { number: row.number(0), relation: row.oid(1) })
    .collect()
}

/// Whether `relation` is an event table.
pub fn exists(relation: Oid) -> bool {
    let _platform = Platform::act();
    spi::latest(
        "SELECT 1 FROM pganalytics_data.event_table WHERE relation = $1",
        vec![Arg::Oid(relation)],
    )
    .is_some()
}

/// The options of `create_event_table`, checked by the catalog's constraints.
pub struct Options<'a> {
    pub versions: &'a str,
    pub dedup_window: Option<Interval>,
    pub segment_interval: Interval,
    pub retention: Option<Interval>,
}

/// A number for a new event table.
pub fn next_id() -> i32 {
    entries::next_number("event_table_id")
}

/// The event tables whose table is gone.
pub fn leftovers() -> Vec<i32> {
    entries::leftovers("event_table")
}

/// Removes the entry of one of them, and what is left of it (after a restore,
/// which knows no dependencies of ours).
pub fn sweep(leftover: i32) {
    let _platform = Platform::act();
    let gone = spi::run(
        "WITH gone AS (DELETE FROM pganalytics_data.event_table t WHERE id = $1 \
             AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation) RETURNING id, heads) \
         SELECT heads::oid FROM gone UNION \
         SELECT s.ledger::oid FROM gone JOIN pganalytics_data.segment s ON s.event_table = gone.id \
         WHERE s.ledger IS NOT NULL",
        vec![Arg::Int(leftover)],
        Under::Fresh,
    );
    for row in gone {
        entries::drop_leftover("TABLE", row.oid(0));
    }
}

/// Enters a new event table.
pub fn register(id: i32, relation: Oid, sequence: Oid, heads: Oid, options: Options) {
    spi::run(
        "INSERT INTO pganalytics_data.event_table (id, relation, position_sequence, heads, \
             versions, dedup_window, segment_interval, retention, active_segment) \
         VALUES ($1, $2::regclass, $3::regclass, $4::regclass, $5, $6, $7, $8, 1)",
        vec![
            Arg::Int(id),
            Arg::Oid(relation),
            Arg::Oid(sequence),
            Arg::Oid(heads),
            Arg::Text(options.versions),
            Arg::Interval(options.dedup_window),
            Arg::Interval(Some(options.segment_interval)),
            Arg::Interval(options.retention),
        ],
        Under::Fresh,
    );
}

/// Enters a new segment, whose ids go into `ledger`, and tells every backend that
/// the event table changed.
pub fn register_segment(id: i32, root: Oid, number: i32, segment: Oid, ledger: Option<Oid>) {
    spi::run(
        "INSERT INTO pganalytics_data.segment (relation, event_table, number, ledger) \
         VALUES ($1::regclass, $2, $3, nullif($4, 0::oid)::regclass)",
        vec![
            Arg::Oid(segment),
            Arg::Int(id),
            Arg::Int(number),
            Arg::Oid(ledger.unwrap_or(Oid::INVALID)),
        ],
        Under::Fresh,
    );
    invalidate(root);
}
