//! Transactions of a background worker, subtransactions for what may fail, and what
//! to do once a session's own one has committed.

use super::error::{ErrorReport, OrRaise, sqlstate_text};
use super::lock::pin_extension;
use super::snapshot::Snapshot;
use pganalytics_core::error::Error;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use pgrx::prelude::*;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::panic::AssertUnwindSafe;

unsafe extern "C-unwind" {
    // Left out by pgrx, which calls it for the codes that it knows.
    fn errcode(code: c_int) -> c_int;
}

/// Why a transaction or subtransaction was rolled back.
pub struct Failure {
    code: PgSqlErrorCode,
    /// The same as PostgreSQL has it, which a user's function may have made up.
    raw_code: i32,
    /// The character of a text read by PostgreSQL that it is about, from 1; 0: unknown.
    pub position: i32,
    pub message: String,
    caught: CaughtError,
}

impl Failure {
    fn new(caught: CaughtError, noted_code: i32, position: i32) -> Self {
        let report = report_of(&caught);
        let code = report.sql_error_code();
        Self {
            code,
            raw_code: if noted_code != 0 {
                noted_code
            } else {
                code as i32
            },
            position,
            message: report.message().to_owned(),
            caught,
        }
    }

    /// The five characters of its SQLSTATE.
    pub fn sqlstate(&self) -> String {
        sqlstate_text(self.raw_code)
    }

    /// Goes on as if nobody had caught it.
    pub fn raise(self) -> ! {
        self.keep_code();
        self.caught.rethrow()
    }

    /// The same with `note` added to its detail.
    pub fn raise_noted(self, note: &str) -> ! {
        self.keep_code();
        let before = report_of(&self.caught);
        let detail = match before.detail() {
            Some(detail) => format!("{detail}\n{note}"),
            None => note.into(),
        };
        let report = ErrorReport::new(self.code, self.message, "").set_detail(detail);
        let report = match before.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        };
        report.report(PgLogLevel::ERROR);
        unreachable!("ERROR does not return")
    }

    /// Has it keep a code that pgrx does not know when it leaves Rust.
    fn keep_code(&self) {
        if self.raw_code == self.code as i32 {
            return;
        }
        let kept = KEPT_CODE.with(UnsafeCell::get);
        // SAFETY: it lives as long as the process, and is only on the stack of callbacks
        // between here and the handler of the error, which puts that back.
        unsafe {
            if pg_sys::error_context_stack != kept {
                (*kept).previous = pg_sys::error_context_stack;
            }
            (*kept).callback = Some(set_code);
            (*kept).arg = self.raw_code as usize as *mut c_void;
            pg_sys::error_context_stack = kept;
        }
    }

    /// Whether somebody was in the way, and nothing is wrong.
    pub fn is_passing(&self) -> bool {
        use PgSqlErrorCode::*;
        matches!(
            self.code,
            ERRCODE_LOCK_NOT_AVAILABLE | ERRCODE_T_R_DEADLOCK_DETECTED | ERRCODE_QUERY_CANCELED
        )
    }

    /// Whether the command is to be given up.
    pub fn is_cancel(&self) -> bool {
        use PgSqlErrorCode::*;
        matches!(
            self.code,
            ERRCODE_QUERY_CANCELED | ERRCODE_ADMIN_SHUTDOWN | ERRCODE_CRASH_SHUTDOWN
        )
    }

    /// Whether somebody holds a lock that was not waited for.
    pub fn is_locked_out(&self) -> bool {
        self.code == PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE
    }

    /// Writes it to the server log.
    pub fn warn(&self, doing: &str) {
        let message = format!("{doing}: {}", self.message);
        ereport!(WARNING, self.code, message);
    }
}

fn report_of(caught: &CaughtError) -> &ErrorReportWithLevel {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic {
        ereport: report, ..
    }) = caught;
    report
}

/// Runs `body` and catches its error.
pub(super) fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    let noted = Noted::default();
    let mut noting = pg_sys::ErrorContextCallback {
        // SAFETY: a plain variable of the backend.
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(note),
        arg: (&raw const noted).cast_mut().cast(),
    };
    // SAFETY: taken off again below, whatever `body` does.
    unsafe { pg_sys::error_context_stack = &raw mut noting };
    let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Ok(body())))
        .catch_others(Err)
        .execute();
    // SAFETY: as it was.
    let kept = unsafe { (&raw mut pg_sys::error_context_stack).replace(noting.previous) };
    outcome.map_err(|caught| {
        let is_kept = kept == KEPT_CODE.with(UnsafeCell::get);
        let code = match caught {
            // SAFETY: raised here a moment ago, and still in Rust.
            _ if is_kept => unsafe { (*kept).arg as usize as i32 },
            CaughtError::PostgresError(_) => noted.code.get(),
            _ => 0,
        };
        Failure::new(caught, code, noted.position.get())
    })
}

