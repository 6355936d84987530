//! Segments: the partitions of an event table.

use super::settings::LOG_OF_SEQUENCE;
use crate::catalog::{event_tables, names, segments};
use crate::pg::Oid;
use crate::pg::error::OrRaise;
use crate::worker;
use pganalytics_core::error::Error;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

/// The number of the segment that takes appends, for the default of the
/// partition key. The event table is named by its position sequence, which
/// survives dump, restore and renaming.
pub fn active_segment(sequence: Oid) -> i32 {
    *LOG_OF_SEQUENCE
        .with(|numbers| numbers.get_or_make(sequence, || segments::active(sequence)))
        .or_raise()
}

#[pg_extern(sql = false)]
fn roll_segment(event_table: Oid) {
    let table = event_tables::owned(event_table).or_raise();
    segments::request_roll(table.root);
    worker::start_after_commit();
}

#[pg_extern(sql = false)]
fn first_segment(event_table: Oid, since: TimestampWithTimeZone) -> i32 {
    let unknown = || Error::UnknownEventTable {
        name: names::shown(event_table),
    };
    segments::first_since(event_table, since)
        .ok_or_else(unknown)
        .or_raise()
}
