//! Becoming inline and ceasing to be: while writers are kept out, so that each of them
//! folds all of what it appends, or nothing.

use super::super::fold::{fold_tail, stand};
use super::super::tail::tail_is_longer_than;
use super::{check_state, fold_own, fold_own_into};
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::generations::Wait;
use crate::catalog::incarnation;
use crate::catalog::names::shown;
use crate::catalog::projections::Projection;
use crate::log;
use crate::pg::own;
use crate::pg::snapshot::keeps_snapshot;
use crate::worker;
use pganalytics_core::coverage::Coverage;
use pganalytics_core::error::Error;

/// Refuses an inline projection of an event table to a role that has not the rights of
/// its owner.
pub fn check_rights(projection: &Projection) -> Result<(), Error> {
    if projection.may_be_inline() {
        return Ok(());
    }
    Err(Error::NotOwner {
        kind: "event table",
        name: shown(projection.event_table),
    })
}

/// Keeps writers out of its event table until the transaction ends.
fn keep_writers_out(projection: &Projection) -> Result<EventTable, Error> {
    let table = event_tables::lock_relation(projection.event_table).ok_or_else(|| {
        Error::UnknownEventTable {
            name: shown(projection.event_table),
        }
    })?;
    log::keep_writers_out(&table);
    Ok(table)
}

/// Has a generation folded by those who append from now on. Waits for those who do so
/// now; the caller has locked the projection.
pub fn begin(projection: &Projection) -> Result<(), Error> {
    check_rights(projection)?;
    let table = keep_writers_out(projection)?;
    fold_own(table.root)?;
    let Some(footing) = stand(projection, Wait::Yes)? else {
        return Ok(());
    };
    if footing.from.is_inline {
        return Ok(());
    }
    let is_own_covered = footing.from.covers(footing.own, i64::MAX);
    fold_tail(projection, footing)?;
    if let Some((txid, up_to)) = own::last(table.root)
        && !is_own_covered
    {
        fold_own_into(projection, txid, up_to)?;
    }
    projection.set_inline(true);
    Ok(())
}

/// The same, unless the projection is not to be inline, or not any more the one that
/// was looked at, or has still more to fold than writers can wait for: somebody else
/// may be at a batch of it.
pub fn settle(projection: &Projection) -> Result<(), Error> {
    if projection.wants_inline() && projection.lock() && is_short(projection)? {
        begin(projection)?;
    }
    Ok(())
}

/// Whether what is left to fold is no backlog.
fn is_short(projection: &Projection) -> Result<bool, Error> {
    let coverage = projection.coverage().unwrap_or_else(Coverage::nothing);
    let is_long = coverage.is_unfinished()
        || tail_is_longer_than(projection, &coverage, worker::batch_events())?;
    Ok(!is_long)
}

/// Has a generation folded by the worker again: everything committed is in its state.
/// The caller has locked the projection.
pub fn end(projection: &Projection) -> Result<(), Error> {
    if !projection.is_inline() {
        return Ok(());
    }
    if keeps_snapshot() {
        return Err(Error::FoldNeedsFreshSnapshot);
    }
    check_state(projection)?;
    let table = keep_writers_out(projection)?;
    if own::last(table.root).is_some() {
        return Err(Error::OwnEvents { table: table.name });
    }
    let now = incarnation::moment()?.checkpoint;
    projection.move_to(&now.into(), 0);
    projection.set_inline(false);
    Ok(())
}
