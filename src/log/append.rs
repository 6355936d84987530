//! What a segment's trigger does with each event, in the order that matters:
//! head lock, position, ledger, version, stamp.
//!
//! Positions are drawn under the head lock, so they rise with the versions; a
//! retry is recognised before its version is looked at.

use super::outcome::{self, Mode};
use super::settings::{Columns, Log};
use super::{dedup, heads, history};
use crate::catalog::{duplicates, incarnation};
use crate::pg::Datum;
use crate::pg::error::OrRaise;
use crate::pg::own;
use crate::pg::snapshot::{clock, own_txid};
use crate::pg::trigger::{Bytes, Call, next_value};
use crate::pg::unique::{uuid_bytes, uuid_text};
use pganalytics_core::append::{Logged, Outcome};
use pganalytics_core::checkpoint::stamped;
use pganalytics_core::error::Error;
use pganalytics_core::given::{Given, Place};
use std::cell::RefCell;

thread_local! {
    /// The versions that this transaction has given.
    static GIVEN: RefCell<Given> = RefCell::default();
}

/// The parts of the new row that the decisions are made from.
struct NewEvent {
    event_id: Datum,
    event_type: Bytes,
    aggregate_id: Datum,
    aggregate: Bytes,
    version: Option<i64>,
    payload: Option<Bytes>,
}

impl NewEvent {
    /// Refuses NULL here, where no ALTER TABLE can allow it: a row must not go in
    /// without a stamp.
    fn read(call: &Call, log: &Log) -> Result<Self, Error> {
        let columns = &log.columns;
        let known = |number, column| {
            call.value(number).ok_or_else(|| Error::NullColumn {
                table: log.name.clone(),
                column,
            })
        };
        let aggregate_id = known(columns.aggregate_id, "aggregate_id")?;
        Ok(Self {
            event_id: known(columns.event_id, "event_id")?,
            event_type: Bytes::of(known(columns.event_type, "event_type")?),
            aggregate_id,
            aggregate: Bytes::of(aggregate_id),
            version: call
                .value(columns.version)
                .map(|datum| datum.value() as i64),
            payload: call.value(columns.payload).map(Bytes::of),
        })
    }

    fn identity(&self) -> dedup::Identity<'_> {
        dedup::Identity {
            event_id: self.event_id,
            event_type: self.event_type.as_slice(),
            aggregate_id: self.aggregate.as_slice(),
            payload: self.payload.as_ref().map_or(&[], Bytes::as_slice),
        }
    }

    /// Refuses it unless it is the event that `append` has found in the log: its id is
    /// another one if a trigger of the user's has changed it.
    fn check_repeats(&self, logged: &Logged) -> Result<(), Error> {
        if uuid_bytes(self.event_id) == logged.event_id
            && self.identity().content() == logged.content
        {
            return Ok(());
        }
        Err(Error::IdReused {
            event_id: uuid_text(self.event_id),
            position: logged.position,
        })
    }
}

/// The trigger's result: the stamped row, or none for a duplicate.
fn append(call: &Call) -> Result<Option<Datum>, Error> {
    let log = Log::of_segment(call.relation())?;
    if !log.state.takes_events() {
        return Err(log.not_active());
    }
    let event = NewEvent::read(call, &log)?;
    let awaited = outcome::claim(log.position_sequence, || uuid_bytes(event.event_id));
    let mode = awaited.as_ref().map_or(Mode::Plain, |row| row.mode);
    let tell = |position, version, deduplicated| {
        if let Some(row) = &awaited {
            row.tell(Outcome {
                event_id: uuid_bytes(event.event_id),
                position,
                version,
                deduplicated,
            });
        }
    };
    if let Mode::Repeat(logged) = mode {
        event.check_repeats(&logged)?;
        duplicates::note(log.event_table, event.event_id, logged.position);
        tell(logged.position, Some(logged.version), true);
        return Ok(None);
    }
    let txid = stamped(incarnation::epoch()?, own_txid());
    let aggregate = event.aggregate.as_slice();
    let place = Place {
        txid,
        table: log.heads.table.to_u32(),
        segment: log.relation.to_u32(),
        rows: call.rows_inserted(),
    };
    let numbered = matches!(mode, Mode::Numbered);
    let versioned = numbered || log.versions.needs_head(event.version);
    let head = if versioned {
        let given = || GIVEN.with_borrow_mut(|given| given.version(place, aggregate));
        Some(heads::lock(&log, event.aggregate_id, aggregate, given)?)
    } else {
        None
    };
    let position = next_value(log.position_sequence);
    own::append(log.root, txid, position);
    if let Some(original) = dedup::original(&log, &event.identity(), position)? {
        if let Some(row) = &awaited {
            let version = history::version_at(row.event_table, event.aggregate_id, original)?;
            tell(original, version, true);
        }
        return Ok(None);
    }
    let next = |head| {
        let given = event.version.or(numbered.then_some(head + 1));
        log.versions.next(head, given, || event.aggregate.to_text())
    };
    let version = head.map(next).transpose()?;
    GIVEN.with_borrow_mut(|given| given.pass(place, version.map(|number| (aggregate, number))));
    tell(position, version, false);
    Ok(Some(stamp(call, &log.columns, position, txid, version)))
}

/// Writes what the extension sets over whatever the producer supplied.
fn stamp(call: &Call, columns: &Columns, position: i64, txid: u64, version: Option<i64>) -> Datum {
    let set = [
        (columns.recorded_at, Datum::from(clock())),
        (columns.position, Datum::from(position)),
        (columns.txid, Datum::from(txid)),
        (columns.version, Datum::from(version.unwrap_or(0))),
    ];
    // Without a version that column stays as it came.
    call.with(&set[..if version.is_some() { 4 } else { 3 }])
}

/// The trigger on each segment, before each row.
pub(super) fn on_insert(call: &Call) -> Option<Datum> {
    append(call).or_raise()
}
