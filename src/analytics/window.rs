//! Windows of time, declared in `sql/40_windows.sql`.

use pganalytics_core::window::{self, Width};
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};

pub fn width(interval: Interval) -> Width {
    Width {
        months: interval.months(),
        days: interval.days(),
        micros: interval.micros(),
    }
}

/// `tumble(ts, width)`, for both kinds of timestamp: they are the same number of
/// microseconds, and windows are aligned in UTC.
#[pg_extern(sql = false)]
fn tumble(ts: i64, width: Interval) -> Result<i64, ErrorReport> {
    window::tumble(ts, self::width(width)).map_err(report)
}

/// `hop(ts, width, slide)`, likewise.
#[pg_extern(sql = false)]
fn hop(
    ts: i64,
    width: Interval,
    slide: Interval,
) -> Result<SetOfIterator<'static, i64>, ErrorReport> {
    window::hop(ts, self::width(width), self::width(slide))
        .map(SetOfIterator::new)
        .map_err(report)
}
