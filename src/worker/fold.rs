//! Folding what is due: one projection after the other, each in a transaction of
//! its own, so that one that fails or waits does not keep the others. A backlog
//! takes many: a batch of each projection in turn.

use super::settings;
use crate::catalog::incarnation;
use crate::catalog::projections::Projection;
use crate::catalog::upkeep::{self, Upkeep};
use crate::pg::process::TimeLimit;
use crate::pg::security::Settings;
use crate::pg::transaction::Failure;
use crate::pg::{bgworker, lock, process, transaction};
use crate::projection::{Step, fold_batch, is_worth_folding, settle, take_over};
use pganalytics_core::worker::{Due, Pace, REST_WHEN_LOCKED, rest_after, throttle};
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
    /// How often, one after the other, somebody seemed to be in the way of each.
    obstructed: HashMap<i32, u32>,
    /// How many events the next batch of each takes.
    paces: HashMap<i32, Pace>,
    /// How many of them the last look left something to fold at once of.
    behind: usize,
    /// It helps the worker, and leaves to it whatever is not a plain fold.
    is_helper: bool,
}

/// So often may a fold be cancelled, or be the victim of a deadlock, before it is said
/// to fail.
const MOST_OBSTRUCTIONS: u32 = 10;

/// What wants the view of a projection for itself gives way to its readers.
const PATIENCE: &str = "100ms";

impl Folding {
    /// That of a process which helps the worker.
    pub fn of_helper() -> Self {
        Self {
            is_helper: true,
            ..Self::default()
        }
    }

