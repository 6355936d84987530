//! Segments: where they are in their lives, and who must end before they go on.

use super::names;
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::{Platform, Settings};
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::error::Error;
use pganalytics_core::ledger::{Ages, Ledgers};
use pganalytics_core::segment::{Segment, State};

/// An event table as seen from one of its segments.
pub struct OfSegment {
    pub id: i32,
    pub root: Oid,
    pub name: String,
    pub versions: String,
    pub number: i32,
    pub state: State,
    pub active: i32,
    pub position_sequence: Oid,
    pub heads: Oid,
    pub ledgers: Ledgers<Oid>,
}

/// What a segment's trigger needs to know.
pub fn of_segment(segment: Oid) -> Result<OfSegment, Error> {
    let _platform = Platform::act();
    let row = spi::latest(
        "SELECT t.id, t.relation::oid, (SELECT c.relname FROM pg_class c WHERE c.oid = t.relation), t.versions, \
                s.number, s.state, a.number, t.position_sequence::oid, t.heads::oid, \
                s.ledger::oid, s.next_ledger::oid, s.past_ledger::oid \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         JOIN pganalytics_data.segment a ON a.event_table = t.id AND a.state = 'active' \
         WHERE s.relation = $1",
        vec![Arg::Oid(segment)],
    )
    .ok_or_else(|| Error::UnknownEventTable { name: names::shown(segment) })?;
    Ok(OfSegment {
        id: row.number(0),
        root: row.oid(1),
        name: row.known(2).into(),
        versions: row.known(3).into(),
        number: row.number(4),
        state: state(&row, 5),
        active: row.number(6),
        position_sequence: row.oid(7),
        heads: row.oid(8),
        ledgers: ledgers(&row, 9),
    })
}

fn state(row: &Row, column: usize) -> State {
    let parsed = row.known(column).parse();
    parsed.unwrap_or_else(|e| pgrx::error!("{e}"))
}

fn ledgers(row: &Row, first: usize) -> Ledgers<Oid> {
    let ledger = |column| row.text(column).map(|_| row.oid(column));
    Ledgers {
        ledger: ledger(first),
        next: ledger(first + 1),
        past: ledger(first + 2),
    }
}

/// The event table of a position sequence, and its active segment.
pub fn active(sequence: Oid) -> Result<(Vec<Oid>, i32), Error> {
    let _platform = Platform::act();
    spi::latest(
        "SELECT t.relation::oid, s.number FROM pganalytics_data.event_table t \
         JOIN pganalytics_data.segment s ON s.event_table = t.id AND s.state = 'active' \
         WHERE t.position_sequence = $1",
        vec![Arg::Oid(sequence)],
    )
    .map(|row| (vec![row.oid(0)], row.number(1)))
    .ok_or_else(|| Error::UnregisteredLog {
        sequence: names::shown(sequence),
    })
}

/// The number and relation of a segment.
pub struct Numbered {
    pub number: i32,
    pub relation: Oid,
}

/// The segments of an event table.
pub struct Attached {
    all: Vec<Numbered>,
    active: i32,
}

impl Attached {
    /// The relation of a segment, unless it is the spare or there is none.
    pub fn up_to_active(&self, number: i32) -> Option<Oid> {
        let segment = self.all.iter().find(|segment| segment.number == number)?;
        (number <= self.active).then_some(segment.relation)
    }

    /// All of them, the spare included.
    pub fn all(&self) -> impl Iterator<Item = &Numbered> {
        self.all.iter()
    }

    /// Those that can hold events, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Numbered> {
        let taking = self.all.iter().filter(|s| s.number <= self.active);
        taking.rev()
    }
}

/// The segments of an event table, as last committed.
pub fn attached(event_table: Oid) -> Attached {
    let _platform = Platform::act();
    let rows = spi::run_kept(
        "SELECT s.number, s.relation::oid, s.state = 'active' FROM pganalytics_data.segment s \
         JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         JOIN pg_class c ON c.oid = s.relation WHERE t.relation = $1 ORDER BY s.number",
        vec![Arg::Oid(event_table)],
        Under::Latest,
    );
    let active = rows.iter().find(|row| row.known(2) == "t");
    Attached {
        active: active.map_or(0, |row| row.number(0)),
        all: numbered(&rows),
    }
}

fn numbered(rows: &[Row]) -> Vec<Numbered> {
    let numbered = |row: &Row| Numbered {
        number: row.number(0),
        relation: row.oid(1),
    };
    rows.iter().map(numbered).collect()
}

/// Those that may hold events of transactions from `txid` on. They are looked up
/// as last committed, whatever the snapshot in use: a transaction that keeps an
/// old one may have appended to a segment younger than that.
pub fn with_txid_from(event_table: Oid, txid: u64) -> Vec<Numbered> {
    let _platform = Platform::act();
    numbered(&spi::run_kept(
        "SELECT s.number, s.relation::oid \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.relation = $1 AND (s.last_txid IS NULL OR s.last_txid >= $2::xid8) \
         ORDER BY s.number",
        vec![Arg::Oid(event_table), Arg::Text(&txid.to_string())],
        Under::Latest,
    ))
}

/// Those that can hold the event at a position, the newest first.
pub fn around(event_table: Oid, position: i64) -> Vec<Numbered> {
    let _platform = Platform::act();
    numbered(&spi::run_kept(
        "SELECT s.number, s.relation::oid FROM pganalytics_data.segment s \
         JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.relation = $1 AND s.state <> 'spare' \
           AND (s.rows IS NULL OR $2 BETWEEN s.first_position AND s.last_position) ORDER BY s.number DESC",
        vec![Arg::Oid(event_table), Arg::Big(position)],
        Under::Latest,
    ))
}

/// A segment and the time of its last event, in microseconds since 2000-01-01 UTC;
/// `None`: not counted yet. That of an empty one is before all others.
pub struct Span {
    pub number: i32,
    pub last: Option<i64>,
}

/// The spans of all segments of an event table, in the order of their numbers.
pub fn spans(event_table: Oid) -> Vec<Span> {
    let _platform = Platform::act();
    spi::read_kept(
        "SELECT s.number, CASE WHEN s.rows IS NOT NULL THEN coalesce(s.last_occurred_at, '-infinity') END \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.relation = $1 ORDER BY s.number",
        vec![Arg::Oid(event_table)],
        Under::Latest,
        |row| Span {
            number: row.value(0).map_or(0, |datum| datum.value() as i32),
            last: row.value(1).map(|datum| datum.value() as i64),
        },
    )
}

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
pub fn lives(event_table: i32) -> Lives {
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

/// The ledgers of a segment, and what decides about those of the next.
pub fn ledgers_of(event_table: i32, number: i32) -> (Ledgers<Oid>, Ages) {
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
pub fn known_ledgers(event_table: i32, number: i32) -> Option<Ledgers<Oid>> {
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
pub fn forget_unused_ledgers(event_table: i32) -> Vec<Oid> {
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
