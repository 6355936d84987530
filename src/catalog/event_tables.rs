//! Event tables and their options.

use super::{entries, names, watermarks};
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::index::Relation;
use crate::pg::security::{Platform, has_rights_of};
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::error::Error;
use pganalytics_core::sql::ident;
use pgrx::datum::Interval;

/// An event table, for its maintenance.
pub struct EventTable {
    pub id: i32,
    pub root: Oid,
    pub position_sequence: Oid,
    /// As it is shown in messages.
    pub name: String,
    pub owner: Oid,
    /// What holds up its maintenance.
    pub last_error: Option<String>,
}

const SELECT: &str = "SELECT t.id, t.relation::oid, t.relation, c.relowner, t.position_sequence::oid, t.last_error \
     FROM pganalytics_data.event_table t JOIN pg_class c ON c.oid = t.relation";

fn event_table(row: &Row) -> EventTable {
    EventTable {
        id: row.number(0),
        root: row.oid(1),
        name: row.known(2).into(),
        owner: row.oid(3),
        position_sequence: row.oid(4),
        last_error: row.text(5).map(ToOwned::to_owned),
    }
}

/// All event tables, as last committed.
pub fn all() -> Vec<EventTable> {
    let _platform = Platform::act();
    let sql = format!("{SELECT} ORDER BY t.id");
    let rows = spi::run(&sql, vec![], Under::Latest);
    rows.iter().map(event_table).collect()
}

/// The event table, locked until the transaction ends against everybody else who
/// maintains it, and against DROP; `None` if it has been dropped.
pub fn lock(id: i32) -> Option<EventTable> {
    lock_where("t.id = $1", Arg::Int(id))
}

/// The same by its relation.
pub fn lock_relation(relation: Oid) -> Option<EventTable> {
    lock_where("t.relation = $1", Arg::Oid(relation))
}

fn lock_where(condition: &str, key: Arg) -> Option<EventTable> {
    let _platform = Platform::act();
    let sql = format!("{SELECT} WHERE {condition} FOR NO KEY UPDATE OF t");
    let rows = spi::run(&sql, vec![key], Under::Fresh);
    let table = rows.first().map(event_table)?;
    Relation::open_if_there(table.root).map(|_| table)
}

/// The event table that a user names and may change.
pub fn owned(relation: Oid) -> Result<EventTable, Error> {
    let table = {
        let _platform = Platform::act();
        spi::latest(
            &format!("{SELECT} WHERE t.relation = $1"),
            vec![Arg::Oid(relation)],
        )
        .as_ref()
        .map(event_table)
    };
    let table = table.ok_or_else(|| Error::UnknownEventTable {
        name: names::shown(relation),
    })?;
    if has_rights_of(table.owner) {
        Ok(table)
    } else {
        Err(Error::NotOwner {
            kind: "event table",
            name: names::shown(relation),
        })
    }
}

/// Changes an option, which exists and whose value is right.
pub fn set_option(table: &EventTable, option: &str, value: Option<&str>) {
    let _platform = Platform::act();
    let of_type = match option {
        "versions" => "$2",
        "segment_size" => "pg_size_bytes($2)",
        _ => "$2::interval",
    };
    spi::run(
        &format!(
            "UPDATE pganalytics_data.event_table SET {} = {of_type} WHERE id = $1",
            ident(option)
        ),
        vec![Arg::Int(table.id), Arg::OptionalText(value)],
        Under::Fresh,
    );
    invalidate(table.root);
}

/// Notes what holds up the maintenance of an event table, or (`None`) that it works.
pub fn note_error(id: i32, error: Option<&str>) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.event_table SET last_error = $2 \
         WHERE id = $1 AND last_error IS DISTINCT FROM $2",
        vec![Arg::Int(id), Arg::OptionalText(error)],
        Under::Fresh,
    );
}

/// A position beyond which no event lies that a snapshot taken before sees.
pub fn last_position(relation: Oid) -> i64 {
    let _platform = Platform::act();
    let row = spi::latest(
        "SELECT coalesce(pg_sequence_last_value(position_sequence), 0) \
         FROM pganalytics_data.event_table WHERE relation = $1",
        vec![Arg::Oid(relation)],
    );
    row.map_or(0, |row| row.number(0))
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

/// The options of a new event table, in their ranges.
pub struct Options<'a> {
    pub versions: &'a str,
    pub dedup_window: Option<Interval>,
    pub segment_interval: Interval,
    pub retention: Option<Interval>,
    /// As `pg_size_bytes` reads it.
    pub segment_size: Option<&'a str>,
    pub allowed_lateness: Option<Interval>,
}

/// Waits for whoever else is changing what all event tables share, and keeps others
/// from it until the transaction ends. Readers and writers wait for nobody.
pub fn one_at_a_time() {
    spi::execute("LOCK TABLE pganalytics_data.event_table IN SHARE UPDATE EXCLUSIVE MODE");
}

/// A number for a new event table.
pub fn next_id() -> i32 {
    entries::next_number("event_table_id", 1)
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
             AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation) RETURNING id, heads), \
         forgotten AS (DELETE FROM pganalytics_data.segment s USING gone WHERE s.event_table = gone.id), \
         unmarked AS (DELETE FROM pganalytics_data.watermark w USING gone WHERE w.event_table = gone.id), \
         unreported AS (DELETE FROM pganalytics_data.duplicate d USING gone WHERE d.event_table = gone.id) \
         SELECT heads::oid FROM gone UNION \
         SELECT l::oid FROM gone JOIN pganalytics_data.segment s ON s.event_table = gone.id, \
             unnest(ARRAY[s.ledger, s.next_ledger, s.past_ledger]) AS l WHERE l IS NOT NULL",
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
             versions, dedup_window, segment_interval, retention, segment_size, allowed_lateness) \
         VALUES ($1, $2::regclass, $3::regclass, $4::regclass, $5, $6, $7, $8, pg_size_bytes($9), $10)",
        vec![
            Arg::Int(id),
            Arg::Oid(relation),
            Arg::Oid(sequence),
            Arg::Oid(heads),
            Arg::Text(options.versions),
            Arg::Interval(options.dedup_window),
            Arg::Interval(Some(options.segment_interval)),
            Arg::Interval(options.retention),
            Arg::OptionalText(options.segment_size),
            Arg::Interval(options.allowed_lateness),
        ],
        Under::Fresh,
    );
    watermarks::register(id);
}
