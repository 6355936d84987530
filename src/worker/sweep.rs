//! Sweeping: what plain DROP leaves of event tables and projections.

use crate::catalog::{event_tables, projections};
use crate::pg::transaction;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(60);

/// When the worker swept last.
pub struct Sweeping(Option<Instant>);

impl Sweeping {
    /// Never yet.
    pub fn new() -> Self {
        Self(None)
    }

    /// Sweeps if it is time. What is in use is left for the next time.
    pub fn look(&mut self) {
        if self.0.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        self.0 = Some(Instant::now());
        sweep_all(projections::leftovers, projections::sweep);
        sweep_all(event_tables::leftovers, event_tables::sweep);
    }
}

/// Each in a transaction of its own: one that is in use does not keep the others.
fn sweep_all(leftovers: fn() -> Vec<i32>, sweep: fn(i32)) {
    let all = transaction::run_pinned(|| Ok(leftovers()));
    for leftover in all.ok().flatten().unwrap_or_default() {
        let swept = transaction::run_pinned(|| {
            sweep(leftover);
            Ok(())
        });
        if let Err(failure) = swept
            && !failure.is_passing()
        {
            failure.warn("could not remove what is left of dropped relations");
        }
    }
}
