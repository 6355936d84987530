//! Folding what is due: one projection after the other, each in a transaction of
//! its own, so that one that fails or waits does not keep the others.

use super::settings;
use crate::catalog::incarnation;
use crate::catalog::projections::Projection;
use crate::catalog::upkeep::{self, Upkeep};
use crate::pg::transaction::Failure;
use crate::pg::{bgworker, lock, process, transaction};
use crate::projection::{fold, is_worth_folding};
use pganalytics_core::error::Error;
use pganalytics_core::worker::{Due, REST_WHEN_LOCKED, rest_after};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What there is in the database.
pub enum Found {
    /// Not even the extension.
    Nothing,
    /// The extension, but no projection to be seen.
    Extension,
    Projections(Vec<Upkeep>),
}

/// In place of a projection's number: the list of all.
const LIST: i32 = 0;

/// What the worker remembers of projections from look to look, by number.
#[derive(Default)]
pub struct Folding {
    /// Those that rest after a failure, and until when.
    resting: HashMap<i32, Instant>,
    /// What the server log says of those that fail.
    reported: HashMap<i32, String>,
}

impl Folding {
    /// Folds the projections that are due.
    pub fn look(&mut self) -> Found {
        let found = self.find();
        if let Found::Projections(projections) = &found {
            for projection in projections {
                self.attend(projection);
                if lock::is_wanted_without_sessions(bgworker::own_database()) {
                    break;
                }
            }
        }
        found
    }

    /// Folds every projection that has a tail.
    pub fn fold_all(&mut self) {
        if let Found::Projections(projections) = self.find() {
            for projection in projections {
                self.attend_to(&projection, Due::AnyTail);
            }
        }
    }

    /// Only looks what is there.
    pub fn find(&mut self) -> Found {
        let list = transaction::run_pinned(|| {
            let list = upkeep::projections();
            // While a dump is being restored, nothing may be folded or written.
            let restoring = !list.is_empty() && incarnation::is_incomplete();
            Ok(if restoring { vec![] } else { list })
        });
        if list.is_ok() {
            self.reported.remove(&LIST);
        }
        match list {
            Ok(None) => Found::Nothing,
            Ok(Some(projections)) if projections.is_empty() => Found::Extension,
            Ok(Some(projections)) => Found::Projections(projections),
            Err(failure) => {
                if !failure.is_passing() && self.is_news(LIST, &failure) {
                    failure.warn("could not list projections");
                }
                Found::Extension
            }
        }
    }

    /// Folds one projection if it is due.
    fn attend(&mut self, projection: &Upkeep) {
        let policy = settings::fold_policy();
        let due = policy.due(projection.since_last_fold, projection.horizon_is_held);
        self.attend_to(projection, due);
    }

    /// Folds one projection if it has such a tail, and notes what comes of it.
    fn attend_to(&mut self, projection: &Upkeep, due: Due) {
        let id = projection.id;
        if self
            .resting
            .get(&id)
            .is_some_and(|until| Instant::now() < *until)
        {
            return;
        }
        self.resting.remove(&id);
        let Err(failure) = fold_if_due(projection, due) else {
            self.reported.remove(&id);
            return;
        };
        let rest = if failure.is_passing() {
            REST_WHEN_LOCKED
        } else {
            self.report(projection, &failure)
        };
        self.resting.insert(id, Instant::now() + rest);
    }

    /// Records a failure, unless the projection or the extension went away
    /// meanwhile, and says so in the server log if it is news.
    fn report(&mut self, projection: &Upkeep, failure: &Failure) -> Duration {
        let sqlstate = failure.sqlstate();
        let noted = transaction::run_pinned(|| {
            let projection = Projection::numbered(projection.id);
            if let Some(projection) = &projection {
                projection.note_error(Some((&sqlstate, &failure.message)));
            }
            Ok(projection.is_some())
        });
        // If it could not even be noted, the server log must have it.
        let is_gone = noted.is_ok_and(|noted| noted != Some(true));
        if !is_gone && self.is_news(projection.id, failure) {
            failure.warn(&format!(
                "could not fold projection \"{}\"",
                projection.name
            ));
        }
        rest_after(projection.failures.saturating_add(1))
    }

    /// Whether the server log does not yet say so.
    fn is_news(&mut self, id: i32, failure: &Failure) -> bool {
        let before = self.reported.insert(id, failure.message.clone());
        before.as_ref() != Some(&failure.message)
    }
}

/// Folds a projection in a transaction of its own, if that is due. One that
/// failed before is tried in any case: it may have been mended.
fn fold_if_due(upkeep: &Upkeep, due: Due) -> Result<(), Failure> {
    let failing = upkeep.failures > 0;
    if due == Due::No && !failing {
        return Ok(());
    }
    transaction::run_pinned(|| {
        let Some(projection) = Projection::numbered(upkeep.id) else {
            return Ok(());
        };
        let any = due == Due::AnyTail;
        if !failing && !is_worth_folding(&projection, settings::fold_tail(), any)? {
            return Ok(());
        }
        process::report_activity(&format!("folding projection {}", projection.name));
        fold_and_tell(&projection, failing)
    })
    .map(|_| ())
}

fn fold_and_tell(projection: &Projection, failing: bool) -> Result<(), Error> {
    let folded = fold(projection)?;
    if folded.events > 0 {
        upkeep::notify(&projection.name);
    }
    if failing {
        projection.note_error(None);
    }
    Ok(())
}