    /// Folds the projections that are due.
    pub fn look(&mut self) -> Found {
        let found = self.find();
        self.behind = 0;
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

    /// Folds every projection that has a tail, to its end.
    pub fn fold_all(&mut self) {
        if let Found::Projections(projections) = self.find() {
            for projection in projections {
                while let Some(rest) = self.attend_to(&projection, Due::AnyTail) {
                    process::nap(rest);
                }
            }
        }
    }

    /// How many projections have a backlog that is to be gone on with at once.
    pub fn behind(&self) -> usize {
        self.behind
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
        let due = if projection.is_to_be_inline {
            Due::AnyTail
        } else {
            policy.due(projection.since_last_fold, projection.horizon_is_held)
        };
        match self.attend_to(projection, due) {
            Some(Duration::ZERO) => self.behind += 1,
            Some(rest) => {
                self.resting.insert(projection.id, Instant::now() + rest);
            }
            None => {}
        }
    }

    /// Folds one projection if it has such a tail, and its successor, and notes what
    /// comes of it. If that leaves more to be folded: after how long.
    fn attend_to(&mut self, projection: &Upkeep, due: Due) -> Option<Duration> {
        let id = projection.id;
        if self
            .resting
            .get(&id)
            .is_some_and(|until| Instant::now() < *until)
        {
            return None;
        }
        self.resting.remove(&id);
        if self.is_helper && projection.failures > 0 {
            return None;
        }
        let pace = self.paces.get(&id).copied().unwrap_or_default();
        let most = pace.most(settings::batch_events());
        let begin = Instant::now();
        let limit = TimeLimit::begin(settings::fold_timeout());
        let done = fold_if_due(projection, due, most)
            .and_then(|step| Ok((step, build_successor(projection, most, self.is_helper)?)))
            .and_then(|done| settle_if_built(projection, &done.0, self.is_helper).map(|()| done));
        let took = begin.elapsed();
        let is_late = limit.is_some_and(|_| took >= settings::fold_timeout());
        let rest = match done {
            Ok((step, built)) => {
                self.reported.remove(&id);
                self.obstructed.remove(&id);
                let more = step.more || built.more;
                if !more {
                    self.paces.remove(&id);
                    return None;
                }
                let positions = step.positions + built.positions;
                self.paces.insert(id, pace.after(positions, took));
                return Some(throttle(positions, took, settings::backlog_rate()));
            }
            Err(failure) if !is_late && self.is_passing(id, &failure) => REST_WHEN_LOCKED,
            // The worker will meet it, too.
            Err(_) if self.is_helper => REST_WHEN_LOCKED,
            Err(failure) => self.report(projection, &failure),
        };
        self.resting.insert(id, Instant::now() + rest);
        None
    }

    /// Records a failure, unless the projection or the extension went away
    /// meanwhile, and says so in the server log if it is news.
    fn report(&mut self, projection: &Upkeep, failure: &Failure) -> Duration {
        let sqlstate = failure.sqlstate();
        let noted = note_error(projection.id, Some((&sqlstate, &failure.message)));
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

    /// Whether a failure is to be expected to pass: a definition can raise what looks so.
    fn is_passing(&mut self, id: i32, failure: &Failure) -> bool {
        let times = self.obstructed.entry(id).or_default();
        *times += 1;
        failure.is_passing() && (failure.is_locked_out() || *times < MOST_OBSTRUCTIONS)
    }

    /// Whether the server log does not yet say so.
    fn is_news(&mut self, id: i32, failure: &Failure) -> bool {
        let before = self.reported.insert(id, failure.message.clone());
        before.as_ref() != Some(&failure.message)
    }
}

/// Folds a projection, or a batch of it, in a transaction of its own, if that is
/// due. One that failed before is tried in any case: it may have been mended.
fn fold_if_due(upkeep: &Upkeep, due: Due, most: i64) -> Result<Step, Failure> {
    let failing = upkeep.failures > 0;
    if upkeep.is_paused || due == Due::No && !failing {
        return Ok(Step::default());
    }
    let step = transaction::run_pinned(|| {
        let Some(projection) = Projection::numbered(upkeep.id) else {
            return Ok(None);
        };
        let any = due == Due::AnyTail;
        if !failing && !is_worth_folding(&projection, settings::fold_tail(), any)? {
            return Ok(None);
        }
        process::report_activity(&format!("folding projection {}", projection.name));
        let step = fold_batch(&projection, most)?;
        if step.as_ref().is_some_and(|step| step.events > 0) {
            upkeep::notify(&projection.name);
        }
        Ok(step)
    });
    let Some(step) = step?.flatten() else {
        return Ok(Step::default());
    };
    if failing {
        note_error(upkeep.id, None)?;
    }
    Ok(step)
}

/// Notes that a fold failed, or that it works again, and returns whether the projection is
/// there still. In a transaction of its own: whoever changes a projection locks its row before
/// its checkpoint, and a fold has locked the checkpoint.
fn note_error(id: i32, error: Option<(&str, &str)>) -> Result<Option<bool>, Failure> {
    transaction::run_pinned(|| {
        let projection = Projection::numbered(id);
        if let Some(projection) = &projection {
            projection.note_error(error);
        }
        Ok(projection.is_some())
    })
}

/// Has a projection that is to be inline be so once its tail is short. Those who
/// append are kept waiting for no longer than that takes.
fn settle_if_built(upkeep: &Upkeep, step: &Step, is_helper: bool) -> Result<(), Failure> {
    if !upkeep.is_to_be_inline || step.more || is_helper {
        return Ok(());
    }
    let settled = transaction::run_pinned(|| {
        let _settings = Settings::pin([("lock_timeout", PATIENCE)]);
        let projection = Projection::numbered(upkeep.id);
        projection.map_or(Ok(()), |projection| settle(&projection))
    });
    settled.map(|_| ())
}

/// Folds a batch of the generation that is to take the place of the one that is read,
/// or has it take its place once there is no more.
fn build_successor(upkeep: &Upkeep, most: i64, is_helper: bool) -> Result<Step, Failure> {
    if !upkeep.has_successor {
        return Ok(Step::default());
    }
    let step = transaction::run_pinned(|| {
        let Some(successor) = Projection::successor(upkeep.id) else {
            return Ok(None);
        };
        process::report_activity(&format!("building projection {}", successor.name));
        let step = fold_batch(&successor, most)?;
        Ok(step.map(|step| (step, successor.generation)))
    });
    let Some((step, built)) = step?.flatten() else {
        return Ok(Step::default());
    };
    if !step.more && !is_helper {
        transaction::run_pinned(|| {
            let _settings = Settings::pin([("lock_timeout", PATIENCE)]);
            // Another may have begun to be built meanwhile.
            let successor = Projection::successor(upkeep.id).filter(|now| now.generation == built);
            successor.map_or(Ok(()), |successor| take_over(&successor))
        })?;
    }
    Ok(step)
}
