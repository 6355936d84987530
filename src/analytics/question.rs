//! Questions to a log: the core writes them as SQL, from names and expressions that are
//! taken apart and quoted here. PL/pgSQL runs them as whoever asks, so nobody sees what
//! they could not SELECT.

use pganalytics_core::error::{self, Error};
use pgrx::prelude::*;

use crate::catalog::names;
use crate::pg::Oid;
use crate::pg::encoding::decoded;
use crate::pg::error::{ErrorReport, report};
use crate::pg::query::is_one_expression;
use crate::pg::spi::{self, Arg, Under};

/// The value of an argument that must not be NULL.
///
/// # Errors
/// NULL.
pub fn required<T>(value: Option<T>, argument: &'static str) -> Result<T, ErrorReport> {
    error::required(value, argument).map_err(report)
}

/// The texts of an array.
pub fn texts(given: Option<Array<&[u8]>>) -> Option<Vec<Option<String>>> {
    let text = |bytes: &[u8]| decoded(bytes).into_owned();
    given.map(|given| given.iter().map(|one| one.map(text)).collect())
}

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
pub fn relation(table: Oid) -> String {
    names::sql_name(table)
}

/// Whether a relation has a column of this name and type.
pub fn has_column(relation: Oid, name: &str, of_type: &str) -> bool {
    let rows = spi::run(
        "SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid OPERATOR(pg_catalog.=) $1 \
         AND attname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
         AND atttypid OPERATOR(pg_catalog.=) $3::pg_catalog.regtype",
        vec![Arg::Oid(relation), Arg::Text(name), Arg::Text(of_type)],
        Under::Active,
    );
    !rows.is_empty()
}
