//! The one conversion from errors of the core to what PostgreSQL reports.

use super::transaction::catch;
use pganalytics_core::error::UserError;
use pganalytics_core::place::place;
pub use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The report of an error: its SQLSTATE, message, detail and hint.
#[track_caller]
pub fn report(error: impl UserError) -> ErrorReport {
    let code = PgSqlErrorCode::from(encode(error.sqlstate()));
    let report = ErrorReport::new(code, error.to_string(), "");
    let report = match error.detail() {
        Some(detail) => report.set_detail(detail),
        None => report,
    };
    match error.hint() {
        Some(hint) => report.set_hint(hint),
        None => report,
    }
}

/// The inverse: the five characters of a code.
pub fn sqlstate_text(code: i32) -> String {
    (0..5)
        .map(|place| char::from(((code >> (6 * place)) & 0x3F) as u8 + b'0'))
        .collect()
}

/// PostgreSQL's MAKE_SQLSTATE: six bits for each of the five characters.
fn encode(sqlstate: &str) -> i32 {
    sqlstate.bytes().rev().fold(0, |code, character| {
        (code << 6) | (i32::from(character) - i32::from(b'0')) & 0x3F
    })
}

/// Runs `body`; what it raises gets `note` added to its detail. (The CONTEXT that
/// PostgreSQL has for that does not pass through Rust.)
pub fn noting<T>(note: &str, body: impl FnOnce() -> T) -> T {
    catch(body).unwrap_or_else(|failure| failure.raise_noted(note))
}

/// Runs `body`, which has PostgreSQL read `text` after so many other characters; what it
/// raises says where in `text` that was.
pub fn locating<T>(text: &str, others: usize, body: impl FnOnce() -> T) -> T {
    catch(body).unwrap_or_else(|failure| {
        let position = usize::try_from(failure.position).unwrap_or(0);
        match place(text, position.saturating_sub(others)) {
            Some(place) => failure.raise_noted(&place),
            None => failure.raise(),
        }
    })
}

/// Raises an error where a function cannot return it to pgrx.
pub fn raise(error: impl UserError) -> ! {
    raise_report(report(error))
}

/// The same for a report that was made before.
pub fn raise_report(report: ErrorReport) -> ! {
    report.report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// Warns whoever has called, and the server log.
pub fn warn(message: String, detail: Option<String>, hint: &str) {
    let report = ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, "").set_hint(hint);
    let report = match detail {
        Some(detail) => report.set_detail(detail),
        None => report,
    };
    report.report(PgLogLevel::WARNING);
}

/// Tells whoever has called.
pub fn tell(message: String, hint: &str) {
    let code = PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION;
    let report = ErrorReport::new(code, message, "").set_hint(hint);
    report.report(PgLogLevel::NOTICE);
}

/// Ends such a function: the value, or the error raised.
pub trait OrRaise<T> {
    /// The value, or the error raised.
    fn or_raise(self) -> T;
}

impl<T, E: UserError> OrRaise<T> for Result<T, E> {
    fn or_raise(self) -> T {
        self.unwrap_or_else(|error| raise(error))
    }
}
