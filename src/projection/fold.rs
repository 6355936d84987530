//! Fold: merge the tail into the state and move the checkpoint, in one
//! transaction.
//!
//! Lock, then look: the checkpoint row, the event table and its segments are locked by
//! statements of their own, then one snapshot is taken, and the checkpoint saved
//! is that snapshot. Own rows are left for the next fold.

use super::define::define;
use super::letters::merge_or_set_aside;
use super::source::Source;
use super::tail::{lock_segments, segments_of};
use crate::catalog::incarnation;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::error::OrRaise;
use crate::pg::index::{Lock, Relation};
use crate::pg::security::{ActingAs, Settings};
use crate::pg::snapshot::{Snapshot, keeps_snapshot, own_txid};
use crate::pg::spi::{self, Under};
use crate::worker;
use pganalytics_core::checkpoint::{Checkpoint, stamped};
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::Error;
use pganalytics_core::projection::fold_sql;
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

/// Locks what a fold changes and reads, then takes its snapshot.
pub(super) fn stand(projection: &Projection) -> Result<Footing, Error> {
    if keeps_snapshot() {
        return Err(Error::FoldNeedsFreshSnapshot);
    }
    let unknown = || Error::UnknownProjection {
        name: projection.name.clone(),
    };
    let from = projection.lock_coverage().ok_or_else(unknown)?;
    let log = Relation::open(projection.event_table, Lock::Read);
    lock_segments(projection.event_table, &from);
    let epoch = incarnation::epoch()?;
    let own = stamped(epoch, own_txid());
    let snapshot = Snapshot::take();
    let to = snapshot.checkpoint().in_epoch(epoch).of_fold_in(own);
    Ok(Footing {
        from,
        to,
        own,
        snapshot,
        _log: log,
    })
}

/// Folds the tail of a projection and returns the number of events. Nothing to
/// fold: nothing is written.
pub fn fold(projection: &Projection) -> Result<i64, Error> {
    let footing = stand(projection)?;
    fold_tail(projection, footing)
}

/// Folds all that the footing's snapshot sees.
pub(super) fn fold_tail(projection: &Projection, footing: Footing) -> Result<i64, Error> {
    let tail = Events::Tail(&footing.from);
    let segments = segments_of(projection.event_table, tail)?;
    if segments.is_empty() && footing.from.backlog.is_none() {
        return Ok(0);
    }
    let source = Source {
        except: Some(footing.own),
        ..Source::of(&segments, tail)
    };
    let events = merge_or_set_aside(projection, &source, &footing.snapshot)?;
    drop(footing.snapshot);
    projection.move_to(&footing.to.into(), events);
    Ok(events)
}

/// Merges these events into the state, as the owner and with the settings of the
/// definition. Returns their number.
pub(super) fn merge(
    projection: &Projection,
    source: &Source,
    snapshot: &Snapshot,
) -> Result<i64, Error> {
    let definition = define(projection.definition)?;
    let source = source.sql(&sql_name(projection.event_table), &definition.columns);
    let sql = fold_sql(&definition.shape, &sql_name(projection.state), &source);
    let _owner = ActingAs::new(projection.owner);
    let _settings = Settings::pin(projection.pinned_settings());
    let rows = spi::run(&sql, vec![], Under::Given(snapshot));
    Ok(rows.first().map_or(0, |row| row.number(1)))
}

#[pg_extern(sql = false)]
fn refresh_projection(name: &str) -> i64 {
    worker::ensure_started();
    Projection::owned(name)
        .and_then(|projection| fold(&projection))
        .or_raise()
}
