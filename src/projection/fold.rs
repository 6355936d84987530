//! Fold: merge the tail into the state and move the checkpoint, in one
//! transaction.
//!
//! Lock, then look: the checkpoint row, the event table and its segments are locked by
//! statements of their own, then one snapshot is taken, and the checkpoint saved
//! is that snapshot. Own rows are left for the next fold.

use super::define::define;
use super::lookups::lock_lookups;
use super::tail::{lock_segments, segments_with_tail};
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
use pganalytics_core::error::Error;
use pganalytics_core::projection::{fold_sql, tail_source};
use pgrx::prelude::*;

/// What a fold did.
#[derive(Default)]
pub struct Folded {
    /// Events merged into the state.
    pub events: i64,
}

/// Folds the tail of a projection. Nothing to fold: nothing is written.
pub fn fold(projection: &Projection) -> Result<Folded, Error> {
    if keeps_snapshot() {
        return Err(Error::FoldNeedsFreshSnapshot);
    }
    let unknown = || Error::UnknownProjection {
        name: projection.name.clone(),
    };
    let from = projection.lock_checkpoint().ok_or_else(unknown)?;
    let _log = Relation::open(projection.event_table, Lock::Read);
    lock_segments(projection.event_table, &from);
    lock_lookups(projection);
    let epoch = incarnation::epoch()?;
    let own = stamped(epoch, own_txid());
    let snapshot = Snapshot::take();
    let to = snapshot.checkpoint().in_epoch(epoch).of_fold_in(own);
    let segments = segments_with_tail(projection.event_table, &from)?;
    if segments.is_empty() {
        return Ok(Folded::default());
    }
    let events = merge(projection, &segments, &from, Some(own), &snapshot)?;
    drop(snapshot);
    projection.move_checkpoint(&to, events);
    Ok(Folded { events })
}

/// Merges the events of `segments` that `from` does not cover into the state, as
/// the owner and with the settings of the definition. Returns their number.
pub(super) fn merge(
    projection: &Projection,
    segments: &[i32],
    from: &Checkpoint,
    except: Option<u64>,
    snapshot: &Snapshot,
) -> Result<i64, Error> {
    let definition = define(projection.definition)?;
    let source = tail_source(
        &sql_name(projection.event_table),
        &definition.columns,
        segments,
        from,
        except,
    );
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
        .events
}
