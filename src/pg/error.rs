//! The one conversion from errors of the core to what PostgreSQL reports.

use pganalytics_core::error::UserError;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// `MAKE_SQLSTATE`: five characters, six bits each.
fn sqlstate(code: &str) -> PgSqlErrorCode {
    let bits = code.bytes().rev().fold(0i32, |bits, c| {
        (bits << 6) | (i32::from(c) - i32::from(b'0')) & 0x3F
    });
    PgSqlErrorCode::from(bits)
}

/// The inverse: the five characters of a code.
pub fn sqlstate_text(code: PgSqlErrorCode) -> String {
    let bits = code as i32;
    (0..5)
        .map(|place| char::from(((bits >> (6 * place)) & 0x3F) as u8 + b'0'))
        .collect()
}

/// Raises `error` in the current transaction.
pub fn raise(error: &dyn UserError) -> ! {
    let mut report = ErrorReport::new(sqlstate(error.sqlstate()), error.to_string(), "");
    if let Some(detail) = error.detail() {
        report = report.set_detail(detail);
    }
    if let Some(hint) = error.hint() {
        report = report.set_hint(hint);
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// Ends a boundary function: the value, or the error raised.
pub trait OrRaise<T> {
    /// The value, or the error raised.
    fn or_raise(self) -> T;
}

impl<T, E: UserError> OrRaise<T> for Result<T, E> {
    fn or_raise(self) -> T {
        self.unwrap_or_else(|error| raise(&error))
    }
}
