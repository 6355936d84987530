//! Sweeping up at once what plain DROP leaves of projections: the definition, on which
//! the event table cannot be dropped, the state, and entries in the catalog.
//!
//! Who drops a view holds it locked, and whoever folds the projection may be waiting for
//! that. So nobody is waited for here: what is in use is left to the worker, which looks
//! for leftovers whenever it wakes.

use crate::catalog::{ddl, generations, projections};
use crate::pg::security::Settings;
use crate::pg::transaction::attempt;
use crate::worker;

/// With those who only look something up. Far below deadlock_timeout: nobody is cancelled.
const PATIENCE: &str = "10ms";

/// For an event trigger, after a command that has dropped something.
pub fn sweep_dropped() {
    for dropped in ddl::dropped_projections() {
        at_once(dropped, projections::sweep);
    }
    for (projection, generation) in ddl::dropped_successors() {
        at_once(projection, |_| generations::abandon(generation));
    }
}

fn at_once(projection: i32, sweep: impl FnOnce(i32)) {
    let swept = attempt(|| {
        let _settings = Settings::pin([("lock_timeout", PATIENCE)]);
        projections::seize(projection);
        sweep(projection);
    });
    if let Err(failure) = swept {
        if failure.is_cancel() {
            failure.raise();
        }
        worker::start_after_commit();
    }
}
