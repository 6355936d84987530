//! The tail: the events that a snapshot sees and a projection has not folded.

use super::inline;
use crate::catalog::event_tables::last_position;
use crate::catalog::names::{ColumnType, Uniqueness, column_of, index_on, shown, sql_name};
use crate::catalog::projections::Projection;
use crate::catalog::segments::with_txid_from;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::OrRaise;
use crate::pg::index::{Lock, Relation, Slot, count};
use crate::pg::security::{ActingAs, Settings, has_rights_of, may_read_any_column};
use crate::pg::snapshot::Snapshot;
use crate::pg::spi::{self, Under};
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::Error;
use pganalytics_core::projection::{source_column, source_sql};
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

/// The number of events, counted up to `most`, of a segment's part of the tail
/// behind a checkpoint.
fn count_in(segment: Oid, checkpoint: &Checkpoint, most: i64) -> Result<i64, Error> {
    count_in_to(segment, checkpoint, most, |_| ())
}

/// The same; `reached` is shown the event at which the count ends.
fn count_in_to(
    segment: Oid,
    checkpoint: &Checkpoint,
    most: i64,
    reached: impl FnMut(&Slot),
) -> Result<i64, Error> {
    let index =
        TXID_INDEXES.with(|indexes| indexes.get_or_make(segment, || txid_index(segment)))?;
    Ok(count(
        segment,
        *index,
        checkpoint.xmax(),
        checkpoint.in_progress(),
        most,
        reached,
    ))
}

/// The numbers of the segments in which the active snapshot sees such events, or
/// may: in the middle of a backlog positions decide, by which segments are known.
///
/// The segments come from the catalog and are named in the query, so the plan
/// opens those and no others, however many there are.
pub fn segments_of(event_table: Oid, events: Events) -> Result<Vec<i32>, Error> {
    let (mut segments, first, last) = match events {
        Events::Tail(coverage) => return segments_of_tail(event_table, coverage),
        Events::Batch(coverage, backlog, up_to) => {
            let segments = with_txid_from(event_table, coverage.done.xmin());
            (segments, backlog.reached + 1, up_to)
        }
        Events::Own { txid, after, up_to } => (with_txid_from(event_table, txid), after + 1, up_to),
        Events::Folded(_, since) => (
            with_txid_from(event_table, since.xmin()),
            i64::MIN,
            i64::MAX,
        ),
    };
    segments.retain(|segment| segment.may_hold_positions(first, last));
    Ok(segments.iter().map(|segment| segment.number).collect())
}

fn segments_of_tail(event_table: Oid, coverage: &Coverage) -> Result<Vec<i32>, Error> {
    let (counted, _) = to_count(coverage);
    let mut numbers = vec![];
    for segment in with_txid_from(event_table, coverage.done.xmin()) {
        let in_backlog = coverage
            .backlog
            .as_ref()
            .is_some_and(|backlog| segment.may_hold_positions(backlog.reached + 1, i64::MAX));
        if in_backlog || count_in(segment.relation, counted, 1)? > 0 {
            numbers.push(segment.number);
        }
    }
    Ok(numbers)
}

/// Locks the segments that may hold a tail against being rewritten, for a snapshot
/// to be taken next.
pub fn lock_segments(event_table: Oid, coverage: &Coverage) {
    for segment in with_txid_from(event_table, coverage.done.xmin()) {
        drop(Relation::open(segment.relation, Lock::Read));
    }
}

/// The number of events in the tail, counted up to `most`; in the middle of a
/// backlog, of positions.
pub fn count_tail(event_table: Oid, coverage: &Coverage, most: i64) -> Result<i64, Error> {
    let (counted, mut length) = to_count(coverage);
    for segment in with_txid_from(event_table, counted.xmin()) {
        if length >= most {
            return Ok(most);
        }
        length += count_in(segment.relation, counted, most - length)?;
    }
    Ok(length)
}

/// The checkpoint behind which events are to be counted, and how many positions there
/// are before it in a backlog.
fn to_count(coverage: &Coverage) -> (&Checkpoint, i64) {
    match &coverage.backlog {
        Some(backlog) => (&backlog.next, backlog.last - backlog.reached),
        None => (&coverage.done, 0),
    }
}

