//! `wait_for_projection`.

use super::tail::{is_worth_folding, require_to_know_of};
use crate::catalog::projections::Projection;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::index::Relation;
use crate::pg::process;
use crate::pg::snapshot::Snapshot;
use crate::worker;
use pganalytics_core::error::Error;
use pgrx::datum::Interval;
use pgrx::prelude::*;
use std::time::{Duration, Instant};

const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[pg_extern(sql = false)]
fn wait_for_projection(name: Text, timeout: Interval) -> bool {
    let timeout = u64::try_from(timeout.as_micros()).unwrap_or(0);
    wait(&name, Duration::from_micros(timeout)).or_raise()
}

fn wait(name: &str, timeout: Duration) -> Result<bool, Error> {
    let projection = Projection::named(name)?;
    require_to_know_of(&projection)?;
    let id = projection.id;
    worker::ensure_started();
    let begin = Instant::now();
    while !has_caught_up(id)? {
        if begin.elapsed() >= timeout {
            return Ok(false);
        }
        process::pause(LOOK_AGAIN);
    }
    Ok(true)
}

/// Whether its tail is as short as the worker lets it be, and nothing is built to
/// take its place, as last committed.
fn has_caught_up(id: i32) -> Result<bool, Error> {
    let Some(projection) = Projection::numbered(id) else {
        return Ok(true);
    };
    if Projection::successor(id).is_some() {
        return Ok(false);
    }
    if projection.wants_inline() && !projection.is_inline() {
        return Ok(false);
    }
    if Relation::open_if_there(projection.event_table).is_none() {
        return Ok(true);
    }
    let snapshot = Snapshot::latest();
    let is_behind = is_worth_folding(&projection, worker::fold_tail(), false)?;
    drop(snapshot);
    Ok(!is_behind)
}
