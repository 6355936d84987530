//! The options of an event table: their ranges, and changing them later.

use crate::catalog::event_tables::{self, Options};
use crate::pg::Oid;
use crate::pg::error::OrRaise;
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::error::Error;
use pganalytics_core::version::Versions;
use pgrx::prelude::*;

/// What each option may be, for who gives something else. `versions` has a parser
/// of its own.
const HINTS: [(&str, &str); 4] = [
    (
        "dedup_window",
        "Give an interval, zero for no deduplication, or NULL for as long as events are kept.",
    ),
    (
        "segment_size",
        "Give a size above zero, such as '10 GB', or NULL for no limit.",
    ),
    ("segment_interval", "Give an interval above zero."),
    (
        "retention",
        "Give an interval above zero, or NULL to keep events for ever.",
    ),
];

fn in_range(option: &str, holds: bool) -> Result<(), Error> {
    let hint = HINTS.iter().find(|(name, _)| *name == option);
    match (hint, holds) {
        (Some((_, hint)), false) => Err(Error::BadArgument {
            message: format!("\"{option}\" is out of range"),
            hint,
        }),
        _ => Ok(()),
    }
}

/// Whether the options of a new event table are in their ranges.
pub fn check(options: &Options) -> Result<(), Error> {
    let window = options.dedup_window.as_ref();
    let retention = options.retention.as_ref();
    in_range("dedup_window", window.is_none_or(|w| w.as_micros() >= 0))?;
    in_range(
        "segment_size",
        options.segment_size.is_none_or(|size| size_bytes(size) > 0),
    )?;
    in_range("segment_interval", options.segment_interval.as_micros() > 0)?;
    in_range("retention", retention.is_none_or(|r| r.as_micros() > 0))
}

/// A size as PostgreSQL reads it.
fn size_bytes(size: &str) -> i64 {
    let sql = "SELECT pg_catalog.pg_size_bytes($1)";
    spi::run(sql, vec![Arg::Text(size)], Under::Active)[0].number(0)
}

/// An interval as PostgreSQL reads it, by its sign.
fn sign(interval: &str) -> i32 {
    let sql =
        "SELECT pg_catalog.sign(EXTRACT(epoch FROM $1::pg_catalog.interval))::pg_catalog.int4";
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
}

fn check_one(option: &str, value: Option<&str>) -> Result<(), Error> {
    let given = || value.ok_or(Error::NullArgument { argument: "value" });
    match option {
        "versions" => Versions::parse(given()?).map(|_| ()),
        "segment_interval" => in_range(option, sign(given()?) > 0),
        "retention" => in_range(option, value.is_none_or(|v| sign(v) > 0)),
        "dedup_window" => in_range(option, value.is_none_or(|v| sign(v) >= 0)),
        "segment_size" => in_range(option, value.is_none_or(|v| size_bytes(v) > 0)),
        _ => Err(Error::BadArgument {
            message: format!("unrecognized option \"{option}\""),
            hint: "Options are versions, dedup_window, segment_interval, segment_size and retention.",
        }),
    }
}
