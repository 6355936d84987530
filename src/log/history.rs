//! What the log holds of one aggregate, read by its indexes and never by a query
//! over the user's table.

use super::dedup::Identity;
use super::heads;
use super::settings::Log;
use crate::catalog::event_tables;
use crate::catalog::names::shown;
use crate::pg::index::{Lock, Relation, Slot, Visit, greatest_version, visit_versions};
use crate::pg::snapshot::keeps_snapshot;
use crate::pg::spi::Under;
use crate::pg::trigger::{Bytes, text};
use crate::pg::unique::{uuid_bytes, visible};
use crate::pg::{Datum, Oid};
use pganalytics_core::append::Logged;
use pganalytics_core::error::Error;
use std::ops::ControlFlow;
use std::rc::Rc;

/// A segment.
pub struct Piece(Oid);

impl Piece {
    /// What its appends need to know.
    pub fn log(&self) -> Result<Rc<Log>, Error> {
        Log::of_segment(self.0)
    }
}

/// The segments of an event table, newest first; at least one.
pub fn segments(event_table: Oid) -> Result<Vec<Piece>, Error> {
    let segments = event_tables::segments(event_table, Under::Latest);
    if segments.is_empty() {
        return Err(Error::UnknownEventTable {
            name: shown(event_table),
        });
    }
    Ok(segments.iter().rev().map(|s| Piece(s.relation)).collect())
}

/// Locks the head of an aggregate and tells its current version. `log` is that of
/// the `active` segment.
pub fn lock_head(log: &Log, active: &Piece, aggregate: &[u8]) -> i64 {
    let aggregate_id = text(aggregate);
    heads::lock(log, aggregate_id, aggregate);
    let segment = Relation::open(active.0, Lock::Read);
    greatest_version(
        &segment,
        log.version_index,
        log.columns.version,
        aggregate_id,
    )
    .unwrap_or(0)
}

/// The events of an aggregate from a version on, at most `count`; none if the
/// log does not hold the first one any more.
pub fn from_version(
    event_table: Oid,
    aggregate: &[u8],
    version: i64,
    count: usize,
) -> Result<Vec<Logged>, Error> {
    let aggregate_id = text(aggregate);
    let mut found: Vec<Logged> = vec![];
    // Looked up now: while the head was waited for, there may have come another.
    for piece in segments(event_table)? {
        // Of the older segment, what comes before that of the newer ones.
        let rest = std::mem::take(&mut found);
        let segment = Relation::open(piece.0, Lock::Read);
        let log = piece.log()?;
        let (index, visit) = (log.version_index, Visit::From(version));
        visit_versions(&segment, index, aggregate_id, visit, |slot| {
            found.push(logged(&segment, &log, slot, aggregate));
            if found.len() < count {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        found.extend(rest);
        found.truncate(count);
        if found.first().is_some_and(|event| event.version == version) {
            return Ok(found);
        }
    }
    Ok(vec![])
}

fn logged(segment: &Relation, log: &Log, slot: &Slot, aggregate: &[u8]) -> Logged {
    let columns = &log.columns;
    let event_id = slot.value(columns.event_id).unwrap_or(Datum::from(0));
    let event_type = slot.value(columns.event_type).map(Bytes::of);
    let payload = slot.value(columns.payload).map(Bytes::of);
    Logged {
        event_id: uuid_bytes(event_id),
        position: slot.number(columns.position),
        version: slot.number(columns.version),
        content: Identity {
            event_id,
            event_type: event_type.as_ref().map_or(&[], Bytes::as_slice),
            aggregate_id: aggregate,
            payload: payload.as_ref().map_or(&[], Bytes::as_slice),
        }
        .content(),
        visible: !keeps_snapshot() || visible(segment, slot),
    }
}

/// The version of the event of an aggregate that stands at `position`; `None` if
/// it has none, or is not in the log any more. Positions rise with versions.
pub fn version_at(
    event_table: Oid,
    aggregate_id: Datum,
    position: i64,
) -> Result<Option<i64>, Error> {
    for piece in segments(event_table)? {
        let log = piece.log()?;
        let (index, columns) = (log.version_index, &log.columns);
        let segment = Relation::open(piece.0, Lock::Read);
        let mut reached = None;
        visit_versions(&segment, index, aggregate_id, Visit::Backwards, |slot| {
            if slot.number(columns.position) > position {
                return ControlFlow::Continue(());
            }
            let here = slot.number(columns.position) == position;
            reached = Some(here.then(|| slot.number(columns.version)));
            ControlFlow::Break(())
        });
        if let Some(version) = reached {
            return Ok(version);
        }
    }
    Ok(None)
}
