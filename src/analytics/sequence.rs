//! Sequences, declared in `sql/62_sequences.sql`: of a timeline, or of the state of an
//! aggregate, which is a timeline that carries the pattern.

use std::borrow::Cow;

use pganalytics_core::sequence::{Pattern, rows};
use pganalytics_core::timeline::{Moment, Timeline};
use pgrx::prelude::*;

use super::timeline::timestamp;
use crate::pg::encoding::{Text, decoded};
use crate::pg::error::{ErrorReport, report};

/// Asks the rows of a timeline; without a pattern the one that it carries.
fn ask<T>(
    timeline: &[u8],
    pattern: Option<&str>,
    answer: impl FnOnce(&Pattern, &[Moment]) -> T,
) -> Result<T, ErrorReport> {
    let timeline = Timeline::read(timeline).map_err(report)?;
    let pattern = pattern.map_or_else(|| decoded(timeline.question()), Cow::from);
    let pattern = Pattern::parse(&pattern, timeline.conditions());
    Ok(answer(&pattern.map_err(report)?, &rows(&timeline)))
}

fn times(micros: Vec<i64>) -> Result<Vec<TimestampWithTimeZone>, ErrorReport> {
    micros.into_iter().map(timestamp).collect()
}

fn count(pattern: &Pattern, rows: &[Moment]) -> i32 {
    i32::try_from(pattern.count(rows)).unwrap_or(i32::MAX)
}

/// `sequence_match(timeline, pattern)`.
#[pg_extern(sql = false)]
fn timeline_sequence_match(timeline: &[u8], pattern: Text) -> Result<bool, ErrorReport> {
    ask(timeline, Some(&pattern), Pattern::is_match)
}

/// `sequence_count(timeline, pattern)`.
#[pg_extern(sql = false)]
fn timeline_sequence_count(timeline: &[u8], pattern: Text) -> Result<i32, ErrorReport> {
    ask(timeline, Some(&pattern), count)
}

/// `sequence_events(timeline, pattern)`.
#[pg_extern(sql = false)]
fn timeline_sequence_events(
    timeline: &[u8],
    pattern: Text,
) -> Result<Vec<TimestampWithTimeZone>, ErrorReport> {
    times(ask(timeline, Some(&pattern), Pattern::events)?)
}

/// The result of `sequence_match`.
#[pg_extern(sql = false)]
fn sequence_match_final(state: Option<&[u8]>) -> Result<bool, ErrorReport> {
    state.map_or(Ok(false), |state| ask(state, None, Pattern::is_match))
}

/// The result of `sequence_count`.
#[pg_extern(sql = false)]
fn sequence_count_final(state: Option<&[u8]>) -> Result<i32, ErrorReport> {
    state.map_or(Ok(0), |state| ask(state, None, count))
}

/// The result of `sequence_events`.
#[pg_extern(sql = false)]
fn sequence_events_final(state: Option<&[u8]>) -> Result<Vec<TimestampWithTimeZone>, ErrorReport> {
    times(state.map_or(Ok(vec![]), |state| ask(state, None, Pattern::events))?)
}
