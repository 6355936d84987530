//! The tail: the events that a snapshot sees and a checkpoint does not cover.

use crate::catalog::names::{ColumnType, Uniqueness, column_of, index_on, shown};
use crate::catalog::projections::Projection;
use crate::catalog::segments::with_txid_from;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::raise;
use crate::pg::index::{Lock, Relation, count};
use crate::pg::security::may_read_any_column;
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::error::Error;
use pgrx::prelude::*;

thread_local! {
    /// The index on `txid`, by segment.
    pub(super) static TXID_INDEXES: RelationCache<Oid> =
        RelationCache::new(|relation| TXID_INDEXES.with(|cache| cache.forget(relation)));
}

fn txid_index(segment: Oid) -> Result<(Vec<Oid>, Oid), Error> {
    column_of(segment, || shown(segment), "txid", ColumnType::Xid8)?;
    let index = index_on(segment, &["txid"], Uniqueness::Any)?;
    Ok((vec![segment, index], index))
}

/// The number of events, counted up to `most`, of a segment's tail.
fn count_in(segment: Oid, checkpoint: &Checkpoint, most: i64) -> Result<i64, Error> {
    let index =
        TXID_INDEXES.with(|indexes| indexes.get_or_make(segment, || txid_index(segment)))?;
    Ok(count(
        segment,
        *index,
        checkpoint.xmax(),
        checkpoint.in_progress(),
        most,
    ))
}

/// The numbers of the segments in which the active snapshot sees a tail.
///
/// The segments come from the catalog and are named in the query, so the plan
/// opens those and no others, however many there are.
pub fn segments_with_tail(event_table: Oid, checkpoint: &Checkpoint) -> Result<Vec<i32>, Error> {
    let mut numbers = vec![];
    for segment in with_txid_from(event_table, checkpoint.xmin()) {
        if count_in(segment.relation, checkpoint, 1)? > 0 {
            numbers.push(segment.number);
        }
    }
    Ok(numbers)
}

/// Locks the segments that may hold a tail against being rewritten, for a snapshot
/// to be taken next.
pub fn lock_segments(event_table: Oid, checkpoint: &Checkpoint) {
    for segment in with_txid_from(event_table, checkpoint.xmin()) {
        drop(Relation::open(segment.relation, Lock::Read));
    }
}

/// The number of events in the tail, counted up to `most`.
pub fn count_tail(event_table: Oid, checkpoint: &Checkpoint, most: i64) -> Result<i64, Error> {
    let mut length = 0;
    for segment in with_txid_from(event_table, checkpoint.xmin()) {
        length += count_in(segment.relation, checkpoint, most - length)?;
    }
    Ok(length)
}

fn tail_length_of(projection: &Projection, most: i64) -> Result<i64, Error> {
    let checkpoint = projection.checkpoint().unwrap_or_else(Checkpoint::nothing);
    count_tail(projection.event_table, &checkpoint, most)
}

/// Whether the active snapshot sees a tail of `most` events, or any at all if
/// the last fold was long ago.
pub fn is_worth_folding(projection: &Projection, most: i64, long_ago: bool) -> Result<bool, Error> {
    let length = tail_length_of(projection, most)?;
    Ok(length >= most || (long_ago && length > 0))
}

/// For the view `projections`. NULL if there is no such projection (one of those
/// that the view's snapshot lists may have been dropped meanwhile) or its tail
/// cannot be counted: one that is broken must not hide the others.
#[pg_extern(sql = false)]
fn tail_length(projection: Oid) -> Option<i64> {
    let projection = Projection::of_view(projection)?;
    if !may_read_any_column(projection.relation) {
        raise(Error::NotOwner {
            kind: "projection",
            name: projection.name,
        });
    }
    tail_length_of(&projection, i64::MAX).ok()
}
