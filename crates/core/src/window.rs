//! Windows of time: which ones hold an instant.
//!
//! Works on PostgreSQL's own numbers: microseconds since 2000-01-01 00:00 UTC and
//! intervals of months, days and microseconds. Windows are counted from 2001-01-01,
//! a Monday and the first day of a year, so that weeks begin on Monday and months,
//! quarters and years where people expect them. Every instant lies in exactly one
//! tumbling window, `start <= instant < start + width`, before the origin too, and in
//! any number of hopping ones.

use chrono::{Datelike, Days, NaiveDate};
use thiserror::Error;

use crate::error::UserError;

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 2001-01-01 as days since 2000-01-01.
const ORIGIN_DAYS: i64 = 366;
const ORIGIN: i128 = ORIGIN_DAYS as i128 * MICROS_PER_DAY as i128;
const ORIGIN_YEAR: i64 = 2001;
/// The Gregorian calendar repeats after this many years and days.
const CYCLE_YEARS: i64 = 400;
const CYCLE_DAYS: i64 = 146_097;
/// PostgreSQL's MIN_TIMESTAMP, 4714-11-24 BC; what lies before cannot be a result.
pub(crate) const MIN_TIMESTAMP: i64 = -211_813_488_000_000_000;
/// PostgreSQL's first number past its timestamps, the year 294277.
pub(crate) const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;

/// The width of a window, in the three fields of a PostgreSQL interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Whole months.
    pub months: i32,
    /// Days of 24 hours.
    pub days: i32,
    /// The rest, in microseconds.
    pub micros: i64,
}

/// Why there is no window.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WindowError {
    /// Months have no fixed length in days.
    #[error("window {0} must not mix months with days or time")]
    Mixed(&'static str),
    /// Zero or negative.
    #[error("window {0} must be greater than zero")]
    NotPositive(&'static str),
    /// The window begins before PostgreSQL's first timestamp.
    #[error("timestamp out of range")]
    OutOfRange,
}

impl UserError for WindowError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Mixed(_) | Self::NotPositive(_) => "22023",
            Self::OutOfRange => "22008",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::OutOfRange => Some("The window begins before 4714-11-24 BC.".to_owned()),
            Self::Mixed(_) | Self::NotPositive(_) => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Mixed(_) => Some(
                "Use either whole months, like '1 month', or days and time, like '30 days'."
                    .to_owned(),
            ),
            Self::NotPositive(what) => Some(format!(
                "Use a {what} such as '1 hour', '7 days' or '1 month'."
            )),
            Self::OutOfRange => None,
        }
    }
}

/// From one start of a window to the next, or from the start of a window to its end.
#[derive(Clone, Copy)]
enum Step {
    Micros(i128),
    Months(i64),
}

impl Step {
    /// `what` is its name in errors.
    fn of(width: Width, what: &'static str) -> Result<Self, WindowError> {
        let span = i128::from(width.days) * i128::from(MICROS_PER_DAY) + i128::from(width.micros);
        let fixed = width.days != 0 || width.micros != 0;
        match (width.months, fixed) {
            (months, true) if months != 0 => Err(WindowError::Mixed(what)),
            (_, true) if span > 0 => Ok(Self::Micros(span)),
            (months, false) if months > 0 => Ok(Self::Months(i64::from(months))),
            _ => Err(WindowError::NotPositive(what)),
        }
    }

    /// The number of the last start up to an instant; that of the origin is 0.
    fn index(self, ts: i64) -> Result<i128, WindowError> {
        Ok(match self {
            Self::Micros(span) => (i128::from(ts) - ORIGIN).div_euclid(span),
            Self::Months(width) => month_of_day(ts.div_euclid(MICROS_PER_DAY))?
                .div_euclid(width)
                .into(),
        })
    }

    /// The start with this number.
    fn start(self, index: i128) -> Result<i128, WindowError> {
        match self {
            Self::Micros(span) => Ok(ORIGIN + index * span),
            Self::Months(width) => i64::try_from(index * i128::from(width))
                .map_err(|_| WindowError::OutOfRange)
                .and_then(first_instant_of_month),
        }
    }
}

/// The start of the tumbling window of this `width` that holds `ts`.
/// The two infinities are windows of their own.
///
/// # Errors
/// A width that is no window width, or a start before PostgreSQL's first timestamp.
pub fn tumble(ts: i64, width: Width) -> Result<i64, WindowError> {
    let step = Step::of(width, "width")?;
    if is_infinite(ts) {
        return Ok(ts);
    }
    in_range(step.start(step.index(ts)?)?)
}

const fn is_infinite(ts: i64) -> bool {
    ts == i64::MIN || ts == i64::MAX
}

fn in_range(start: i128) -> Result<i64, WindowError> {
    i64::try_from(start)
        .ok()
        .filter(|start| (MIN_TIMESTAMP..END_TIMESTAMP).contains(start))
        .ok_or(WindowError::OutOfRange)
}

/// Months from January 2001 to the month of a day (counted from 2000-01-01).
/// Moved into one cycle of the calendar first: PostgreSQL's years reach further
/// than chrono's.
fn month_of_day(day: i64) -> Result<i64, WindowError> {
    let date = u64::try_from(day.rem_euclid(CYCLE_DAYS))
        .ok()
        .and_then(|days| cycle_start()?.checked_add_days(Days::new(days)))
        .ok_or(WindowError::OutOfRange)?;
    let year = i64::from(date.year()) + day.div_euclid(CYCLE_DAYS) * CYCLE_YEARS;
    Ok((year - ORIGIN_YEAR) * 12 + i64::from(date.month0()))
}

/// The inverse: the first day of a month, counted from 2000-01-01.
fn first_day_of_month(month: i64) -> Result<i64, WindowError> {
    let years = ORIGIN_YEAR - 2000 + month.div_euclid(12);
    let start = cycle_start().ok_or(WindowError::OutOfRange)?;
    let first = i32::try_from(2000 + years.rem_euclid(CYCLE_YEARS))
        .ok()
        .zip(u32::try_from(month.rem_euclid(12)).ok())
        .and_then(|(year, month0)| NaiveDate::from_ymd_opt(year, month0 + 1, 1))
        .ok_or(WindowError::OutOfRange)?;
    Ok((first - start).num_days() + years.div_euclid(CYCLE_YEARS) * CYCLE_DAYS)
}

/// Midnight of that day.
fn first_instant_of_month(month: i64) -> Result<i128, WindowError> {
    Ok(i128::from(first_day_of_month(month)?) * i128::from(MICROS_PER_DAY))
}

fn cycle_start() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2000, 1, 1)
}

mod hop;
#[cfg(test)]
mod tests;

pub use hop::hop;
