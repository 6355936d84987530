//! The type `timeline` and its aggregates, declared in `sql/60_timelines.sql`. Their
//! transitions are in [`crate::pg::timeline`].

use std::ffi::{CStr, CString};

use pganalytics_core::timeline::{self, Timeline, TimelineError};
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};
use crate::pg::message::received;

/// A time of a moment as PostgreSQL has it: of a timeline that was written by hand some may be
/// none.
pub fn timestamp(micros: i64) -> Result<TimestampWithTimeZone, ErrorReport> {
    let none = |_| report(TimelineError::Malformed("It tells of a time that is none."));
    TimestampWithTimeZone::try_from(micros).map_err(none)
}

/// Text input.
#[pg_extern(sql = false)]
fn timeline_in(input: &CStr) -> Result<Vec<u8>, ErrorReport> {
    let text = input.to_str().map_err(|_| report(TimelineError::Syntax))?;
    timeline::bytes_of(text).map_err(report)
}

/// Text output.
#[pg_extern(sql = false)]
fn timeline_out(timeline: &[u8]) -> Result<CString, ErrorReport> {
    let text = timeline::text_of(timeline).map_err(report)?;
    Ok(CString::new(text).unwrap_or_default())
}

/// Binary input.
#[pg_extern(sql = false)]
fn timeline_recv(message: Internal) -> Result<Vec<u8>, ErrorReport> {
    let bytes = received(message);
    timeline::checked(&bytes).map_err(report)?;
    Ok(bytes)
}

/// The result of `timeline` and `rollup`.
#[pg_extern(sql = false)]
fn timeline_final(state: Option<&[u8]>) -> Result<Option<Vec<u8>>, ErrorReport> {
    state.map(timeline::canonical).transpose().map_err(report)
}

/// `events(timeline)`: how many moments it holds.
#[pg_extern(sql = false)]
fn timeline_events(timeline: &[u8]) -> Result<i64, ErrorReport> {
    let timeline = Timeline::read(timeline).map_err(report)?;
    Ok(i64::try_from(timeline.len()).unwrap_or(i64::MAX))
}
