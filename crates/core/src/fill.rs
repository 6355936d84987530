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

use std::fmt::Write;

use thiserror::Error;

use crate::error::UserError;
use crate::sql::{ident, in_range, literal, timestamptz};
use crate::window::{Width, WindowError, checked_width};

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

/// Why there is no query.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FillError {
    /// No such method.
    #[error("unrecognized method \"{0}\"")]
    Method(String),
    /// No such column.
    #[error("column \"{0}\" does not exist")]
    Column(String),
    /// The time column is something else.
    #[error("column \"{0}\" is not a date or timestamp")]
    NotTime(String),
    /// The time column tells series apart.
    #[error("column \"{0}\" cannot be both the time and in \"by\"")]
    TimeInBy(String),
    /// A time zone for times that have none.
    #[error("column \"{0}\" has no time zone")]
    NoZone(String),
    /// Hours of dates.
    #[error("windows of dates must be of whole days or months")]
    PartOfDay,
    /// The width is none, or a bound.
    #[error(transparent)]
    Window(#[from] WindowError),
}

impl UserError for FillError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Column(_) => "42703",
            Self::NotTime(_) => "42804",
            Self::Window(error) => error.sqlstate(),
            _ => "22023",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Window(error) => error.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Method(_) => "Use 'zero', 'last' or 'linear'.".to_owned(),
            Self::Column(_) => "Name a column of the relation.".to_owned(),
            Self::NotTime(_) => "Name a column of type timestamptz, timestamp or date.".to_owned(),
            Self::TimeInBy(_) => "Leave it out of \"by\".".to_owned(),
            Self::NoZone(_) => "Leave \"timezone\" out.".to_owned(),
            Self::PartOfDay => "Use a width such as '1 day', '7 days' or '1 month'.".to_owned(),
            Self::Window(error) => return error.hint(),
        })
    }
}

/// The query that answers it; its rows are those of the relation's row type.
///
/// # Errors
/// Whatever in the question does not fit the relation.
pub fn fill_gaps(question: &Question) -> Result<String, FillError> {
    Filling::of(question)?.sql()
}

/// A question that fits its relation. In the query columns are named by their place.
struct Filling<'a> {
    asked: &'a Question<'a>,
    method: Method,
    /// The place of the time column, and its kind.
    time: usize,
    kind: Kind,
    by: Vec<usize>,
}

impl<'a> Filling<'a> {
    fn of(asked: &'a Question) -> Result<Self, FillError> {
        let method = match asked.method {
            "zero" => Method::Zero,
            "last" => Method::Last,
            "linear" => Method::Linear,
            other => return Err(FillError::Method(other.to_owned())),
        };
        let place = |name: &str| {
            let found = asked.columns.iter().position(|column| column.name == name);
            found.ok_or_else(|| FillError::Column(name.to_owned()))
        };
        let time = place(asked.time)?;
        let kind = asked.columns[time].kind;
        let named = || asked.time.to_owned();
        if !matches!(kind, Kind::Instant | Kind::Timestamp | Kind::Date) {
            return Err(FillError::NotTime(named()));
        }
        if kind != Kind::Instant && asked.timezone.is_some() {
            return Err(FillError::NoZone(named()));
        }
        checked_width(asked.width)?;
        if kind == Kind::Date && asked.width.micros != 0 {
            return Err(FillError::PartOfDay);
        }
        let by = asked.by.iter().map(|name| place(name));
        let mut by = by.collect::<Result<Vec<_>, _>>()?;
        if by.contains(&time) {
            return Err(FillError::TimeInBy(named()));
        }
        by.sort_unstable();
        by.dedup();
        Ok(Self {
            asked,
            method,
            time,
            kind,
            by,
        })
    }

