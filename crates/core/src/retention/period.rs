//! Periods of time, as SQL: which one holds an instant, and where they begin.

use super::RetentionError;
use crate::sql::literal;
use crate::window::{MICROS_PER_DAY, Width};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MONTHS: i32 = 100 * 12;
const DAYS: i32 = 100 * 366;
const SECONDS: i64 = DAYS as i64 * MICROS_PER_DAY / MICROS_PER_SECOND;
/// Seconds of 2001-01-01 since 1970.
const ORIGIN: i64 = 978_307_200;
/// 2001-01-01. `DATE '…'` would be of whatever type the caller's search_path or temporary
/// schema has of that name.
const ORIGIN_DATE: &str = "'2001-01-01'::pg_catalog.date";
/// The month of 2001-01, counted from the first of the year 0.
const ORIGIN_MONTH: i32 = 2001 * 12 + 1;

/// How long a period is, and where: so many of one unit, in a time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    unit: Unit,
    /// As a literal.
    timezone: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Months(i32),
    Days(i32),
    Seconds(i64),
}

/// `left operator right`, whatever operators the caller's search_path has.
pub fn op(left: impl AsRef<str>, operator: &str, right: impl ToString) -> String {
    let (left, right) = (left.as_ref(), right.to_string());
    format!("({left} OPERATOR(pg_catalog.{operator}) {right})")
}

impl Period {
    /// Of an interval and the name of a time zone.
    ///
    /// # Errors
    /// An interval that is no period.
    pub fn new(width: Width, timezone: &str) -> Result<Self, RetentionError> {
        let Width {
            months,
            days,
            micros,
        } = width;
        let is_in_range = match (months, days, micros) {
            (_, 0, 0) => (1..=MONTHS).contains(&months),
            (0, _, 0) => (1..=DAYS).contains(&days),
            (0, 0, _) => (1..=SECONDS).contains(&(micros / MICROS_PER_SECOND)),
            _ => return Err(RetentionError::Mixed),
        };
        if micros % MICROS_PER_SECOND != 0 {
            return Err(RetentionError::Mixed);
        }
        if !is_in_range {
            return Err(RetentionError::Length);
        }
        let unit = match (months, days) {
            (0, 0) => Unit::Seconds(micros / MICROS_PER_SECOND),
            (0, _) => Unit::Days(days),
            _ => Unit::Months(months),
        };
        let timezone = literal(timezone);
        Ok(Self { unit, timezone })
    }

    /// The number of the calendar period that holds `at`.
    pub fn number(&self, at: &str) -> String {
        let local = self.zoned(at);
        match self.unit {
            Unit::Months(width) => {
                let month = op(month_of(&local), "-", ORIGIN_MONTH);
                format!("{}::integer", floor(&op(month, "/", width)))
            }
            Unit::Days(width) => {
                let date = format!("({local})::pg_catalog.date");
                let days = op(date, "-", ORIGIN_DATE);
                match width {
                    1 => days,
                    // Divided as float8: integers are rounded towards zero.
                    _ => {
                        let days = format!("{days}::double precision");
                        format!("{}::integer", floor(&op(days, "/", width)))
                    }
                }
            }
            // The start is exact, and a whole number of seconds: so is what follows.
            Unit::Seconds(width) => {
                let start =
                    format!("pganalytics.tumble({at}, pg_catalog.make_interval(secs => {width}))");
                let seconds = op(seconds(&start), "-", ORIGIN);
                format!("{}::bigint", op(seconds, "/", width))
            }
        }
    }

    /// When the calendar period of this number begins.
    pub fn start(&self, number: &str) -> String {
        match self.unit {
            Unit::Months(width) => {
                let months = op(number, "*", width);
                let months = format!("pg_catalog.make_interval(months => {months})");
                self.zoned(&op("TIMESTAMP '2001-01-01'", "+", months))
            }
            Unit::Days(width) => {
                let date = op(ORIGIN_DATE, "+", op(number, "*", width));
                self.zoned(&format!("{date}::timestamp without time zone"))
            }
            Unit::Seconds(width) => {
                let seconds = op(ORIGIN.to_string(), "+", op(number, "*", width));
                format!("pg_catalog.to_timestamp({seconds}::double precision)")
            }
        }
    }

    /// `entered` moved by so many periods; days and months keep the time of day.
    pub fn shifted(&self, entered: &str, number: &str) -> String {
        let moved = |base: &str, unit, width: i64| {
            let count = op(number, "*", width);
            op(
                base,
                "+",
                format!("pg_catalog.make_interval({unit} => {count})"),
            )
        };
        let local = self.zoned(entered);
        match self.unit {
            Unit::Months(width) => self.zoned(&moved(&local, "months", width.into())),
            Unit::Days(width) => self.zoned(&moved(&local, "days", width.into())),
            Unit::Seconds(width) => moved(entered, "secs", width),
        }
    }

    /// How many periods lie between, or one more: wall clocks are compared, of which those
    /// that show a time twice are ahead of [`Self::shifted`], which means the second.
    pub fn about(&self, entered: &str, at: &str) -> String {
        let (from, to) = (self.zoned(entered), self.zoned(at));
        match self.unit {
            Unit::Months(width) => {
                let months = op(month_of(&to), "-", month_of(&from));
                format!("{}::integer", floor(&op(months, "/", width)))
            }
            Unit::Days(width) => {
                let seconds = seconds(&op(to, "-", from));
                let width = i64::from(width) * (MICROS_PER_DAY / MICROS_PER_SECOND);
                format!("{}::integer", floor(&op(seconds, "/", width)))
            }
            Unit::Seconds(width) => {
                let seconds = seconds(&op(at, "-", entered));
                format!("{}::bigint", floor(&op(seconds, "/", width)))
            }
        }
    }

    /// An instant as the wall clock of the time zone shows it, or the reverse.
    fn zoned(&self, time: &str) -> String {
        format!("pg_catalog.timezone({}, {time})", self.timezone)
    }
}

fn floor(number: &str) -> String {
    format!("pg_catalog.floor({number})")
}

fn seconds(time: &str) -> String {
    format!("pg_catalog.date_part('epoch', {time})")
}

/// The month of a local time, counted from the beginning of the year 0.
fn month_of(local: &str) -> String {
    let part = |name| format!("pg_catalog.date_part('{name}', {local})");
    op(op(part("year"), "*", 12), "+", part("month"))
}
