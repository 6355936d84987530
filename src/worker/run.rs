//! The worker of a database: look, maintain, fold, nap.
//!
//! Between two looks it holds nothing but its own lock. It leaves when somebody
//! wants the database without sessions, and when the extension is gone.

use super::fold::{Folding, Found};
use super::maintain::{self, Maintaining};
use super::settings;
use super::sweep::Sweeping;
use crate::pg::bgworker::{self, StartedBy};
use crate::pg::{lock, process};
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// How long a worker that a session started stays without anything to look after.
const IDLE_EXIT: Duration = Duration::from_secs(60);
/// How long a worker may sleep without a look at who waits for the database.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The worker's process. It must be the only one of its database, unless it is to
/// look but once.
pub fn work(by: StartedBy) {
    if by == StartedBy::Worker {
        return help();
    }
    if by == StartedBy::Maintenance {
        Sweeping::new().look();
        Maintaining::default().look();
        Folding::default().fold_all();
        return process::report_statistics();
    }
    let mut maintaining = Maintaining::default();
    let mut folding = Folding::default();
    let mut sweeping = Sweeping::new();
    let mut busy = Instant::now();
    while lock::become_the_worker() {
        if settings::is_on() {
            sweeping.look();
            let tables = maintaining.look();
            let found = folding.look();
            if tables || matches!(found, Found::Projections(_)) {
                busy = Instant::now();
            }
            call_helpers(folding.behind());
            if is_superfluous(&found, by, busy) {
                // Whoever found this worker running did not start another: look
                // once more when all can see that there is none.
                lock::step_down();
                if is_superfluous(&folding.find(), by, busy) && !maintain::has_any() {
                    return;
                }
                continue;
            }
            process::report_idle("");
        } else {
            process::report_idle("pganalytics.worker is off");
        }
        process::report_statistics();
        let naptime = if folding.behind() > 0 {
            Duration::ZERO
        } else {
            settings::naptime()
        };
        if !nap(naptime) {
            return;
        }
    }
    debug1!("another pg_analytics worker is running in this database");
}

/// Folds beside the worker until there is no backlog left.
fn help() {
    let mut folding = Folding::of_helper();
    while lock::become_a_helper(settings::helpers()) {
        folding.look();
        process::report_statistics();
        if folding.behind() == 0 || !nap(Duration::ZERO) {
            return;
        }
    }
}

/// Has others fold, too, if several projections are behind: each takes one of its own.
fn call_helpers(behind: usize) {
    if behind < 2 {
        return;
    }
    for _ in 0..lock::free_places(settings::helpers()).min(behind - 1) {
        // Without a free slot the worker goes on alone.
        bgworker::start_worker(bgworker::own_database(), StartedBy::Worker);
    }
}

/// Whether the worker has nothing to stay for.
fn is_superfluous(found: &Found, by: StartedBy, busy: Instant) -> bool {
    match found {
        Found::Nothing => true,
        Found::Extension => by == StartedBy::Session && busy.elapsed() >= IDLE_EXIT,
        Found::Projections(_) => false,
    }
}

/// Sleeps so long; `false` if the worker is to leave.
fn nap(naptime: Duration) -> bool {
    let begin = Instant::now();
    process::nap(Duration::ZERO);
    loop {
        if lock::is_wanted_without_sessions(bgworker::own_database()) {
            return false;
        }
        let left = naptime.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return true;
        }
        process::nap(left.min(LONGEST_SLEEP));
    }
}
