//! Questions to a log: the core writes them as SQL, from names and expressions that are
//! taken apart and quoted here. PL/pgSQL runs them as whoever asks, so nobody sees what
//! they could not SELECT.

use pganalytics_core::error::{self, Error};
use pgrx::prelude::*;

use crate::catalog::names;
use crate::pg::Oid;
use crate::pg::encoding::decoded;
use crate::pg::error::{ErrorReport, noting, report};
use crate::pg::query::is_one_expression;
use crate::pg::security::require_select;
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

/// What is asked: an event table, or whatever else has the columns of one that the question
/// needs (a projection without GROUP BY, a view).
pub struct Relation {
    oid: Oid,
    /// As SQL names it.
    pub sql: String,
}

impl Relation {
    /// Of the argument `event_table`; `by_type`: whether the question names types of events.
    ///
    /// # Errors
    /// NULL. (A column that is not there is raised, and that it is not to be read.)
    pub fn new(table: Option<Oid>, by_type: bool) -> Result<Self, ErrorReport> {
        let oid = required(table, "event_table")?;
        let sql = names::sql_name(oid);
        let relation = Self { oid, sql };
        let columns = if by_type {
            "occurred_at, event_type"
        } else {
            "occurred_at"
        };
        let note = format!(
            "What is asked must have {columns}, as event tables do; a view can give other columns these names."
        );
        noting(&note, || relation.analyse(columns));
        // Who may not read it is told so here, without the long query.
        require_select(oid);
        Ok(relation)
    }

    /// An expression of the caller's over the columns, in parentheses.
    ///
    /// # Errors
    /// Text that is more or less than one expression. (What PostgreSQL finds wrong with it is
    /// raised here, where the argument is known, and not out of the middle of a long query.)
    pub fn expression(&self, argument: &str, text: &str) -> Result<String, ErrorReport> {
        self.checked(argument, text, "")
    }

    /// The same for an expression that must be boolean.
    ///
    /// # Errors
    /// As for [`Self::expression`].
    pub fn condition(&self, argument: &str, text: &str) -> Result<String, ErrorReport> {
        self.checked(argument, text, "NOT ")
    }

    fn checked(&self, argument: &str, text: &str, before: &str) -> Result<String, ErrorReport> {
        if !is_one_expression(text) {
            return Err(report(Error::BadArgument {
                message: format!("argument \"{argument}\" is not one expression: {text}"),
                hint: "Give an expression as it stands in a SELECT, over the columns of the event table.",
            }));
        }
        let expression = format!("({text}\n)");
        noting(&format!("In argument \"{argument}\": {text}"), || {
            self.analyse(&format!("{before}{expression}"));
        });
        Ok(expression)
    }

    fn analyse(&self, selected: &str) {
        spi::analyse(&format!("SELECT {selected} FROM {}", self.sql));
    }

    /// Whether it has a column of this name and type.
    pub fn has_column(&self, name: &str, of_type: &str) -> bool {
        let rows = spi::run(
            "SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid OPERATOR(pg_catalog.=) $1 \
             AND attname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
             AND atttypid OPERATOR(pg_catalog.=) $3::pg_catalog.regtype",
            vec![Arg::Oid(self.oid), Arg::Text(name), Arg::Text(of_type)],
            Under::Active,
        );
        !rows.is_empty()
    }
}
