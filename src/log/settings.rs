//! What an append needs to know of the segment it goes to, looked up once per
//! backend and segment and forgotten when the event table changes.

use super::keyed::Keyed;
use crate::catalog;
use crate::catalog::names::{ColumnType, Uniqueness, column_of, columns_of, index_on, shown};
use crate::pg::cache::RelationCache;
use crate::pg::index::{Relation, greatest_version};
use crate::pg::{Datum, Oid};
use crate::worker;
use pganalytics_core::error::Error;
use pganalytics_core::ledger::Ledgers;
use pganalytics_core::segment::State;
use pganalytics_core::version::Versions;
use std::rc::Rc;

thread_local! {
    /// By segment relation.
    pub(super) static LOGS: RelationCache<Log> =
        RelationCache::new(|relation| LOGS.with(|cache| cache.forget(relation)));
    /// Indexes (aggregate_id, version) by segment relation.
    pub(super) static VERSION_INDEXES: RelationCache<ByVersion> =
        RelationCache::new(|relation| VERSION_INDEXES.with(|cache| cache.forget(relation)));
}

/// The numbers of the columns that the trigger reads and writes.
pub struct Columns {
    pub event_id: i16,
    pub event_type: i16,
    pub aggregate_id: i16,
    pub version: i16,
    pub payload: i16,
    pub recorded_at: i16,
    pub position: i16,
    pub txid: i16,
}

/// An index (aggregate_id, version) and the column it leads to.
#[derive(Clone, Copy)]
pub struct ByVersion {
    pub index: Oid,
    column: i16,
}

impl ByVersion {
    /// See [`greatest_version`]; `index` is this one, open.
    pub fn greatest(
        self,
        segment: &Relation,
        index: &Relation,
        aggregate_id: Datum,
        at_least: i64,
    ) -> Option<i64> {
        greatest_version(segment, index, self.column, aggregate_id, at_least)
    }
}

/// That of a segment.
pub(super) fn version_index(segment: Oid) -> Result<(Vec<Oid>, ByVersion), Error> {
    let index = index_on(segment, &["aggregate_id", "version"], Uniqueness::Unique)?;
    let column = column_of(segment, || shown(segment), "version", ColumnType::Bigint)?;
    Ok((vec![segment, index], ByVersion { index, column }))
}

/// An event table as seen from one of its segments.
pub struct Log {
    pub event_table: i32,
    pub root: Oid,
    /// The name of the event table, for messages.
    pub name: String,
    pub versions: Versions,
    /// The segment.
    pub relation: Oid,
    /// Its number.
    pub number: i32,
    pub state: State,
    /// The number of the active segment.
    pub active: i32,
    pub position_sequence: Oid,
    pub heads: Keyed,
    pub ledgers: Ledgers<Keyed>,
    pub by_version: ByVersion,
    pub columns: Columns,
}

impl Log {
    /// The log that `segment` belongs to.
    pub fn of_segment(segment: Oid) -> Result<Rc<Self>, Error> {
        LOGS.with(|logs| logs.get_or_make(segment, || load(segment)))
    }

    /// The refusal of an event that does not belong into the segment.
    pub fn not_active(&self) -> Error {
        Error::SegmentNotActive {
            table: self.name.clone(),
            given: self.number,
            active: self.active,
        }
    }
}

/// The columns that an append sets or reads, and what folds and segments read.
pub const NEEDED: [(&str, ColumnType); 9] = [
    ("event_id", ColumnType::Uuid),
    ("event_type", ColumnType::Text),
    ("aggregate_id", ColumnType::Text),
    ("version", ColumnType::Bigint),
    ("payload", ColumnType::Jsonb),
    ("recorded_at", ColumnType::Timestamptz),
    ("position", ColumnType::Bigint),
    ("txid", ColumnType::Xid8),
    ("occurred_at", ColumnType::Timestamptz),
];

/// Those of a segment of the event table `name`.
fn columns(segment: Oid, name: &str) -> Result<Columns, Error> {
    let [
        event_id,
        event_type,
        aggregate_id,
        version,
        payload,
        recorded_at,
        position,
        txid,
        // Only read when the segment is sealed, but then it is too late to say so.
        _,
    ] = columns_of(segment, || name.to_owned(), NEEDED)?;
    Ok(Columns {
        event_id,
        event_type,
        aggregate_id,
        version,
        payload,
        recorded_at,
        position,
        txid,
    })
}

fn load(segment: Oid) -> Result<(Vec<Oid>, Log), Error> {
    worker::ensure_started();
    let row = catalog::segments::of_segment(segment)?;
    let columns = columns(segment, &row.name)?;
    let ledger = |ledger: Option<Oid>| ledger.map(|l| Keyed::of(l, "event_id")).transpose();
    let log = Log {
        event_table: row.id,
        root: row.root,
        versions: Versions::parse(&row.versions)?,
        relation: segment,
        number: row.number,
        state: row.state,
        active: row.active,
        position_sequence: row.position_sequence,
        heads: Keyed::of(row.heads, "aggregate_id")?,
        ledgers: Ledgers {
            ledger: ledger(row.ledgers.ledger)?,
            next: ledger(row.ledgers.next)?,
            past: ledger(row.ledgers.past)?,
        },
        by_version: version_index(segment)?.1,
        columns,
        name: row.name,
    };
    let Ledgers { ledger, next, past } = log.ledgers;
    let keyed = [Some(log.heads), ledger, next, past].into_iter().flatten();
    let mut relations = vec![log.root, log.by_version.index];
    relations.extend(keyed.flat_map(|keyed| [keyed.table, keyed.index]));
    Ok((relations, log))
}
