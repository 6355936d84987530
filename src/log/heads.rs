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

use super::segments::attached;
use super::settings::{Log, VERSION_INDEXES, version_index};
use crate::pg::Datum;
use crate::pg::cache::{Floor, LOCKED_HEADS, hear_of_changes};
use crate::pg::index::{Lock, Relation};
use crate::pg::unique::{self, Found, Key, Outcome};
use pganalytics_core::error::Error;
use pganalytics_core::hint::Hints;
use std::cell::RefCell;

thread_local! {
    /// The versions that this session has met, true or not by now.
    static MET: RefCell<Hints> = RefCell::default();
}

/// Locks the head of an aggregate to the end of the transaction, and makes it if
/// the aggregate is new. Returns the aggregate's version, 0 if it has no events;
/// `given` may tell it once the head is known to be locked.
pub fn lock(
    log: &Log,
    aggregate_id: Datum,
    aggregate: &[u8],
    given: impl FnOnce() -> Option<i64>,
) -> Result<i64, Error> {
    let known = LOCKED_HEADS.with(|heads| heads.get(log.heads.table, aggregate));
    let version = match known {
        // Since then only this transaction has appended, and only here.
        Some(floor) if floor.segment == log.number => {
            if let Some(version) = given() {
                return Ok(version);
            }
            let own = greatest_in(log, log.number, aggregate_id, floor.version + 1)?;
            return Ok(own.unwrap_or(floor.version));
        }
        Some(floor) if floor.segment < log.number => newest(log, floor, aggregate_id, None)?,
        // One that goes back to the closing segment: see that the floor covers that.
        _ => {
            let table = log.heads.table.to_u32();
            let met = MET.with_borrow(|met| met.get(table, aggregate));
            let version = take(log, aggregate_id, met)?;
            MET.with_borrow_mut(|met| met.keep(table, aggregate, version));
            version
        }
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
fn take(log: &Log, aggregate_id: Datum, met: Option<i64>) -> Result<i64, Error> {
    let heads = [log.heads.open(Key::Text)];
    let own = loop {
        match unique::lock(&heads[0], aggregate_id) {
            Found::Own => break true,
            Found::Locked => break false,
            Found::Nobody => {
                let mut new = row(aggregate_id, 0, log.number);
                // A head made by this transaction is locked by being its own.
                if let Outcome::Inserted = unique::insert(&heads, None, &mut new, true) {
                    return Ok(0);
                }
            }
        }
    };
    // Whoever held it before may have appended to a segment made since.
    hear_of_changes();
    let head = heads[0].row();
    let floor = Floor {
        version: head.number(2),
        segment: head.integer(3),
    };
    let version = newest(log, floor, aggregate_id, met)?;
    if own {
        // It cannot be written once more, but covers the segment after its own.
        if log.number < floor.segment {
            return Err(log.not_active());
        }
    } else if floor.segment != log.number {
        unique::replace(&heads[0], &mut row(aggregate_id, version, log.number));
    }
    Ok(version)
}

fn row(aggregate_id: Datum, version: i64, segment: i32) -> [Datum; 3] {
    [aggregate_id, Datum::from(version), Datum::from(segment)]
}

/// The version of an aggregate whose head is locked: looked for from the last one
/// that this session has met, else from the floor.
fn newest(log: &Log, floor: Floor, aggregate_id: Datum, met: Option<i64>) -> Result<i64, Error> {
    let from = |at_least| {
        let in_first = greatest_in(log, floor.segment, aggregate_id, at_least)?;
        let in_next = greatest_in(log, floor.segment + 1, aggregate_id, at_least)?;
        Ok(in_first.max(in_next))
    };
    if let Some(met) = met.filter(|met| *met > floor.version)
        && let Some(version) = from(met)?
    {
        return Ok(version);
    }
    Ok(from(floor.version + 1)?.unwrap_or(floor.version))
}

/// The greatest version of an aggregate in a segment, if it is `at_least` so much.
fn greatest_in(
    log: &Log,
    number: i32,
    aggregate_id: Datum,
    at_least: i64,
) -> Result<Option<i64>, Error> {
    if number == log.number {
        // The statement has locked both, the index as one to be inserted into.
        let segment = Relation::open(log.relation, Lock::Held);
        let by_version = log.by_version;
        let index = Relation::open(by_version.index, Lock::Write);
        return Ok(by_version.greatest(&segment, &index, aggregate_id, at_least));
    }
    let Some(segment) = attached(log.root).up_to_active(number) else {
        return Ok(None);
    };
    let by_version =
        VERSION_INDEXES.with(|indexes| indexes.get_or_make(segment, || version_index(segment)))?;
    let segment = Relation::open(segment, Lock::Read);
    let index = Relation::open(by_version.index, Lock::Read);
    Ok(by_version.greatest(&segment, &index, aggregate_id, at_least))
}
