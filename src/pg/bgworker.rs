//! Background workers: starting them, and what each does first.

use super::Oid;
use super::process::{configure, handle_signals};
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder};
use pgrx::pg_sys::{self, Datum};
use pgrx::prelude::*;
use std::time::Duration;

/// The `backend_type` of the launcher.
const LAUNCHER: &str = "pg_analytics launcher";
/// The `backend_type` of the worker of a database.
const WORKER: &str = "pg_analytics worker";
/// The `backend_type` of those that help it.
const HELPER: &str = "pg_analytics fold worker";

const LIBRARY: &str = "pg_analytics";
const ON_DEMAND: &str = "on demand";
const ONCE: &str = "once";
/// How soon the postmaster restarts a launcher that died.
const LAUNCHER_RESTART: Duration = Duration::from_secs(5);

/// Who asked for a worker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// The launcher, which sees to it that there is one.
    Launcher,
    /// A session that found none running.
    Session,
    /// A session that waits for it to look once and end.
    Maintenance,
    /// The worker, which has more to fold than one process can.
    Worker,
}

/// Whether the library is loaded at the start of a server that takes workers.
pub fn is_preloading() -> bool {
    // SAFETY: plain variables of the process.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress && !pg_sys::IsBinaryUpgrade }
}

/// Registers the launcher; only while [`is_preloading`].
pub fn register_launcher() {
    BackgroundWorkerBuilder::new(LAUNCHER)
        .set_library(LIBRARY)
        .set_function("pganalytics_launcher_main")
        .enable_spi_access()
        .set_restart_time(Some(LAUNCHER_RESTART))
        .load();
}

/// Whether a session of this kind may start a worker: not on a standby, not in a
/// parallel worker, not without a postmaster, not from a worker of ours.
pub fn may_start() -> bool {
    // SAFETY: plain accessors of the process's state.
    unsafe {
        pg_sys::IsUnderPostmaster
            && !pg_sys::IsBinaryUpgrade
            && pg_sys::ParallelWorkerNumber < 0
            && !pg_sys::RecoveryInProgress()
            && (pg_sys::MyBgworkerEntry.is_null()
                || ![WORKER, HELPER].contains(&BackgroundWorker::get_name()))
    }
}

/// Has the postmaster start the worker of a database; `false` if all
/// `max_worker_processes` are taken. The launcher is woken when it ends.
pub fn start_worker(database: Oid, by: StartedBy) -> bool {
    worker(database, by).load_dynamic().is_ok()
}

/// Has a worker look once at this database, and waits until it has ended; `false`
/// if all `max_worker_processes` are taken.
pub fn work_once() -> bool {
    // SAFETY: raises an error on a standby, where no worker would ever start.
    unsafe { pg_sys::PreventCommandDuringRecovery(c"run_maintenance()".as_ptr()) };
    let Ok(started) = worker(own_database(), StartedBy::Maintenance).load_dynamic() else {
        return false;
    };
    // It fails only when the postmaster is gone.
    let _ = started.wait_for_shutdown();
    true
}

fn worker(database: Oid, by: StartedBy) -> BackgroundWorkerBuilder {
    let name = if by == StartedBy::Worker {
        HELPER
    } else {
        WORKER
    };
    let builder = BackgroundWorkerBuilder::new(name)
        .set_library(LIBRARY)
        .set_function("pganalytics_worker_main")
        .enable_spi_access()
        .set_argument(Some(Datum::from(database)));
    match by {
        StartedBy::Launcher => builder.set_notify_pid(own_pid()),
        StartedBy::Session => builder.set_extra(ON_DEMAND),
        StartedBy::Maintenance => builder.set_extra(ONCE).set_notify_pid(own_pid()),
        StartedBy::Worker => builder,
    }
}

fn own_pid() -> i32 {
    // SAFETY: a plain variable of the process.
    unsafe { pg_sys::MyProcPid }
}

/// The database of this session.
pub fn own_database() -> Oid {
    // SAFETY: a plain variable of the process.
    unsafe { pg_sys::MyDatabaseId }
}

#[pg_guard]
#[unsafe(no_mangle)]
extern "C-unwind" fn pganalytics_launcher_main(_argument: Datum) {
    handle_signals();
    // SAFETY: once, at the start: no database, so shared catalogs only.
    unsafe {
        pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0);
    }
    configure(LAUNCHER);
    crate::worker::launch();
}

#[pg_guard]
#[unsafe(no_mangle)]
extern "C-unwind" fn pganalytics_worker_main(database: Datum) {
    handle_signals();
    // SAFETY: once, at the start, as the bootstrap superuser.
    unsafe {
        let database = Oid::from(database.value() as u32);
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, Oid::INVALID, 0);
    }
    let name = BackgroundWorker::get_name();
    let by = match BackgroundWorker::get_extra() {
        _ if name == HELPER => StartedBy::Worker,
        ON_DEMAND => StartedBy::Session,
        ONCE => StartedBy::Maintenance,
        _ => StartedBy::Launcher,
    };
    configure(name);
    crate::worker::work(by);
}
