//! The options of an event table: their ranges, and changing them later.

use crate::catalog::event_tables::{self, Options};
use crate::catalog::watermarks;
use crate::pg::Oid;
use crate::pg::error::{OrRaise, warn};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::error::Error;
use pganalytics_core::version::Versions;
use pgrx::datum::Interval;
use pgrx::prelude::*;

/// The least sign of each option, and what to do for who gives another. `versions`
/// has a parser of its own.
const RANGES: [(&str, i64, &str); 5] = [
    (
        "dedup_window",
        0,
        "Give an interval, zero for no deduplication, or NULL for as long as events are kept.",
    ),
    (
        "segment_size",
        1,
        "Give a size above zero, such as '10 GB', or NULL for no limit.",
    ),
    ("segment_interval", 1, "Give an interval above zero."),
    (
        "retention",
        1,
        "Give an interval above zero, or NULL to keep events for ever.",
    ),
    (
        "allowed_lateness",
        0,
        "Give an interval, zero for events in order, or NULL for no watermark.",
    ),
];

/// `None` is NULL, which is in every range.
fn in_range(option: &str, value: Option<i64>) -> Result<(), Error> {
    let range = RANGES.iter().find(|(name, _, _)| *name == option);
    let Some((_, least, hint)) = range else {
        return Err(Error::BadArgument {
            message: format!("unrecognized option \"{option}\""),
            hint: "Options are versions, dedup_window, segment_interval, segment_size, retention and allowed_lateness.",
        });
    };
    if value.is_none_or(|value| value.signum() >= *least) {
        return Ok(());
    }
    Err(Error::BadArgument {
        message: format!("\"{option}\" is out of range"),
        hint,
    })
}

/// It is kept for later, which somebody who counts on it has to know.
fn retention(sign: Option<i64>) -> Result<(), Error> {
    in_range("retention", sign)?;
    if sign.is_some() {
        let message = "option \"retention\" has no effect yet".into();
        warn(message, None, "All events are kept.");
    }
    Ok(())
}

/// Whether the options of a new event table are in their ranges.
pub fn check(options: &Options) -> Result<(), Error> {
    let micros = |interval: &Option<Interval>| interval.as_ref().map(Interval::as_micros);
    let wide = |interval: i128| interval.signum() as i64;
    in_range("dedup_window", micros(&options.dedup_window).map(wide))?;
    in_range("segment_size", options.segment_size.map(size_bytes))?;
    in_range(
        "segment_interval",
        Some(wide(options.segment_interval.as_micros())),
    )?;
    retention(micros(&options.retention).map(wide))?;
    in_range(
        "allowed_lateness",
        micros(&options.allowed_lateness).map(wide),
    )
}

/// A size as PostgreSQL reads it.
fn size_bytes(size: &str) -> i64 {
    let sql = "SELECT pg_catalog.pg_size_bytes($1)";
    spi::run(sql, vec![Arg::Text(size)], Under::Active)[0].number(0)
}

/// An interval as PostgreSQL reads it, by its sign.
fn sign(interval: &str) -> i64 {
    let sql =
        "SELECT pg_catalog.sign(EXTRACT(epoch FROM $1::pg_catalog.interval))::pg_catalog.int8";
    spi::run(sql, vec![Arg::Text(interval)], Under::Active)[0].number(0)
}

#[pg_extern(sql = false)]
fn alter_event_table(event_table: Option<Oid>, option: Option<&str>, value: Option<&str>) {
    let null = |argument| Error::NullArgument { argument };
    let event_table = event_table.ok_or_else(|| null("event_table")).or_raise();
    let option = option.ok_or_else(|| null("option")).or_raise();
    let table = event_tables::owned(event_table).or_raise();
    check_one(option, value).or_raise();
    event_tables::set_option(&table, option, value);
    if option == "allowed_lateness" {
        watermarks::raise(table.id);
    }
}

fn check_one(option: &str, value: Option<&str>) -> Result<(), Error> {
    let given = || value.ok_or(Error::NullArgument { argument: "value" });
    match option {
        "versions" => Versions::parse(given()?).map(|_| ()),
        "segment_size" => in_range(option, value.map(size_bytes)),
        "segment_interval" => in_range(option, Some(sign(given()?))),
        "retention" => retention(value.map(sign)),
        "dedup_window" | "allowed_lateness" => in_range(option, value.map(sign)),
        _ => in_range(option, None),
    }
}
