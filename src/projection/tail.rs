//! The tail: the events that a snapshot sees and a checkpoint does not cover.

use crate::catalog::event_tables;
use crate::catalog::names::index_on;
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::{OrRaise, raise};
use crate::pg::index::{Lock, Relation, sees_any};
use crate::pg::security::{Platform, may_read_any_column};
use crate::pg::spi::{self, Under};
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::error::Error;
use pganalytics_core::projection::tail_source;
use pgrx::prelude::*;

thread_local! {
    /// The index on `txid`, by segment.
    pub(super) static TXID_INDEXES: RelationCache<Oid> =
        RelationCache::new(|relation| TXID_INDEXES.with(|cache| cache.forget(relation)));
}

fn txid_index(segment: Oid) -> Result<(Vec<Oid>, Oid), Error> {
    Ok((vec![segment], index_on(segment, &["txid"])?))
}

/// The numbers of the segments in which the active snapshot sees a tail.
///
/// The segments come from the catalog and are named in the query, so the plan
/// opens those and no others, however many there are.
pub fn segments_with_tail(event_table: Oid, checkpoint: &Checkpoint) -> Vec<i32> {
    event_tables::segments(event_table, Under::Active)
        .into_iter()
        .filter(|s| {
            let index = TXID_INDEXES
                .with(|indexes| indexes.get_or_make(s.relation, || txid_index(s.relation)))
                .or_raise();
            sees_any(
                s.relation,
                *index,
                checkpoint.xmax(),
                checkpoint.in_progress(),
            )
        })
        .map(|s| s.number)
        .collect()
}

/// Locks the segments against being rewritten, for a snapshot to be taken next.
pub fn lock_segments(event_table: Oid) {
    for segment in event_tables::segments(event_table, Under::Latest) {
        drop(Relation::open(segment.relation, Lock::Read));
    }
}

/// The number of events in the tail, counted up to `most`.
fn tail_length_of(projection: &Projection, most: i64) -> i64 {
    let checkpoint = projection.checkpoint().unwrap_or_else(Checkpoint::nothing);
    let segments = segments_with_tail(projection.event_table, &checkpoint);
    if segments.is_empty() {
        return 0;
    }
    let _platform = Platform::act();
    let table = crate::catalog::names::sql_name(projection.event_table);
    let source = tail_source(&table, &[], &segments, &checkpoint, None);
    let sql = format!("SELECT pg_catalog.count(*) FROM ({source} LIMIT {most}) AS t");
    spi::run(&sql, vec![], Under::Active)
        .first()
        .map_or(0, |row| row.number(0))
}

/// Whether the active snapshot sees a tail of `most` events, or any at all if
/// the last fold was long ago.
pub fn is_worth_folding(projection: &Projection, most: i64, long_ago: bool) -> bool {
    let length = tail_length_of(projection, most);
    length >= most || (long_ago && length > 0)
}

/// For the view `projections`. NULL if there is no such projection: one of those
/// that the view's snapshot lists may have been dropped meanwhile.
#[pg_extern(sql = false)]
fn tail_length(projection: Oid) -> Option<i64> {
    let projection = Projection::of_view(projection)?;
    if !may_read_any_column(projection.relation) {
        raise(Error::NotOwner {
            kind: "projection",
            name: projection.name,
        });
    }
    Some(tail_length_of(&projection, i64::MAX))
}
