//! Sweeping: what plain DROP leaves of event tables and projections.

use crate::catalog::{event_tables, generations, projections};
use crate::pg::transaction;
use pganalytics_core::worker::REST_WHEN_LOCKED;
use std::time::{Duration, Instant};

const REST_WHEN_FAILED: Duration = Duration::from_secs(60);

/// When the worker is to sweep again, unless at the next look.
pub struct Sweeping(Option<Instant>);

impl Sweeping {
    /// Never yet.
    pub fn new() -> Self {
        Self(None)
    }

    /// Sweeps if it is time. What is in use is left for the next time.
    pub fn look(&mut self) {
        if self.0.is_some_and(|next| Instant::now() < next) {
            return;
        }
        let rests = [
            sweep_all(projections::leftovers, projections::sweep),
            sweep_all(generations::leftovers, generations::abandon),
            sweep_all(event_tables::leftovers, event_tables::sweep),
        ];
        let rest = rests.into_iter().flatten().max();
        self.0 = rest.map(|rest| Instant::now() + rest);
    }
}

/// Each in a transaction of its own: one that is in use does not keep the others. How
/// long to rest if that was not all.
fn sweep_all(leftovers: fn() -> Vec<i32>, sweep: fn(i32)) -> Option<Duration> {
    let mut rest = None;
    let all = transaction::run_pinned(|| Ok(leftovers()));
    for leftover in all.ok().flatten().unwrap_or_default() {
        let swept = transaction::run_pinned(|| {
            sweep(leftover);
            Ok(())
        });
        rest = match swept {
            Ok(_) => rest,
            Err(failure) if failure.is_passing() => rest.max(Some(REST_WHEN_LOCKED)),
            Err(failure) => {
                failure.warn("could not remove what is left of dropped relations");
                Some(REST_WHEN_FAILED)
            }
        };
    }
    rest
}
