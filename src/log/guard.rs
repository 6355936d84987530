//! The trigger functions of the segments: append, and refuse all else.

use super::append;
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
    raise(&Error::AppendOnly {
        operation,
        table: call.relation_name(),
    })
}