    fn sql(&self) -> Result<String, FillError> {
        let Self { time, .. } = self;
        let mut sql = format!(
            "WITH given AS (\n    SELECT {} FROM {} AS r WHERE {}\n)",
            self.list(|place, column| format!("r.{} AS c{place}", ident(&column.name))),
            self.asked.relation,
            self.is_given()
        );
        let series: Vec<_> = self.by.iter().map(|place| format!("c{place}")).collect();
        let (keys, from) = if series.is_empty() {
            (String::new(), String::new())
        } else {
            let keys = series.join(", ");
            (
                format!(", {keys}"),
                format!(", (SELECT DISTINCT {keys} FROM given) AS k"),
            )
        };
        // Sets take NULLs for alike.
        write!(
            sql,
            ", missing AS (
    SELECT s.start{keys} FROM {} AS s (start){from}
    EXCEPT SELECT {}{keys} FROM given
), filled AS (
    SELECT {}, false AS is_new FROM given
    UNION ALL SELECT {}, true FROM missing
)",
            self.starts()?,
            self.window(&format!("c{time}")),
            self.list(|place, _| format!("c{place}")),
            self.list(|place, column| self.new_value(place, column)),
        )
        .ok();
        let order = |place| format!("ORDER BY c{place}");
        let partition = |more: &str| match (&*series.join(", "), more) {
            ("", "") => String::new(),
            ("", more) => format!("PARTITION BY {more} "),
            (keys, "") => format!("PARTITION BY {keys} "),
            (keys, more) => format!("PARTITION BY {keys}, {more} "),
        };
        // For each number the times of the values before and after.
        let mut source = "filled";
        if self.method != Method::Zero {
            source = "placed";
            sql.push_str(", placed AS (\n    SELECT *");
            for (place, _) in self.numbers() {
                let times = format!("(c{time}) FILTER (WHERE c{place} IS NOT NULL)");
                write!(sql, ", pg_catalog.max{times} OVER up AS u{place}").ok();
                if self.method == Method::Linear {
                    write!(sql, ", pg_catalog.min{times} OVER down AS d{place}").ok();
                }
            }
            let (keys, order) = (partition(""), order(*time));
            write!(sql, "\n    FROM filled WINDOW up AS ({keys}{order})").ok();
            if self.method == Method::Linear {
                write!(sql, ", down AS ({keys}{order} DESC)").ok();
            }
            sql.push_str("\n)");
        }
        let outputs = self.list(|place, column| {
            let (sql_type, name) = (&column.sql_type, ident(&column.name));
            if self.method == Method::Zero || !self.numbers().any(|(number, _)| number == place) {
                return format!("c{place}::{sql_type} AS {name}");
            }
            let value = |of: char| {
                let keys = partition(&format!("{of}{place}"));
                format!("pg_catalog.max(c{place}) OVER ({})", keys.trim_end())
            };
            let new = match self.method {
                Method::Linear => self.between(place, column.kind, &value('u'), &value('d')),
                _ => value('u'),
            };
            format!("(CASE WHEN is_new THEN {new} ELSE c{place} END)::{sql_type} AS {name}")
        });
        let keys = self.by.iter().map(|place| format!("c{place}, "));
        let keys: String = keys.collect();
        write!(
            sql,
            "\nSELECT {outputs} FROM {source} ORDER BY {keys}c{time}"
        )
        .ok();
        Ok(sql)
    }

    fn list(&self, text: impl Fn(usize, &Column) -> String) -> String {
        let columns = self.asked.columns.iter().enumerate();
        let texts: Vec<_> = columns.map(|(place, column)| text(place, column)).collect();
        texts.join(", ")
    }

    /// The columns to be filled in.
    fn numbers(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.asked.columns.iter().enumerate();
        columns.filter(|(place, column)| column.kind.is_number() && !self.by.contains(place))
    }

    fn new_value(&self, place: usize, column: &Column) -> String {
        let sql_type = &column.sql_type;
        if place == self.time {
            format!("start::{sql_type}")
        } else if self.by.contains(&place) {
            format!("c{place}")
        } else if self.method == Method::Zero && column.kind.is_number() {
            format!("0::{sql_type}")
        } else {
            format!("NULL::{sql_type}")
        }
    }

    /// On the line from `(u, before)` to `(d, after)`.
    fn between(&self, place: usize, kind: Kind, before: &str, after: &str) -> String {
        let number = if kind == Kind::Float {
            "pg_catalog.float8"
        } else {
            "pg_catalog.numeric"
        };
        let elapsed = |to: String| {
            format!(
                "(EXTRACT(EPOCH FROM {to}) OPERATOR(pg_catalog.-) EXTRACT(EPOCH FROM u{place}))::{number}"
            )
        };
        let (before, after) = (format!("{before}::{number}"), format!("{after}::{number}"));
        let (part, whole) = (
            elapsed(format!("c{}", self.time)),
            elapsed(format!("d{place}")),
        );
        format!(
            "{before} OPERATOR(pg_catalog.+) (({after} OPERATOR(pg_catalog.-) {before}) \
OPERATOR(pg_catalog.*) {part} OPERATOR(pg_catalog./) {whole})"
        )
    }

    /// A bound, of the type that windows of the column are counted in. Times without a time
    /// zone are compared as the caller's clocks show the bound.
    fn bound(&self, ts: i64) -> String {
        let bound = timestamptz(ts);
        if self.kind == Kind::Instant {
            bound
        } else {
            format!("{bound}::pg_catalog.timestamp")
        }
    }

    fn time(&self, column: &str) -> String {
        if self.kind == Kind::Date {
            format!("{column}::pg_catalog.timestamp")
        } else {
            column.to_owned()
        }
    }

    fn is_given(&self) -> String {
        let column = format!("r.{}", ident(self.asked.time));
        let [from, to] =
            [self.asked.from, self.asked.to].map(|bound| bound.map(|ts| self.bound(ts)));
        let range = in_range(" AND ", &self.time(&column), from, to);
        format!("pg_catalog.isfinite({column}){range}")
    }

    fn arguments(&self) -> String {
        let Width {
            months,
            days,
            micros,
        } = self.asked.width;
        let mut text =
            format!(", '{months} months {days} days {micros} microseconds'::pg_catalog.interval");
        if let Some(zone) = self.asked.timezone {
            write!(text, ", {}::pg_catalog.text", literal(zone)).ok();
        }
        text
    }

    /// The start of the window of a time.
    fn window(&self, column: &str) -> String {
        format!(
            "pganalytics.tumble({}{})",
            self.time(column),
            self.arguments()
        )
    }

    /// All windows.
    fn starts(&self) -> Result<String, FillError> {
        let column = format!("c{}", self.time);
        let bound = |bound: Option<i64>, else_from: String| match bound {
            Some(i64::MIN | i64::MAX) => Err(FillError::Window(WindowError::NotFinite("range"))),
            Some(ts) => Ok(self.bound(ts)),
            None => Ok(else_from),
        };
        let edge = |end: &str| self.time(&format!("pg_catalog.{end}({column})"));
        let first = format!("pganalytics.tumble({}{})", edge("min"), self.arguments());
        let after = "OPERATOR(pg_catalog.+) '1 microsecond'::pg_catalog.interval";
        let from = bound(self.asked.from, format!("(SELECT {first} FROM given)"))?;
        let to = bound(
            self.asked.to,
            format!("(SELECT {} {after} FROM given)", edge("max")),
        )?;
        Ok(format!(
            "pganalytics.window_starts({from}, {to}{})",
            self.arguments()
        ))
    }
}

#[cfg(test)]
mod tests;