thread_local! {
    /// Sets the code of an error on its way out of Rust.
    static KEPT_CODE: UnsafeCell<pg_sys::ErrorContextCallback> = const {
        UnsafeCell::new(pg_sys::ErrorContextCallback {
            previous: std::ptr::null_mut(),
            callback: None,
            arg: std::ptr::null_mut(),
        })
    };
}

/// Gives an error that has lost its code the one it had.
unsafe extern "C-unwind" fn set_code(code: *mut c_void) {
    // SAFETY: PostgreSQL calls this while it has an error at hand.
    unsafe {
        if pg_sys::geterrcode() == PgSqlErrorCode::ERRCODE_INTERNAL_ERROR as i32 {
            errcode(code as usize as c_int);
        }
    }
}

/// What pgrx loses of an error: a code that PostgreSQL does not define, which it takes for
/// that of internal errors, and the position.
#[derive(Default)]
struct Noted {
    code: Cell<i32>,
    position: Cell<i32>,
}

/// Notes it when an error is about to be thrown. SPI has by then made the position in the text
/// that it was given an internal one.
unsafe extern "C-unwind" fn note(noted: *mut c_void) {
    // SAFETY: PostgreSQL calls this while it has an error at hand, with the argument
    // that `catch` has set.
    unsafe {
        let noted = &*noted.cast::<Noted>();
        noted.code.set(pg_sys::geterrcode());
        let position = pg_sys::getinternalerrposition().max(pg_sys::geterrposition());
        noted.position.set(position);
    }
}

/// Runs `body` in a transaction and commits, or rolls back and says why. No
/// transaction may be open: this is for background workers.
pub fn run<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Failure> {
    run_at_top_level(|| {
        // SPI wants one around it, as every statement of a session has.
        let snapshot = Snapshot::take();
        let value = body().or_raise();
        drop(snapshot);
        value
    })
}

/// The same, with the extension kept from being dropped; `None` if it is not there.
pub fn run_pinned<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<Option<T>, Failure> {
    run(|| pin_extension().then(body).transpose())
}

/// [`run`] for a command that may end the transaction and begin others.
pub(super) fn run_at_top_level<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    let steps = || {
        // SAFETY: no transaction is open.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
        }
        let value = body();
        // SAFETY: the transaction begun above, or the one that `body` leaves open.
        unsafe { pg_sys::CommitTransactionCommand() };
        value
    };
    // SAFETY: rolls back and cleans up from any state of a transaction.
    catch(steps).inspect_err(|_| unsafe { pg_sys::AbortCurrentTransaction() })
}

/// Runs `body` in a subtransaction: if it fails, all is as it was before, which the
/// transaction would not be otherwise.
///
/// Nothing is written for it, and no transaction id assigned, unless `body` writes:
/// it may run on a standby. PostgreSQL puts back who is acting, the settings, the
/// snapshots and the connections to SPI; what guards do while a failure unwinds is
/// the same. Only parallel workers cannot: functions that come here are PARALLEL UNSAFE.
pub fn attempt<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    in_subtransaction(body, true)
}

/// The same, only to see whether it fails: in any case all is as it was before.
pub fn rehearse<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    in_subtransaction(body, false)
}

fn in_subtransaction<T>(body: impl FnOnce() -> T, keep: bool) -> Result<T, Failure> {
    // SAFETY: inside a transaction. As in the exception blocks of PL/pgSQL: the memory
    // context and resource owner of before are those of the enclosing transaction.
    let (context, owner) = unsafe {
        let before = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(before.0);
        before
    };
    let outcome = catch(body);
    // SAFETY: ends the subtransaction begun above; those that `body` may have left open
    // when it failed end with it.
    unsafe {
        match outcome {
            Ok(_) if keep => pg_sys::ReleaseCurrentSubTransaction(),
            _ => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
    }
    outcome
}

thread_local! {
    static AFTER_COMMIT: Cell<Option<fn()>> = const { Cell::new(None) };
    static WATCHING: OnceCell<()> = const { OnceCell::new() };
}

/// Has `action` run once this session has committed, so that others see what it
/// did: this transaction, or a later one if this is rolled back. It must not be
/// able to fail.
pub fn after_commit(action: fn()) {
    AFTER_COMMIT.set(Some(action));
    WATCHING.with(|watching| {
        // SAFETY: the callback lives as long as the library, which is never unloaded.
        watching.get_or_init(|| unsafe {
            pg_sys::RegisterXactCallback(Some(transaction_event), std::ptr::null_mut());
        });
    });
}

#[pg_guard]
extern "C-unwind" fn transaction_event(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    if event == pg_sys::XactEvent::XACT_EVENT_COMMIT
        && let Some(action) = AFTER_COMMIT.take()
    {
        action();
    }
}
