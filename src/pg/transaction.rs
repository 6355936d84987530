//! Transactions of a background worker, subtransactions for what may fail, and what
//! to do once a session's own one has committed.

use super::error::{OrRaise, sqlstate_text};
use super::lock::pin_extension;
use super::snapshot::Snapshot;
use pganalytics_core::error::Error;
use pgrx::pg_sys::{self, panic::CaughtError};
use pgrx::prelude::*;
use std::cell::{Cell, OnceCell};
use std::panic::AssertUnwindSafe;

/// Why a transaction or subtransaction was rolled back.
pub struct Failure {
    code: PgSqlErrorCode,
    /// The same as PostgreSQL has it, which a user's function may have made up.
    raw_code: i32,
    pub message: String,
    caught: CaughtError,
}

impl Failure {
    fn new(caught: CaughtError, noted_code: i32) -> Self {
        let (CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic {
            ereport: report, ..
        }) = &caught;
        let code = report.sql_error_code();
        let is_noted = noted_code != 0 && matches!(caught, CaughtError::PostgresError(_));
        Self {
            code,
            raw_code: if is_noted { noted_code } else { code as i32 },
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
        self.caught.rethrow()
    }

    /// Whether somebody was in the way, and nothing is wrong.
    pub fn is_passing(&self) -> bool {
        use PgSqlErrorCode::*;
        matches!(
            self.code,
            ERRCODE_LOCK_NOT_AVAILABLE | ERRCODE_T_R_DEADLOCK_DETECTED | ERRCODE_QUERY_CANCELED
        )
    }

    /// Writes it to the server log.
    pub fn warn(&self, doing: &str) {
        let message = format!("{doing}: {}", self.message);
        ereport!(WARNING, self.code, message);
    }
}

/// Runs `body` and catches its error.
fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    let code = Cell::new(0);
    let mut noting = pg_sys::ErrorContextCallback {
        // SAFETY: a plain variable of the backend.
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(note_code),
        arg: (&raw const code).cast_mut().cast(),
    };
    // SAFETY: taken off again below, whatever `body` does.
    unsafe { pg_sys::error_context_stack = &raw mut noting };
    let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Ok(body())))
        .catch_others(Err)
        .execute();
    // SAFETY: as it was.
    unsafe { pg_sys::error_context_stack = noting.previous };
    outcome.map_err(|caught| Failure::new(caught, code.get()))
}

/// Notes the code of an error that is about to be thrown: pgrx keeps those that
/// PostgreSQL defines and takes all others for internal errors.
unsafe extern "C-unwind" fn note_code(code: *mut std::ffi::c_void) {
    // SAFETY: PostgreSQL calls this while it has an error at hand, with the argument
    // that `catch` has set.
    unsafe { (*code.cast::<Cell<i32>>()).set(pg_sys::geterrcode()) }
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
extern "C-unwind" fn transaction_event(
    event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    if event == pg_sys::XactEvent::XACT_EVENT_COMMIT
        && let Some(action) = AFTER_COMMIT.take()
    {
        action();
    }
}
