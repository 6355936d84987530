//! Tumbling windows, declared in `sql/40_windows.sql`.

use pganalytics_core::window::{self, Width};
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};

/// `tumble(ts, width)`, for both kinds of timestamp: they are the same number of
/// microseconds, and windows are aligned in UTC.
#[pg_extern(sql = false)]
fn tumble(ts: i64, width: Interval) -> Result<i64, ErrorReport> {
    let width = Width {
        months: width.months(),
        days: width.days(),
        micros: width.micros(),
    };
    window::tumble(ts, width).map_err(report)
}
