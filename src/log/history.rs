//! What the log holds of one aggregate, read by its indexes and never by a query
//! over the user's table.

use super::dedup::Identity;
use super::heads;
use super::segments::attached;
use super::settings::Log;
use crate::catalog::names::shown;
use crate::catalog::segments;
use crate::pg::index::{Lock, Relation, Slot, Visit, visit_versions};
use crate::pg::snapshot::keeps_snapshot;
use crate::pg::trigger::{Bytes, text};
use crate::pg::unique::{uuid_bytes, visible};
use crate::pg::{Datum, Oid};
use pganalytics_core::append::Logged;
use pganalytics_core::error::Error;
use std::ops::ControlFlow;
use std::rc::Rc;

/// What appends to the active segment of an event table need to know.
pub fn active_log(event_table: Oid) -> Result<Rc<Log>, Error> {
    let unknown = || Error::UnknownEventTable {
        name: shown(event_table),
    };
    let segments = attached(event_table);
    let active = segments.newest_first().next().ok_or_else(unknown)?;
    // As INSERT does.
    drop(Relation::open(active.relation, Lock::Write));
    Log::of_segment(active.relation)
}

/// Locks the head of an aggregate and tells its current version.
pub fn lock_head(log: &Log, aggregate: &[u8]) -> Result<i64, Error> {
    heads::lock(log, text(aggregate), aggregate, || None)
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
    let segments = attached(event_table);
    let mut last = false;
    for piece in segments.newest_first() {
        let segment = Relation::open(piece.relation, Lock::Read);
        let log = Log::of_segment(piece.relation)?;
        let index = Relation::open(log.by_version.index, Lock::Read);
        let mut here = 0;
        visit_versions(
            &segment,
            &index,
            aggregate_id,
            Visit::From(version),
            |slot| {
                found.push(logged(&segment, &log, slot, aggregate));
                here += 1;
                if here < count {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        );
        if last {
            break;
        }
        // While a segment was closing, younger versions may have gone into it.
        last = found.iter().any(|event| event.version == version);
    }
    found.sort_by_key(|event| event.version);
    found.truncate(count);
    if found.first().is_some_and(|event| event.version == version) {
        Ok(found)
    } else {
        Ok(vec![])
    }
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
    for piece in segments::around(event_table, position) {
        let log = Log::of_segment(piece.relation)?;
        let columns = &log.columns;
        let segment = Relation::open(piece.relation, Lock::Read);
        let index = Relation::open(log.by_version.index, Lock::Read);
        let mut version = None;
        visit_versions(&segment, &index, aggregate_id, Visit::DownTo(1), |slot| {
            if slot.number(columns.position) > position {
                return ControlFlow::Continue(());
            }
            if slot.number(columns.position) == position {
                version = Some(slot.number(columns.version));
            }
            ControlFlow::Break(())
        });
        if version.is_some() {
            return Ok(version);
        }
    }
    Ok(None)
}
