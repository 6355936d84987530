//! Segments: which there are, and what they hold.

use super::names;
use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::error::Error;
use pganalytics_core::ledger::Ledgers;
use pganalytics_core::segment::State;

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

pub(super) fn state(row: &Row, column: usize) -> State {
    let parsed = row.known(column).parse();
    parsed.unwrap_or_else(|e| pgrx::error!("{e}"))
}

pub(super) fn ledgers(row: &Row, first: usize) -> Ledgers<Oid> {
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

/// A segment that may hold events of a tail.
pub struct Holding {
    pub number: i32,
    pub relation: Oid,
    /// The first and last position in it, once it has been counted.
    positions: Option<(i64, i64)>,
}

impl Holding {
    /// Whether it can hold events from one position to the other.
    pub fn may_hold_positions(&self, first: i64, last: i64) -> bool {
        self.positions
            .is_none_or(|(begin, end)| begin <= last && end >= first)
    }
}

/// Those that may hold events of transactions from `txid` on. They are looked up
/// as last committed, whatever the snapshot in use: a transaction that keeps an
/// old one may have appended to a segment younger than that.
pub fn with_txid_from(event_table: Oid, txid: u64) -> Vec<Holding> {
    let _platform = Platform::act();
    spi::run_kept(
        "SELECT s.number, s.relation::oid, s.first_position, s.last_position \
         FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         WHERE t.relation = $1 AND (s.last_txid IS NULL OR s.last_txid >= $2::xid8) \
         ORDER BY s.number",
        vec![Arg::Oid(event_table), Arg::Text(&txid.to_string())],
        Under::Latest,
    )
    .iter()
    .map(|row| Holding {
        number: row.number(0),
        relation: row.oid(1),
        positions: row.text(2).map(|_| (row.number(2), row.number(3))),
    })
    .collect()
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
