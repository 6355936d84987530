//! Background workers: starting them, and what each does first and in between.

use super::Oid;
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder};
use pgrx::pg_sys::{self, Datum};
use pgrx::prelude::*;
use std::ffi::{CString, c_int};
use std::time::Duration;

/// The `backend_type` of the launcher.
const LAUNCHER: &str = "pg_analytics launcher";
/// The `backend_type` of the worker of a database.
const WORKER: &str = "pg_analytics worker";

const LIBRARY: &str = "pg_analytics";
const ON_DEMAND: &str = "on demand";
/// How soon the postmaster restarts a launcher that died.
const LAUNCHER_RESTART: Duration = Duration::from_secs(5);

unsafe extern "C-unwind" {
    // The handlers themselves: pgrx's wrappers are not meant for signals.
    fn die(signal: c_int);
    fn SignalHandlerForConfigReload(signal: c_int);
}

/// Who asked for a worker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// The launcher, which sees to it that there is one.
    Launcher,
    /// A session that found none running.
    Session,
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
            && (pg_sys::MyBgworkerEntry.is_null() || BackgroundWorker::get_name() != WORKER)
    }
}

/// Has the postmaster start the worker of a database; `false` if all
/// `max_worker_processes` are taken. The launcher is woken when it ends.
pub fn start_worker(database: Oid, by: StartedBy) -> bool {
    let builder = BackgroundWorkerBuilder::new(WORKER)
        .set_library(LIBRARY)
        .set_function("pganalytics_worker_main")
        .enable_spi_access()
        .set_argument(Some(Datum::from(database)));
    let builder = match by {
        // SAFETY: a plain variable of the process.
        StartedBy::Launcher => builder.set_notify_pid(unsafe { pg_sys::MyProcPid }),
        StartedBy::Session => builder.set_extra(ON_DEMAND),
    };
    builder.load_dynamic().is_ok()
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
    configure(WORKER);
    let by = if BackgroundWorker::get_extra() == ON_DEMAND {
        StartedBy::Session
    } else {
        StartedBy::Launcher
    };
    crate::worker::work(by);
}

/// SIGTERM ends the process at the next check for interrupts, also within a
/// statement; SIGHUP reads the settings again at the next nap.
fn handle_signals() {
    // SAFETY: PostgreSQL's own handlers, set before signals are let in.
    unsafe {
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(die));
        pg_sys::pqsignal(pg_sys::SIGHUP as i32, Some(SignalHandlerForConfigReload));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// The session's settings, whatever the database or the role says. A lost commit
/// loses state and checkpoint together, so none is waited for.
fn configure(name: &str) {
    for (setting, value) in [
        ("application_name", name),
        ("search_path", "pg_catalog, pg_temp"),
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"),
        ("default_transaction_deferrable", "off"),
        ("synchronous_commit", "off"),
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        // Below deadlock_timeout: whom the worker is in the way of is not
        // cancelled, the worker is.
        ("lock_timeout", "500ms"),
    ] {
        let (Ok(setting), Ok(value)) = (CString::new(setting), CString::new(value)) else {
            continue;
        };
        // SAFETY: both strings end in NUL and are copied by the callee.
        unsafe {
            pg_sys::SetConfigOption(
                setting.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
}

/// Waits so long, or until a signal comes in; then reads the settings again if
/// they have changed, and ends the process if it is told to. Outside transactions.
pub fn nap(length: Duration) {
    let milliseconds = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: the latch of this process, in its main loop.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as i32,
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
        // A cancel that comes now has nothing to cancel.
        pg_sys::QueryCancelPending = 0;
        pg_sys::check_for_interrupts!();
        if pg_sys::ConfigReloadPending != 0 {
            pg_sys::ConfigReloadPending = 0;
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
}

/// Has `pg_stat_activity` show what the process does.
pub fn report_activity(doing: &str) {
    report(pg_sys::BackendState::STATE_RUNNING, doing);
}

/// Has `pg_stat_activity` show that it does nothing, and why if that is not plain.
pub fn report_idle(why: &str) {
    report(pg_sys::BackendState::STATE_IDLE, why);
}

fn report(state: pg_sys::BackendState::Type, text: &str) {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: the text is copied.
    unsafe { pg_sys::pgstat_report_activity(state, text.as_ptr()) }
}

/// Sends the counts that autovacuum and the statistics views go by, which an
/// ordinary session does whenever it waits for a command. Outside transactions.
pub fn report_statistics() {
    // SAFETY: outside transactions, as it asks for.
    unsafe { pg_sys::pgstat_report_stat(true) };
}
