//! The launcher: sees to it that every database has its worker.
//!
//! It is connected to no database and cannot know which have the extension; the
//! workers look for themselves. It never ends, but dies and is restarted.

use super::settings;
use crate::pg::bgworker::{self, StartedBy};
use crate::pg::{databases, lock, process, transaction};
use pganalytics_core::worker::{LAUNCHER_NAPTIME, Starts};
use pgrx::prelude::*;
use std::collections::HashMap;
use std::time::Instant;

/// The launcher's process.
pub fn launch() {
    let mut launcher = Launcher::default();
    loop {
        if settings::is_on() {
            launcher.look();
        }
        // Woken early when a worker ends or the settings change.
        process::nap(LAUNCHER_NAPTIME);
    }
}

#[derive(Default)]
struct Launcher {
    starts: HashMap<u32, Starts>,
    /// Whether the log says that there is no room for a worker.
    complained: bool,
}

impl Launcher {
    fn look(&mut self) {
        let databases = match transaction::run(|| Ok(databases::connectable())) {
            Ok(databases) => databases,
            Err(failure) => return failure.warn("could not list databases"),
        };
        self.starts
            .retain(|known, _| databases.iter().any(|database| database.to_u32() == *known));
        for database in databases {
            let starts = self.starts.entry(database.to_u32()).or_default();
            if lock::has_worker(database) {
                starts.seen_running();
                continue;
            }
            let now = Instant::now();
            if !starts.is_due(now) || lock::is_wanted_without_sessions(database) {
                continue;
            }
            if bgworker::start_worker(database, StartedBy::Launcher) {
                starts.started(now);
                self.complained = false;
            } else if !self.complained {
                self.complained = true;
                log!(
                    "no free slot for a pg_analytics worker: consider increasing max_worker_processes"
                );
            }
        }
    }
}
