//! The log that a question is asked of, and which part of it.

use super::Period;
use super::period::op;
use crate::sql::timestamptz;
use crate::window::MICROS_PER_DAY;

/// The second day of the year 1.
const BEGIN: i64 = -730_118 * MICROS_PER_DAY;
/// The last instant of the year 9999.
const END: i64 = 2_921_940 * MICROS_PER_DAY - 1;
/// The time of an event, whatever column of time the relation has.
pub const AT: &str = "(occurred_at)::timestamp with time zone";

/// What a question is asked of.
#[derive(Clone, Debug)]
pub struct Source {
    /// An event table or whatever has its columns, as SQL.
    pub relation: String,
    /// Whose events they are: an expression.
    pub entity: String,
    /// The periods that are counted.
    pub period: Period,
    /// Where the range begins: microseconds since 2000, as PostgreSQL counts.
    pub from: Option<i64>,
    /// Where it ends.
    pub to: Option<i64>,
}

impl Source {
    /// The entity, compared byte by byte.
    pub fn entity(&self) -> String {
        format!(
            "({})::pg_catalog.text COLLATE pg_catalog.\"C\"",
            self.entity
        )
    }

    /// Events of this condition that lie in any period, from the start of one to that of
    /// another if these are limited.
    pub fn events(&self, since: Option<&str>, until: Option<&str>, condition: &str) -> String {
        let since = since.map_or_else(|| instant(BEGIN), |number| self.period.start(number));
        let end = until.map(|number| op(AT, "<", self.period.start(number)));
        let mut conditions = vec![op(AT, ">=", since), op(AT, "<=", instant(END))];
        conditions.extend(end);
        if condition != "true" {
            conditions.push(format!("({condition})"));
        }
        format!("FROM {} WHERE {}", self.relation, conditions.join(" AND "))
    }

    /// The number of the first period of the range, if it has one.
    pub fn first(&self) -> Option<String> {
        if self.is_empty() {
            return Some("1".to_owned());
        }
        let from = self.from.filter(|&from| from > BEGIN)?;
        Some(self.period.number(&instant(from)))
    }

    /// That of the last.
    pub fn last(&self) -> Option<String> {
        if self.is_empty() {
            return Some("0".to_owned());
        }
        let to = self.to.filter(|&to| to <= END)?;
        Some(self.period.number(&instant(to - 1)))
    }

    /// Whether the range holds no moment of any period.
    fn is_empty(&self) -> bool {
        let (from, to) = (self.from.unwrap_or(BEGIN), self.to.unwrap_or(END));
        from >= to || from > END || to <= BEGIN
    }

    /// Rows of a number of each period, empty ones too; without a range from the first that
    /// `counted` has to the last.
    pub fn frame(&self, first: Option<&str>, counted: &str) -> String {
        let first = first.unwrap_or("least");
        let last = self.last();
        let last = last.as_deref().unwrap_or("most");
        format!(
            "SELECT pg_catalog.generate_series({first}, {last}) AS period
    FROM (SELECT pg_catalog.min(period) AS least, pg_catalog.max(period) AS most FROM {counted}) c"
        )
    }
}

/// An instant as a literal; those outside of the years that there are periods in are as good as
/// infinite.
pub fn instant(micros: i64) -> String {
    timestamptz(match micros {
        ..BEGIN => i64::MIN,
        BEGIN..=END => micros,
        _ => i64::MAX,
    })
}

/// Several conditions as one.
pub fn all(conditions: impl IntoIterator<Item = Option<String>>) -> String {
    let all: Vec<_> = conditions.into_iter().flatten().collect();
    if all.is_empty() {
        return "true".to_owned();
    }
    all.join(" AND ")
}
