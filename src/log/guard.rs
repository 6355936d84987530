//! The trigger functions of the segments: append, and refuse all else.

use super::append;
use super::settings::Log;
use crate::pg::Datum;
use crate::pg::error::raise;
use crate::pg::trigger::{Call, Event};
use pganalytics_core::error::Error;

/// Before a row or statement on a segment: the row to store, `None` to skip it.
pub fn on_event(call: &Call) -> Option<Datum> {
    let operation = match call.event() {
        Event::Insert => return append::on_insert(call),
        Event::Update => "UPDATE",
        Event::Delete => "DELETE",
        Event::Truncate => "TRUNCATE",
    };
    // A segment that the catalog does not know goes by its own name.
    let table = Log::of_segment(call.relation())
        .map_or_else(|_| call.relation_name(), |log| log.name.clone());
    raise(Error::AppendOnly { operation, table })
}
