//! Maintaining event tables: the steps of their segments' lives, what expires, and
//! what has to be put right.

use super::settings;
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::names::sql_name;
use crate::catalog::{duplicates, incarnation};
use crate::log;
use crate::pg::transaction::Failure;
use crate::pg::{bgworker, lock, process, transaction, vacuum};
use crate::projection;
use pganalytics_core::segment::Step;
use pganalytics_core::worker::{REST_WHEN_LOCKED, rest_after};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often the things are done that are seldom needed.
const TIDYING_INTERVAL: Duration = Duration::from_secs(60);

/// What the worker remembers of event tables from look to look, by number.
#[derive(Default)]
pub struct Maintaining {
    resting: HashMap<i32, (Instant, u32)>,
    tidied: Option<Instant>,
}

impl Maintaining {
    /// Does what is due for every event table. Returns whether there are any.
    pub fn look(&mut self) -> bool {
        let tidy = self
            .tidied
            .is_none_or(|last| last.elapsed() >= TIDYING_INTERVAL);
        if tidy {
            self.tidied = Some(Instant::now());
        }
        let tables = all();
        for table in &tables {
            if lock::is_wanted_without_sessions(bgworker::own_database()) {
                break;
            }
            self.attend(table, tidy);
        }
        !tables.is_empty()
    }

    /// What fails or has to wait rests for a while; the rest of the table's steps
    /// are done meanwhile.
    fn attend(&mut self, table: &EventTable, tidy: bool) {
        let before = self.resting.get(&table.id).copied();
        if before.is_some_and(|(until, _)| Instant::now() < until) {
            return;
        }
        process::report_activity(&format!("maintaining event table {}", table.name));
        let mut failures = take_steps(table.id);
        if tidy {
            for chore in [
                log::mend,
                projection::mend_owners,
                log::expire,
                duplicates::tidy,
            ] {
                failures.extend(in_transaction(|| chore(table.id)).err());
            }
        }
        let worth = if tidy { 1 } else { settings::fold_tail() };
        let advanced = transaction::run_pinned(|| log::advance_watermark(table, worth));
        failures.extend(advanced.err());
        let wrong = failures.iter().find(|failure| !failure.is_passing());
        if let Some(failure) = wrong
            && before.is_none()
        {
            failure.warn(&format!(
                "could not maintain event table \"{}\"",
                table.name
            ));
        }
        let message = wrong.map(|failure| failure.message.clone());
        if message.is_some() || table.last_error.is_some() && failures.is_empty() {
            // If even that fails the server log has said why.
            let _ = in_transaction(|| event_tables::note_error(table.id, message.as_deref()));
        }
        match (wrong, failures.is_empty()) {
            (Some(_), _) => {
                let times = before.map_or(1, |(_, times)| times + 1);
                let until = Instant::now() + rest_after(times);
                self.resting.insert(table.id, (until, times));
            }
            (None, false) => {
                self.resting
                    .insert(table.id, (Instant::now() + REST_WHEN_LOCKED, 0));
            }
            (None, true) => {
                self.resting.remove(&table.id);
            }
        }
    }
}

/// Whether there are event tables.
pub fn has_any() -> bool {
    !all().is_empty()
}

/// While a dump is being restored, nothing may be changed.
fn all() -> Vec<EventTable> {
    let tables = transaction::run_pinned(|| {
        let tables = event_tables::all();
        let restoring = !tables.is_empty() && incarnation::is_incomplete();
        Ok(if restoring { vec![] } else { tables })
    });
    tables.ok().flatten().unwrap_or_default()
}

/// Takes one step after the other until there is none that can be taken now.
fn take_steps(table: i32) -> Vec<Failure> {
    let mut failures = vec![];
    let mut tried: Vec<Step> = vec![];
    let mut last = None;
    loop {
        let steps = match transaction::run_pinned(|| Ok(log::next_steps(table))) {
            Ok(steps) => steps.unwrap_or_default(),
            Err(failure) => {
                failures.push(failure);
                return failures;
            }
        };
        let Some(step) = steps.into_iter().find(|step| !tried.contains(step)) else {
            return failures;
        };
        if let Err(failure) = take(table, step) {
            failures.push(failure);
            tried.push(step);
        } else if last == Some(step) {
            // It changes nothing: the event table is going away.
            tried.push(step);
        }
        last = Some(step);
    }
}

fn take(table: i32, step: Step) -> Result<(), Failure> {
    let to_freeze = transaction::run_pinned(|| {
        let segment = log::perform(table, step)?;
        Ok(segment.map(|segment| (segment, sql_name(segment))))
    })?;
    let Some((segment, name)) = to_freeze.flatten() else {
        return Ok(());
    };
    vacuum::freeze(&name)?;
    in_transaction(|| log::frozen(table, segment))
}

fn in_transaction(body: impl FnOnce()) -> Result<(), Failure> {
    transaction::run_pinned(|| {
        body();
        Ok(())
    })
    .map(|_| ())
}
