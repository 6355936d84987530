//! What an append needs to know of the segment it goes to, looked up once per
//! backend and segment and forgotten when the event table changes.

use crate::catalog;
use crate::catalog::names::{ColumnType, Uniqueness, column_of, index_on};
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::worker;
use pganalytics_core::error::Error;
use pganalytics_core::version::Versions;
use std::rc::Rc;

thread_local! {
    /// By segment relation.
    pub(super) static LOGS: RelationCache<Log> =
        RelationCache::new(|relation| LOGS.with(|cache| cache.forget(relation)));
    /// The active segment by position sequence.
    pub(super) static LOG_OF_SEQUENCE: RelationCache<i32> =
        RelationCache::new(|relation| LOG_OF_SEQUENCE.with(|cache| cache.forget(relation)));
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

/// A relation and the one index of it that the trigger uses.
#[derive(Clone, Copy)]
pub struct Keyed {
    pub table: Oid,
    pub index: Oid,
}

impl Keyed {
    fn of(table: Oid, key: &str) -> Result<Self, Error> {
        Ok(Self {
            table,
            index: index_on(table, &[key], Uniqueness::Unique)?,
        })
    }
}

/// An event table as seen from one of its segments.
pub struct Log {
    /// The name of the event table, for messages.
    pub name: String,
    pub versions: Versions,
    pub segment: i32,
    pub active_segment: i32,
    pub position_sequence: Oid,
    pub heads: Keyed,
    /// `None`: the table does not deduplicate.
    pub ledger: Option<Keyed>,
    /// The segment's unique index (aggregate_id, version).
    pub version_index: Oid,
    pub columns: Columns,
}

impl Log {
    /// The log that `segment` belongs to.
    pub fn of_segment(segment: Oid) -> Result<Rc<Self>, Error> {
        LOGS.with(|logs| logs.get_or_make(segment, || load(segment)))
    }
}

fn load(segment: Oid) -> Result<(Vec<Oid>, Log), Error> {
    worker::ensure_started();
    let row = catalog::event_tables::of_segment(segment)?;
    let column = |name, of| column_of(segment, || row.name.clone(), name, of);
    let columns = Columns {
        event_id: column("event_id", ColumnType::Uuid)?,
        event_type: column("event_type", ColumnType::Text)?,
        aggregate_id: column("aggregate_id", ColumnType::Text)?,
        version: column("version", ColumnType::Bigint)?,
        payload: column("payload", ColumnType::Jsonb)?,
        recorded_at: column("recorded_at", ColumnType::Timestamptz)?,
        position: column("position", ColumnType::Bigint)?,
        txid: column("txid", ColumnType::Xid8)?,
    };
    let log = Log {
        name: row.name,
        versions: Versions::parse(&row.versions)?,
        segment: row.segment,
        active_segment: row.active_segment,
        position_sequence: row.position_sequence,
        heads: Keyed::of(row.heads, "aggregate_id")?,
        ledger: row
            .ledger
            .map(|ledger| Keyed::of(ledger, "event_id"))
            .transpose()?,
        version_index: index_on(segment, &["aggregate_id", "version"], Uniqueness::Unique)?,
        columns,
    };
    let mut relations = vec![
        row.root,
        log.heads.table,
        log.heads.index,
        log.version_index,
    ];
    relations.extend(
        log.ledger
            .iter()
            .flat_map(|ledger| [ledger.table, ledger.index]),
    );
    Ok((relations, log))
}