/// How many events of a tail are counted for people to see. (A million take half a
/// second, and the worker folds long before.)
const MOST_COUNTED: i64 = 10_000;

/// The number of events in the tail; of more than [`MOST_COUNTED`] the positions drawn
/// since.
fn estimate_tail(event_table: Oid, coverage: &Coverage) -> Result<i64, Error> {
    let (counted, positions) = to_count(coverage);
    let mut seen = 0;
    for segment in with_txid_from(event_table, counted.xmin()) {
        let segment = segment.relation;
        let position = column_of(segment, || shown(segment), "position", ColumnType::Bigint)?;
        let mut last = 0;
        let reached = |slot: &Slot| last = slot.number(position);
        seen += count_in_to(segment, counted, MOST_COUNTED - seen, reached)?;
        if seen >= MOST_COUNTED {
            let beyond = last_position(event_table) - last;
            return Ok(positions + seen + beyond.max(0));
        }
    }
    Ok(positions + seen)
}

/// The number of events that this transaction has not yet folded itself.
fn own_tail_length(projection: &Projection, coverage: &Coverage) -> Result<i64, Error> {
    let Some(events) = inline::tail(projection, coverage) else {
        return Ok(0);
    };
    let snapshot = Snapshot::take();
    of_events(projection, "pg_catalog.count(*)", events, &snapshot).map(|n| n.unwrap_or(0))
}

/// Whether the active snapshot sees a tail of more than `most` events.
pub fn tail_is_longer_than(
    projection: &Projection,
    coverage: &Coverage,
    most: i64,
) -> Result<bool, Error> {
    let enough = most.saturating_add(1);
    Ok(count_tail(projection.event_table, coverage, enough)? == enough)
}

/// Whether the active snapshot sees a tail of `most` events, or any at all if
/// the last fold was long ago. What is unfinished always is.
pub fn is_worth_folding(projection: &Projection, most: i64, long_ago: bool) -> Result<bool, Error> {
    let coverage = projection.coverage().unwrap_or_else(Coverage::nothing);
    if coverage.is_inline {
        return Ok(false);
    }
    if coverage.is_unfinished() {
        return Ok(true);
    }
    let length = count_tail(projection.event_table, &coverage, most)?;
    Ok(length >= most || (long_ago && length > 0))
}

/// The least position of these events; `None`: there are none.
pub fn first_position(
    projection: &Projection,
    events: Events,
    snapshot: &Snapshot,
) -> Result<Option<i64>, Error> {
    of_events(
        projection,
        "pg_catalog.min(s.\"position\")",
        events,
        snapshot,
    )
}

/// An aggregate of the positions of these events.
fn of_events(
    projection: &Projection,
    aggregate: &str,
    events: Events,
    snapshot: &Snapshot,
) -> Result<Option<i64>, Error> {
    let segments = segments_of(projection.event_table, events)?;
    let source = source_sql(
        &sql_name(projection.event_table),
        &[source_column("position")],
        &segments,
        events,
        None,
    );
    let _owner = ActingAs::new(projection.owner);
    let _settings = Settings::pin(projection.pinned_settings());
    let sql = format!("SELECT {aggregate} FROM ({source}) AS s");
    let rows = spi::run(&sql, vec![], Under::Given(snapshot));
    Ok(rows[0].text(0).map(|_| rows[0].number(0)))
}

/// An error unless the acting role may see the projection in the view `projections`.
pub fn require_to_know_of(projection: &Projection) -> Result<(), Error> {
    if has_rights_of(projection.owner) || may_read_any_column(projection.relation) {
        return Ok(());
    }
    Err(Error::NotOwner {
        kind: "projection",
        name: projection.name.clone(),
    })
}

/// For the view `projections`. NULL if there is no such projection (one of those
/// that the view's snapshot lists may have been dropped meanwhile) or its tail
/// cannot be counted: one that is broken must not hide the others.
#[pg_extern(sql = false)]
fn tail_length(projection: Oid) -> Option<i64> {
    let projection = Projection::of_view(projection)?;
    require_to_know_of(&projection).or_raise();
    Relation::open_if_there(projection.event_table)?;
    let coverage = projection.coverage().unwrap_or_else(Coverage::nothing);
    if coverage.is_inline {
        return own_tail_length(&projection, &coverage).ok();
    }
    estimate_tail(projection.event_table, &coverage).ok()
}
