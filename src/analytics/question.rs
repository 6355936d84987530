//! Questions to a log: the core writes them as SQL, from names and expressions that are
//! taken apart and quoted here. PL/pgSQL runs them as whoever asks, so nobody sees what
//! they could not SELECT.

use pganalytics_core::error::Error;
use pgrx::prelude::*;

use crate::catalog::names;
use crate::pg::error::{ErrorReport, report};
use crate::pg::query::is_one_expression;

/// An expression of the caller's, in parentheses.
///
/// # Errors
/// Text that is more or less than one expression.
pub fn expression(argument: &str, text: &str) -> Result<String, ErrorReport> {
    if is_one_expression(text) {
        return Ok(format!("({text}\n)"));
    }
    Err(report(Error::BadArgument {
        message: format!("argument \"{argument}\" is not one expression: {text}"),
        hint: "Give an expression as it stands in a SELECT, over the columns of the event table.",
    }))
}

/// The relation that is asked, as SQL names it: an event table, or whatever else has the
/// columns of one that the question needs (a projection without GROUP BY, a view).
pub fn relation(table: pg_sys::Oid) -> String {
    names::sql_name(table)
}
