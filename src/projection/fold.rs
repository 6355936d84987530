//! Fold: merge the tail into the state and move the checkpoint, in one
//! transaction.
//!
//! Lock, then look: the checkpoint row, the event table and its segments are locked by
//! statements of their own, then one snapshot is taken, and the checkpoint saved
//! is that snapshot. Own rows are left for the next fold.

use super::define::define;
use super::letters::merge_or_set_aside;
use super::lookups::lock_lookups;
use super::source::Source;
use super::tail::{lock_segments, segments_of};
use crate::catalog::generations::Wait;
use crate::catalog::incarnation;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::index::{Lock, Relation};
use crate::pg::security::{ActingAs, Settings};
use crate::pg::snapshot::{Snapshot, keeps_snapshot};
use crate::pg::spi::{self, Under};
use crate::worker;
use pganalytics_core::checkpoint::Checkpoint;
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
    let now = incarnation::moment()?;
    Ok(Some(Footing {
        from,
        to: now.checkpoint,
        own: now.own,
        snapshot: now.snapshot,
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
    let definition = define(projection.definition, projection.generation)?;
    let source = source.sql(&sql_name(projection.event_table), &definition.columns);
    let sql = fold_sql(&definition.shape, &sql_name(projection.state), &source);
    let _owner = ActingAs::new(projection.owner);
    let _settings = Settings::pin(projection.pinned_settings());
    let rows = spi::run(&sql, vec![], Under::Given(snapshot));
    Ok(rows.first().map_or(0, |row| row.number(1)))
}

#[pg_extern(sql = false)]
fn refresh_projection(name: Text) -> i64 {
    worker::ensure_started();
    loop {
        let projection = Projection::owned(&name).or_raise();
        // Another generation may have taken its place meanwhile.
        if let Some(events) = fold(&projection).or_raise() {
            return events;
        }
    }
}
