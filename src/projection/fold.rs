//! Fold: merge the tail into the state and move the checkpoint, in one
//! transaction.
//!
//! Lock, then look: the checkpoint row, the event table and its segments are locked by
//! statements of their own, then one snapshot is taken, and the checkpoint saved
//! is that snapshot. Own rows are left for the next fold.

use super::inline;
use super::lookups::lock_lookups;
use super::read::{Known, reader as reader_of};
use super::tail::{lock_segments, segments_of};
use crate::catalog::generations::Wait;
use crate::catalog::incarnation;
use crate::catalog::projections::Projection;
use crate::pg::error::OrRaise;
use crate::pg::index::{Lock, Relation};
use crate::pg::security::Settings;
use crate::pg::snapshot::{Snapshot, keeps_snapshot, own_txid};
use crate::pg::spi::{self, Arg, Under};
use crate::worker;
use pganalytics_core::checkpoint::{Checkpoint, stamped};
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::Error;
use pganalytics_core::projection::{fold_sql, own_source_sql, source_sql};
use pgrx::prelude::*;

/// What a fold stands on until its transaction ends.
pub(super) struct Footing {
    /// What has been folded.
    pub from: Coverage,
    /// What is folded when all is that the snapshot sees.
    pub to: Checkpoint,
    /// The id of this transaction as events carry it.
    pub own: u64,
    pub snapshot: Snapshot,
    _log: Relation,
}

/// Locks what a fold changes and reads, then takes its snapshot. `None`: the
/// generation is gone, or being folded.
pub(super) fn stand(projection: &Projection, wait: Wait) -> Result<Option<Footing>, Error> {
    if keeps_snapshot() {
        return Err(Error::FoldNeedsFreshSnapshot);
    }
    let Some(from) = projection.lock_coverage(wait) else {
        return Ok(None);
    };
    let log = Relation::open(projection.event_table, Lock::Read);
    lock_segments(projection.event_table, &from);
    lock_lookups(projection);
    let epoch = incarnation::epoch()?;
    let own = stamped(epoch, own_txid());
    let snapshot = Snapshot::take();
    let to = snapshot.checkpoint().in_epoch(epoch).of_fold_in(own);
    Ok(Some(Footing {
        from,
        to,
        own,
        snapshot,
        _log: log,
    }))
}

/// Folds the tail of a projection and returns the number of events; `None`: the
/// generation is gone. Nothing to fold: nothing is written.
pub fn fold(projection: &Projection) -> Result<Option<i64>, Error> {
    let footing = stand(projection, Wait::Yes)?;
    footing
        .map(|footing| fold_tail(projection, footing))
        .transpose()
}

/// Folds all that the footing's snapshot sees.
pub(super) fn fold_tail(projection: &Projection, footing: Footing) -> Result<i64, Error> {
    if footing.from.is_inline {
        return Ok(0);
    }
    let tail = Events::Tail(&footing.from);
    let segments = segments_of(projection.event_table, tail)?;
    if segments.is_empty() && !footing.from.is_unfinished() {
        return Ok(0);
    }
    let own = Some(footing.own);
    let events = merge(projection, &segments, tail, own, &footing.snapshot)?;
    drop(footing.snapshot);
    projection.move_to(&footing.to.into(), events);
    Ok(events)
}

/// Merges these events of `segments` into the state, as the owner and with the
/// settings of the definition. Returns their number.
pub(super) fn merge(
    projection: &Projection,
    segments: &[i32],
    events: Events,
    except: Option<u64>,
    snapshot: &Snapshot,
) -> Result<i64, Error> {
    let (reader, found);
    let is_own = matches!(events, Events::Own { .. });
    let Known {
        definition,
        table,
        state,
    } = if is_own {
        reader = reader_of(projection.state)?;
        &reader.known
    } else {
        found = Known::of(projection)?;
        &found
    };
    let columns = &definition.columns;
    let source = if is_own {
        own_source_sql(table, columns, segments)
    } else {
        source_sql(table, columns, segments, events, except)
    };
    let sql = fold_sql(&definition.shape, state, &source);
    let _owner = inline::act_as_owner(projection, events);
    let _settings = Settings::pin(projection.pinned_settings());
    let rows = if let Events::Own { txid, after, up_to } = events {
        let txid = txid.to_string();
        let args = vec![Arg::Text(&txid), Arg::Big(after), Arg::Big(up_to)];
        spi::run_kept(&sql, args, Under::Given(snapshot))
    } else {
        spi::run(&sql, vec![], Under::Given(snapshot))
    };
    Ok(rows.first().map_or(0, |row| row.number(1)))
}

#[pg_extern(sql = false)]
fn refresh_projection(name: &str) -> i64 {
    worker::ensure_started();
    loop {
        let projection = Projection::owned(name).or_raise();
        // Another generation may have taken its place meanwhile.
        if let Some(events) = fold(&projection).or_raise() {
            return events;
        }
    }
}
