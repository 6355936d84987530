//! Deduplication: the ledger of ids seen.
//!
//! The same id with the same content is a retry and is skipped; with another
//! content it is a producer's mistake, and an error.

use super::settings::Log;
use crate::catalog::duplicates;
use crate::pg::Datum;
use crate::pg::snapshot::keeps_snapshot;
use crate::pg::unique::{self, Key, Outcome};
use pganalytics_core::content::content_hash;
use pganalytics_core::error::Error;
use std::cell::Cell;

thread_local! {
    /// Whether the last event of this backend was new: the guess for the next.
    static LAST_WAS_NEW: Cell<bool> = const { Cell::new(true) };
}

/// What makes an event the same event again.
pub struct Identity<'a> {
    pub event_id: Datum,
    pub event_type: &'a [u8],
    pub aggregate_id: &'a [u8],
    pub payload: &'a [u8],
}

impl Identity<'_> {
    /// The hash of the event's content.
    pub fn content(&self) -> i64 {
        content_hash(self.event_type, self.aggregate_id, self.payload)
    }
}

/// Enters the event into the ledgers of its segment, or returns the position of
/// the original that is there already.
pub fn original(log: &Log, event: &Identity, position: i64) -> Result<Option<i64>, Error> {
    let Some(ledger) = log.ledgers.ledger else {
        return Ok(None);
    };
    let content = event.content();
    let mut row = [event.event_id, Datum::from(position), Datum::from(content)];
    let likely_new = LAST_WAS_NEW.get();
    let past = log.ledgers.past.map(|past| past.open(Key::Uuid));
    let ledger = ledger.open(Key::Uuid);
    let (one, two);
    let into: &[_] = match log.ledgers.next {
        None => {
            one = [ledger];
            &one
        }
        Some(next) => {
            two = [ledger, next.open(Key::Uuid)];
            &two
        }
    };
    let outcome = unique::insert(into, past.as_ref(), &mut row, likely_new);
    LAST_WAS_NEW.set(matches!(outcome, Outcome::Inserted));
    let Outcome::Taken(ledger) = outcome else {
        return Ok(None);
    };
    let event_id = || unique::uuid_text(event.event_id);
    if keeps_snapshot() && !ledger.sees_row() {
        return Err(Error::ConcurrentAppend {
            event_id: event_id(),
        });
    }
    let seen = ledger.row();
    let position = seen.number(2);
    if seen.number(3) != content {
        return Err(Error::IdReused {
            event_id: event_id(),
            position,
        });
    }
    duplicates::note(log.event_table, event.event_id, position);
    Ok(Some(position))
}
