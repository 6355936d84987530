//! The query behind `fill_gaps()`: the rows of a relation, and one for each window
//! that has none.
//!
//! The windows are those of `tumble()` that begin in `[from, to)`; without a bound, from the
//! window of the first row on, or to that of the last. The rows are those with a time in
//! `[from, to)`, wherever in their window it lies; those without a finite time are left
//! out. Each distinct value of the columns `by` among them is a series of its own, NULLs
//! alike; without `by` all rows are one series, which is there even if it has no rows.
//!
//! A window of a series is missing if no row of the series lies in it. Its row has the start
//! of the window as its time, the series' values in the columns `by`, and in columns of
//! numbers, by method,
//! - `zero`: 0,
//! - `last`: the value of the last row before that has one,
//! - `linear`: what lies on the line between that and the next row that has one, by elapsed
//!   time; rounded where the column is of integers.
//!
//! and NULL where there are no such rows, and in all other columns. Of several rows of a
//! series at one time the greatest value counts. Rows that are there are not changed, NULLs in
//! them neither.

mod error;
mod query;
#[cfg(test)]
mod tests;

pub use error::FillError;
pub use query::fill_gaps;

use crate::window::Width;

/// How numbers are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// 0
    Zero,
    /// The value before.
    Last,
    /// Between the values before and after.
    Linear,
}

impl Method {
    /// By its name.
    ///
    /// # Errors
    /// No such method.
    pub fn of(name: &str) -> Result<Self, FillError> {
        match name {
            "zero" => Ok(Self::Zero),
            "last" => Ok(Self::Last),
            "linear" => Ok(Self::Linear),
            _ => Err(FillError::Method(name.to_owned())),
        }
    }
}

/// What kind of values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// timestamptz
    Instant,
    /// timestamp
    Timestamp,
    /// date
    Date,
    /// An integer, or numeric.
    Exact,
    /// real, or double precision.
    Float,
    /// Anything else.
    Other,
}

impl Kind {
    /// Of the type of this name, as in `pg_type`.
    #[must_use]
    pub fn of(type_name: &str) -> Self {
        match type_name {
            "timestamptz" => Self::Instant,
            "timestamp" => Self::Timestamp,
            "date" => Self::Date,
            "int2" | "int4" | "int8" | "numeric" => Self::Exact,
            "float4" | "float8" => Self::Float,
            _ => Self::Other,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Exact | Self::Float)
    }
}

/// A column of the relation.
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as SQL, with its modifier.
    pub sql_type: String,
    /// What that is.
    pub kind: Kind,
}

/// What is asked.
pub struct Question<'a> {
    /// The relation, as SQL.
    pub relation: &'a str,
    /// Its columns.
    pub columns: &'a [Column],
    /// The column of the time.
    pub time: &'a str,
    /// The width of the windows.
    pub width: Width,
    /// Where they begin at the earliest.
    pub from: Option<i64>,
    /// Where they have begun.
    pub to: Option<i64>,
    /// `zero`, `last` or `linear`.
    pub method: &'a str,
    /// By whose clocks days are counted.
    pub timezone: Option<&'a str>,
    /// The columns that tell series apart.
    pub by: &'a [String],
}
