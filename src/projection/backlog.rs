//! A backlog: a tail so long that it is folded in batches, each of them committed,
//! so that a crash costs one batch and what others wait for is short.
//!
//! Batches go by position, which BRIN indexes find; gaps in it only make a batch
//! smaller. Reads are exact meanwhile: the coverage says what has been folded.

use super::fold::{Footing, fold_tail, stand};
use super::letters::merge_or_set_aside;
use super::source::Source;
use super::tail::{first_position, segments_of, tail_is_longer_than};
use crate::catalog::event_tables;
use crate::catalog::generations::Wait;
use crate::catalog::projections::Projection;
use crate::log::renew_statistics;
use pganalytics_core::coverage::{Backlog, Events};
use pganalytics_core::error::Error;

/// What one step through a backlog did.
#[derive(Debug, Default)]
pub struct Step {
    /// Events folded.
    pub events: i64,
    /// Positions gone through.
    pub positions: i64,
    /// Whether there is more to fold.
    pub more: bool,
}

/// Folds the tail if it has at most `most` events, else that much of it; `None` if
/// somebody else is at it, or it is gone.
pub fn fold_batch(projection: &Projection, most: i64) -> Result<Option<Step>, Error> {
    let Some(footing) = stand(projection, Wait::No)? else {
        return Ok(None);
    };
    if footing.from.is_inline {
        return Ok(Some(Step::default()));
    }
    let backlog = match footing.from.backlog.clone() {
        Some(backlog) => Some(backlog),
        None => begin(projection, &footing, most)?,
    };
    let Some(backlog) = backlog else {
        let events = fold_tail(projection, footing)?;
        return Ok(Some(Step {
            events,
            positions: events,
            more: false,
        }));
    };
    let up_to = backlog.reached.saturating_add(most).min(backlog.last);
    let batch = Events::Batch(&footing.from, &backlog, up_to);
    let segments = segments_of(projection.event_table, batch)?;
    let events = if segments.is_empty() {
        0
    } else {
        merge_or_set_aside(projection, &Source::of(&segments, batch), &footing.snapshot)?
    };
    let after = footing.from.advanced(&backlog, up_to);
    drop(footing.snapshot);
    projection.move_to(&after, events);
    Ok(Some(Step {
        events,
        positions: up_to - backlog.reached,
        // What came in while it was folded is a tail again.
        more: after.backlog.is_some(),
    }))
}

/// The tail as a backlog, if it is longer than `most`.
fn begin(projection: &Projection, footing: &Footing, most: i64) -> Result<Option<Backlog>, Error> {
    if !tail_is_longer_than(projection, &footing.from, most)? {
        return Ok(None);
    }
    let log = projection.event_table;
    renew_statistics(log);
    let Some(first) = first_position(projection, Events::Tail(&footing.from), &footing.snapshot)?
    else {
        return Ok(None);
    };
    Ok(Some(Backlog {
        next: footing.to.clone(),
        first: first - 1,
        reached: first - 1,
        // Positions are drawn before their events are seen.
        last: event_tables::last_position(log),
    }))
}
