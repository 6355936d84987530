//! What a segment's trigger does with each event, in the order that matters:
//! head lock, position, ledger, version, stamp.
//!
//! Positions are drawn under the head lock, so they rise with the versions; a
//! retry is recognised before its version is looked at.

use super::settings::{Columns, Log};
use super::{dedup, heads};
use crate::catalog::incarnation;
use crate::pg::Datum;
use crate::pg::error::OrRaise;
use crate::pg::index::{Lock, Relation, greatest_version};
use crate::pg::snapshot::{clock, own_txid};
use crate::pg::trigger::{Bytes, Call, next_value};
use pganalytics_core::checkpoint::stamped;
use pganalytics_core::error::Error;
use pganalytics_core::given::{Given, Place};
use pganalytics_core::hint::Hints;
use std::cell::RefCell;

thread_local! {
    /// The versions that this transaction has given.
    static GIVEN: RefCell<Given> = RefCell::default();
    /// The versions that this session has met, true or not by now.
    static MET: RefCell<Hints> = RefCell::default();
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
    /// `None` if a column that must not be NULL is: PostgreSQL will say so itself.
    fn read(call: &Call, columns: &Columns) -> Option<Self> {
        let aggregate_id = call.value(columns.aggregate_id)?;
        Some(Self {
            event_id: call.value(columns.event_id)?,
            event_type: Bytes::of(call.value(columns.event_type)?),
            aggregate_id,
            aggregate: Bytes::of(aggregate_id),
            version: call
                .value(columns.version)
                .map(|datum| datum.value() as i64),
            payload: call.value(columns.payload).map(Bytes::of),
        })
    }
}

/// The trigger's result: the stamped row, or none for a duplicate.
fn append(call: &Call) -> Result<Option<Datum>, Error> {
    let log = Log::of_segment(call.relation())?;
    if log.segment != log.active_segment {
        return Err(Error::SegmentNotActive {
            table: log.name.clone(),
            given: log.segment,
            active: log.active_segment,
        });
    }
    let Some(event) = NewEvent::read(call, &log.columns) else {
        return Ok(Some(call.unchanged()));
    };
    let versioned = log.versions.needs_head(event.version);
    if versioned {
        heads::lock(&log, event.aggregate_id, event.aggregate.as_slice());
    }
    let txid = stamped(incarnation::epoch()?, own_txid());
    let position = next_value(log.position_sequence);
    if let Some(ledger) = log.ledger
        && dedup::is_duplicate(ledger, &event.identity(), position)?
    {
        return Ok(None);
    }
    let place = Place {
        txid,
        table: log.heads.table.to_u32(),
        segment: call.relation().to_u32(),
        rows: call.rows_inserted(),
    };
    let aggregate = event.aggregate.as_slice();
    let version = if versioned {
        let head = GIVEN
            .with_borrow_mut(|given| given.version(place, aggregate))
            .unwrap_or_else(|| current_version(call, &log, &event));
        Some(
            log.versions
                .next(head, event.version, || event.aggregate.to_text())?,
        )
    } else {
        None
    };
    GIVEN.with_borrow_mut(|given| given.pass(place, version.map(|number| (aggregate, number))));
    Ok(Some(stamp(call, &log.columns, position, txid, version)))
}

/// The current version of the event's aggregate, from the log: looked for from the last
/// one that this session met, else from the beginning.
fn current_version(call: &Call, log: &Log, event: &NewEvent) -> i64 {
    let segment = Relation::open(call.relation(), Lock::Held);
    let greatest = |at_least| {
        greatest_version(
            &segment,
            log.version_index,
            log.columns.version,
            event.aggregate_id,
            at_least,
        )
    };
    let (table, aggregate) = (log.heads.table.to_u32(), event.aggregate.as_slice());
    let met = MET.with_borrow(|met| met.get(table, aggregate));
    let current = met.and_then(greatest).or_else(|| greatest(1)).unwrap_or(0);
    if current > 0 {
        MET.with_borrow_mut(|met| met.keep(table, aggregate, current));
    }
    current
}

impl NewEvent {
    fn identity(&self) -> dedup::Identity<'_> {
        dedup::Identity {
            event_id: self.event_id,
            event_type: self.event_type.as_slice(),
            aggregate_id: self.aggregate.as_slice(),
            payload: self.payload.as_ref().map_or(&[], Bytes::as_slice),
        }
    }
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
