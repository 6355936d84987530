//! The one conversion of our errors into PostgreSQL's reports.

use pganalytics_core::error::UserError;
use pgrx::pg_sys::errcodes::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;

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

/// PostgreSQL's MAKE_SQLSTATE: six bits for each of the five characters.
fn encode(sqlstate: &str) -> i32 {
    sqlstate.bytes().rev().fold(0, |code, character| {
        code << 6 | (i32::from(character) - i32::from(b'0')) & 0x3F
    })
}
