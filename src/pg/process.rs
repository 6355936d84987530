//! The process of a background worker: signals, settings, naps, and what it shows
//! of itself.

use pgrx::pg_sys;
use std::ffi::{CString, c_int, c_uint};
use std::time::Duration;

unsafe extern "C-unwind" {
    // The handlers themselves: pgrx's wrappers are not meant for signals.
    fn die(signal: c_int);
    fn SignalHandlerForConfigReload(signal: c_int);
    fn enable_timeout_after(id: c_uint, delay_ms: c_int);
    fn disable_timeout(id: c_uint, keep_indicator: bool);
}

/// `STATEMENT_TIMEOUT` of `TimeoutId`, which PostgreSQL registers for every process
/// with a database and only sets where it reads commands of a client.
const STATEMENT_TIMEOUT: c_uint = 3;

/// While it lives, what runs longer than so many milliseconds is cancelled.
pub struct TimeLimit(());

impl TimeLimit {
    /// Begins; `None`: no limit.
    pub fn begin(limit: Duration) -> Option<Self> {
        let limit = c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX);
        if limit == 0 {
            return None;
        }
        // SAFETY: the timeout is registered, and ended in `drop`.
        unsafe { enable_timeout_after(STATEMENT_TIMEOUT, limit) };
        Some(Self(()))
    }
}

impl Drop for TimeLimit {
    fn drop(&mut self) {
        // SAFETY: begun in `begin`. A cancel that came too late must not meet what
        // comes next.
        unsafe {
            disable_timeout(STATEMENT_TIMEOUT, false);
            pg_sys::QueryCancelPending = 0;
        }
    }
}

/// SIGTERM ends the process at the next check for interrupts, also within a
/// statement; SIGHUP reads the settings again at the next nap.
pub(super) fn handle_signals() {
    // SAFETY: PostgreSQL's own handlers, set before signals are let in.
    unsafe {
        pg_sys::pqsignal(pg_sys::SIGTERM as i32, Some(die));
        pg_sys::pqsignal(pg_sys::SIGHUP as i32, Some(SignalHandlerForConfigReload));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// The session's settings, whatever the database or the role says. A lost commit
/// loses state and checkpoint together, so none is waited for.
pub(super) fn configure(name: &str) {
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

/// Has a session wait, unless it is cancelled meanwhile.
pub fn pause(duration: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let milliseconds = std::ffi::c_long::try_from(duration.as_millis()).unwrap_or(i32::MAX.into());
    // SAFETY: the latch of this process.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as i32,
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
        pg_sys::check_for_interrupts!();
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
