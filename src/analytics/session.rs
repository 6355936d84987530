//! Session windows, declared in `sql/41_sessions.sql`.

use pganalytics_core::session;
use pgrx::prelude::*;

/// `shift_time(ts, micros)`, for both kinds of timestamp.
#[pg_extern(sql = false)]
fn shift_time(ts: i64, micros: i64) -> i64 {
    session::shift(ts, micros)
}
