//! `fill_gaps()` as SQL.

use std::fmt::Write;

use super::{Column, FillError, Kind, Method, Question};
use crate::sql::{ident, in_range, literal, timestamptz};
use crate::window::{WindowError, checked_width};

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
        let method = Method::of(asked.method)?;
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
        let mut text = format!(", {}", self.asked.width.sql());
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
