//! Segments: the partitions of an event table.

use crate::catalog::segments::{self, Attached, Span};
use crate::catalog::{event_tables, lives, names};
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::OrRaise;
use crate::worker;
use pganalytics_core::error::Error;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use std::rc::Rc;

thread_local! {
    /// The number of the active segment, by position sequence.
    static ACTIVE: RelationCache<i32> =
        RelationCache::new(|relation| ACTIVE.with(|cache| cache.forget(relation)));
    /// The segments of an event table.
    static SEGMENTS: RelationCache<Attached> =
        RelationCache::new(|relation| SEGMENTS.with(|cache| cache.forget(relation)));
    /// The spans of the segments of an event table. What is old here is right all
    /// the same: sealed segments do not change, and new ones come last.
    static SPANS: RelationCache<Vec<Span>> =
        RelationCache::new(|relation| SPANS.with(|cache| cache.forget(relation)));
}

/// The segments of an event table, as of when this session last heard of changes:
/// it has if it has locked the event table, or an aggregate's head.
pub fn attached(event_table: Oid) -> Rc<Attached> {
    let load = || Ok::<_, Error>((vec![event_table], segments::attached(event_table)));
    SEGMENTS
        .with(|known| known.get_or_make(event_table, load))
        .or_raise()
}

/// The number of the segment that takes appends, for the default of the
/// partition key. The event table is named by its position sequence, which
/// survives dump, restore and renaming.
pub fn active_segment(sequence: Oid) -> i32 {
    *ACTIVE
        .with(|numbers| numbers.get_or_make(sequence, || segments::active(sequence)))
        .or_raise()
}

#[pg_extern(sql = false)]
fn roll_segment(event_table: Oid) {
    let table = event_tables::owned(event_table).or_raise();
    lives::request_roll(table.root);
    worker::start_after_commit();
}

/// It may be called for each row that a scan looks at.
#[pg_extern(sql = false)]
fn first_segment(event_table: Oid, since: TimestampWithTimeZone) -> i32 {
    let unknown = || Error::UnknownEventTable {
        name: names::shown(event_table),
    };
    let load = || {
        let spans = segments::spans(event_table);
        if spans.is_empty() {
            return Err(unknown());
        }
        Ok((vec![event_table], spans))
    };
    let spans = SPANS
        .with(|spans| spans.get_or_make(event_table, load))
        .or_raise();
    let since = since.into_inner();
    let may_hold = |span: &&Span| span.last.is_none_or(|last| last >= since);
    let first = spans.iter().find(may_hold);
    first.map_or(i32::MAX, |span| span.number)
}
