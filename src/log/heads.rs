//! Heads: one row per aggregate, which is a lock and a floor.
//!
//! Whoever holds an aggregate's head is alone in giving it versions until the
//! transaction ends. The current version is not kept here: it is the greatest
//! in the log, so there is nothing to undo at a savepoint and no row that is
//! rewritten event by event.
//!
//! The floor says where to look: all events of the aggregate beyond its version
//! are in its segment or the one after. It is written when an aggregate is first
//! appended to in another segment; a transaction that is still in a closing segment
//! moves it back.

use super::settings::{ByVersion, Log, VERSION_INDEXES, version_index};
use crate::catalog::segments::{self, Attached};
use crate::pg::Datum;
use crate::pg::cache::{Floor, LOCKED_HEADS, RelationCache, hear_of_changes};
use crate::pg::index::{Lock, Relation, greatest_version};
use crate::pg::unique::{self, Found, Key, Outcome};
use pganalytics_core::error::Error;

thread_local! {
    /// The segments of an event table.
    pub(super) static SEGMENTS: RelationCache<Attached> =
        RelationCache::new(|relation| SEGMENTS.with(|cache| cache.forget(relation)));
}

/// Locks the head of an aggregate to the end of the transaction, and makes it if
/// the aggregate is new. Returns the aggregate's version, 0 if it has no events.
pub fn lock(log: &Log, aggregate_id: Datum, aggregate: &[u8]) -> Result<i64, Error> {
    let known = LOCKED_HEADS.with(|heads| heads.get(log.heads.table, aggregate));
    let version = match known {
        // Since then only this transaction has appended, and only here.
        Some(floor) if floor.segment == log.number => {
            let own = greatest_in(log, log.number, aggregate_id)?;
            return Ok(own.max(floor.version));
        }
        Some(floor) if floor.segment < log.number => newest(log, floor, aggregate_id)?,
        // One that goes back to the closing segment: see that the floor covers that.
        _ => take(log, aggregate_id)?,
    };
    let floor = Floor {
        version,
        segment: log.number,
    };
    LOCKED_HEADS.with(|heads| heads.insert(log.heads.table, aggregate, floor));
    Ok(version)
}

/// Locks or makes the head, and returns the version. The floor that is left in it
/// covers what this transaction is about to append.
fn take(log: &Log, aggregate_id: Datum) -> Result<i64, Error> {
    let heads = [log.heads.open(Key::Text)];
    loop {
        let (slot, own) = match unique::lock(&heads[0], aggregate_id) {
            Found::Own(slot) => (slot, true),
            Found::Locked(slot) => (slot, false),
            Found::Nobody => {
                let mut new = row(aggregate_id, 0, log.number);
                // A head made by this transaction is locked by being its own.
                match unique::insert(&heads, None, &mut new, true) {
                    Outcome::Inserted => return Ok(0),
                    Outcome::Taken(..) => continue,
                }
            }
        };
        // Whoever held it before may have appended to a segment made since.
        hear_of_changes();
        let floor = Floor {
            version: slot.number(2),
            segment: slot.integer(3),
        };
        let version = newest(log, floor, aggregate_id)?;
        if own {
            // It cannot be written once more, but covers the segment after its own.
            if log.number < floor.segment {
                return Err(log.not_active());
            }
        } else if floor.segment != log.number {
            let mut moved = row(aggregate_id, version, log.number);
            unique::replace(&heads[0], &slot, &mut moved);
        }
        return Ok(version);
    }
}

fn row(aggregate_id: Datum, version: i64, segment: i32) -> [Datum; 3] {
    [aggregate_id, Datum::from(version), Datum::from(segment)]
}

/// The version of an aggregate whose head is locked.
fn newest(log: &Log, floor: Floor, aggregate_id: Datum) -> Result<i64, Error> {
    let mut version = floor.version;
    for number in [floor.segment, floor.segment + 1] {
        version = version.max(greatest_in(log, number, aggregate_id)?);
    }
    Ok(version)
}

/// The greatest version of an aggregate in a segment, 0 if there is none.
fn greatest_in(log: &Log, number: i32, aggregate_id: Datum) -> Result<i64, Error> {
    if number == log.number {
        // The statement has locked it.
        let segment = Relation::open(log.relation, Lock::Held);
        return Ok(greatest(&segment, &log.by_version, aggregate_id));
    }
    let segments = SEGMENTS.with(|known| {
        known.get_or_make(log.root, || {
            Ok::<_, Error>((vec![log.root], segments::attached(log.root)))
        })
    })?;
    let Some(segment) = segments.up_to_active(number) else {
        return Ok(0);
    };
    let by_version =
        VERSION_INDEXES.with(|indexes| indexes.get_or_make(segment, || version_index(segment)))?;
    let segment = Relation::open(segment, Lock::Read);
    Ok(greatest(&segment, &by_version, aggregate_id))
}

fn greatest(segment: &Relation, by_version: &ByVersion, aggregate_id: Datum) -> i64 {
    let found = greatest_version(segment, by_version.index, by_version.column, aggregate_id);
    found.unwrap_or(0)
}
