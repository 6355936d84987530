//! Windows of time: which ones hold an instant.
//!
//! Works on PostgreSQL's own numbers: microseconds since 2000-01-01 00:00 UTC and
//! intervals of months, days and microseconds. Windows are counted from an origin: unless
//! one is given, 2001-01-01, a Monday and the first day of a year, so that weeks begin on
//! Monday and months, quarters and years where people expect them. Every instant lies in
//! exactly one tumbling window, `start <= instant < next start`, before the origin too, and
//! in any number of hopping and cumulating ones. The two infinities are windows of their own.
//!
//! In a time zone ([`Zone`]) windows of whole days and of months are those of its clocks: they
//! begin at the same time of day, whatever number of hours lies between. A day on which
//! the clocks change has 23 or 25 hours. The start of a window is where the zone puts that
//! time of day; if clocks leave it out or show it twice, where PostgreSQL does. So where
//! clocks show midnight twice the day begins at the second one. Months on begin on the day of
//! the month that the origin has, or the last one there is, as PostgreSQL adds months.
//!
//! Widths with a part in time (`12 hours`, `1 day 6 hours`, `24 hours`) are elapsed time, days
//! in them of 24 hours: all windows have the same length, and when the clocks change they
//! begin at another time of day.

use thiserror::Error;

use crate::error::UserError;

/// Of a day of 24 hours.
pub const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 2001-01-01 as days since 2000-01-01.
const ORIGIN_DAYS: i64 = 366;
const ORIGIN: i64 = ORIGIN_DAYS * MICROS_PER_DAY;
/// PostgreSQL's MIN_TIMESTAMP, 4714-11-24 BC; what lies before cannot be a result.
pub const MIN_TIMESTAMP: i64 = -211_813_488_000_000_000;
/// PostgreSQL's first number past its timestamps, the year 294277.
pub const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;

/// The width of a window, in the three fields of a PostgreSQL interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Width {
    /// Whole months.
    pub months: i32,
    /// Days of 24 hours.
    pub days: i32,
    /// The rest, in microseconds.
    pub micros: i64,
}

impl Width {
    /// Its days and time in microseconds; months have no such number.
    pub(crate) fn span(self) -> i128 {
        i128::from(self.days) * i128::from(MICROS_PER_DAY) + i128::from(self.micros)
    }

    /// A literal of type interval.
    #[must_use]
    pub fn sql(self) -> String {
        let part = |count: i32, unit| (count != 0).then(|| format!("{count} {unit}"));
        let parts = [
            part(self.months, "months"),
            part(self.days, "days"),
            (self.micros != 0).then(|| clock(self.micros)),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let text = if parts.is_empty() {
            "0".to_owned()
        } else {
            parts.join(" ")
        };
        format!("'{text}'::pg_catalog.interval")
    }
}

/// Hours, minutes and seconds, as PostgreSQL reads them.
fn clock(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match fraction {
        0 => String::new(),
        _ => format!(".{fraction:06}"),
    };
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// A width of windows, or why it is none.
///
/// # Errors
/// A mixture of months with others, or nothing above zero.
pub fn checked_width(width: Width) -> Result<Width, WindowError> {
    Step::of(width, "width").map(|_| width)
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
    /// Nothing can be counted from infinity, or up to it.
    #[error("window {0} must be finite")]
    NotFinite(&'static str),
    /// Days by the clock, moved on by elapsed time: their ends could go back.
    #[error("windows of days or months in a time zone must not slide by time")]
    Sliding,
    /// More than [`MOST_WINDOWS`].
    #[error("more than {MOST_WINDOWS} windows for one timestamp")]
    TooMany,
    /// The window begins or ends beyond PostgreSQL's timestamps.
    #[error("timestamp out of range")]
    OutOfRange,
}

impl UserError for WindowError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Mixed(_) | Self::NotPositive(_) | Self::NotFinite(_) | Self::Sliding => "22023",
            Self::TooMany => "54000",
            Self::OutOfRange => "22008",
        }
    }

    fn detail(&self) -> Option<String> {
        (*self == Self::OutOfRange).then(|| {
            "The window reaches beyond the timestamps, from 4714-11-24 BC to 294276-12-31."
                .to_owned()
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Mixed(_) => {
                "Use either whole months, like '1 month', or days and time, like '30 days'."
                    .to_owned()
            }
            Self::NotPositive(what) => {
                format!("Use a {what} such as '1 hour', '7 days' or '1 month'.")
            }
            Self::Sliding => {
                "Slide by days, or give the width in time, such as '24 hours'.".to_owned()
            }
            Self::TooMany => "Use a shorter width, or a longer slide or step.".to_owned(),
            Self::NotFinite(_) | Self::OutOfRange => return None,
        })
    }
}

/// The most hopping or cumulating windows that may hold one instant: minutes of a year.
pub const MOST_WINDOWS: i128 = 1_000_000;

const fn is_infinite(ts: i64) -> bool {
    ts == i64::MIN || ts == i64::MAX
}

fn in_range(ts: i128) -> Result<i64, WindowError> {
    i64::try_from(ts)
        .ok()
        .filter(|ts| (MIN_TIMESTAMP..END_TIMESTAMP).contains(ts))
        .ok_or(WindowError::OutOfRange)
}

mod calendar;
mod cumulate;
mod grid;
mod hop;
mod months;
#[cfg(test)]
mod tests;

pub use calendar::{Calendar, Utc, Zone};
use grid::{Grid, Step};
