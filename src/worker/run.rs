//! The worker of a database: look, fold, nap.
//!
//! Between two looks it holds nothing but its own lock. It leaves when somebody
//! wants the database without sessions, and when the extension is gone.

use super::fold::Folding;
use super::settings;
use crate::pg::bgworker::{self, StartedBy};
use crate::pg::lock;
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// How long a worker that a session started stays without any projection.
const IDLE_EXIT: Duration = Duration::from_secs(60);
/// How long a worker may sleep without a look at who waits for the database.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// What a look found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Found {
    /// No extension.
    Nothing,
    /// The extension, without a projection.
    Extension,
    /// Projections.
    Projections,
}

/// The worker's process. It must be the only one of its database.
pub fn work(by: StartedBy) {
    let mut folding = Folding::default();
    let mut busy = Instant::now();
    while lock::become_the_worker() {
        let found = if settings::is_on() {
            folding.look()
        } else {
            Found::Projections
        };
        if found == Found::Projections {
            busy = Instant::now();
        }
        let idle = by == StartedBy::Session && busy.elapsed() >= IDLE_EXIT;
        if found == Found::Nothing || (idle && found == Found::Extension) {
            // Whoever found this worker running did not start another: look
            // once more when all can see that there is none.
            lock::step_down();
            if folding.look() <= found {
                return;
            }
            continue;
        }
        bgworker::report_idle(if settings::is_on() {
            ""
        } else {
            "pganalytics.worker is off"
        });
        bgworker::report_statistics();
        if !nap() {
            return;
        }
    }
    debug1!("another pg_analytics worker is running in this database");
}

/// Sleeps for the naptime; `false` if the worker is to leave.
fn nap() -> bool {
    let begin = Instant::now();
    loop {
        if lock::is_wanted_without_sessions(bgworker::own_database()) {
            return false;
        }
        let left = settings::naptime().saturating_sub(begin.elapsed());
        if left.is_zero() {
            return true;
        }
        bgworker::nap(left.min(LONGEST_SLEEP));
    }
}
