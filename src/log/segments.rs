//! Segments: the partitions of an event table.

use super::settings::LOG_OF_SEQUENCE;
use crate::catalog::{event_tables, names, segments};
use crate::pg::Oid;
use crate::pg::error::{OrRaise, raise};
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

/// NULL for an end that is open.
#[pg_extern(sql = false)]
fn segments_between(
    event_table: Option<Oid>,
    from: Option<TimestampWithTimeZone>,
    to: Option<TimestampWithTimeZone>,
) -> Vec<i32> {
    let null = || Error::NullArgument {
        argument: "event_table",
    };
    let table = event_table.ok_or_else(null).or_raise();
    if !event_tables::exists(table) {
        raise(Error::UnknownEventTable {
            name: names::shown(table),
        });
    }
    segments::between(table, from, to)
}
