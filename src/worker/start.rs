//! Starting a worker from a session, for servers without the launcher and for
//! databases where it has not yet looked.
//!
//! Failing to is no error, and hardly worth a word: reads are exact without it.

use super::settings;
use crate::catalog::event_tables;
use crate::pg::bgworker::{self, StartedBy};
use crate::pg::error::OrRaise;
use crate::pg::{lock, transaction};
use pganalytics_core::error::Error;
use pgrx::prelude::*;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How often a session looks whether there is a worker.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

thread_local! {
    static LOOKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sees to it that this database has a worker, once this transaction has
/// committed. Cheap, and free within a minute of the last call, but meant for
/// what a session does once and keeps: it belongs where a cache is filled.
pub fn ensure_started() {
    let looked_lately = |at: Instant| at.elapsed() < LOOK_AGAIN;
    if LOOKED.get().is_some_and(looked_lately) || !settings::is_on() || !bgworker::may_start() {
        return;
    }
    LOOKED.set(Some(Instant::now()));
    if !lock::has_worker(bgworker::own_database()) {
        transaction::after_commit(start);
    }
}

/// Starts a worker once this transaction has committed, also if one seems to be
/// running: it may be about to end for want of projections.
pub fn start_after_commit() {
    if settings::is_on() && bgworker::may_start() {
        transaction::after_commit(start);
    }
}

fn start() {
    if !bgworker::start_worker(bgworker::own_database(), StartedBy::Session) {
        debug1!("could not start the pg_analytics worker: too many background workers");
    }
}

/// Waits for the maintenance that it starts, and tells what could not be done.
#[pg_extern(sql = false)]
fn run_maintenance() {
    let done = bgworker::work_once();
    done.then_some(()).ok_or(Error::NoWorker).or_raise();
    // It may have been dropped meanwhile.
    let tables = lock::pin_extension().then(event_tables::all);
    for table in tables.unwrap_or_default() {
        if let Some(error) = table.last_error {
            warning!(
                "event table {} could not be maintained: {error}",
                table.name
            );
        }
    }
}
