//! Inline projections: every transaction folds what it appends, before it commits.
//!
//! The state then holds all that is committed, and the tail is what the reader's own
//! transaction has appended since its last fold. Whether a projection is inline is
//! part of its coverage, so every snapshot reads it the way it was then.
//!
//! ```text
//! becoming: lock the open segments → the trigger → fold the rest → inline
//! pausing:  lock the open segments → checkpoint := snapshot → not inline
//! ```
//!
//! # Whose rights
//!
//! The fold runs in the transaction of whoever appends, who may be anybody, also a
//! superuser. An ordinary trigger runs with the rights of that role: who owns a table
//! can use those of all who write to it. Here the definition and the triggers on the
//! state run as the projection's owner, who can change neither role nor settings for
//! what comes after. One door stays open: triggers and constraints that are *deferred*
//! must be possible on the state, and PostgreSQL runs those at the end of the
//! transaction as whoever has begun it. So only a role that has the rights of the
//! event table's owner may have an inline projection: it could put a trigger on the
//! event table as well, and gains nothing. If it has lost them since, the fold is
//! restricted, as the worker's are: what defers a trigger then fails.

use super::fold::{fold_tail, merge, stand};
use super::lookups::lock_lookups;
use super::read::reader;
use super::tail::segments_of;
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::generations::Wait;
use crate::catalog::incarnation;
use crate::catalog::names::{shown, sql_name};
use crate::catalog::projections::Projection;
use crate::log;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::{OrRaise, noting};
use crate::pg::index::Relation;
use crate::pg::own;
use crate::pg::security::{ActingAs, Platform};
use crate::pg::snapshot::{Snapshot, keeps_snapshot, own_txid};
use crate::pg::spi;
use pganalytics_core::checkpoint::stamped;
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::Error;
use pganalytics_core::sql::ident;
use pgrx::prelude::*;

thread_local! {
    /// By event table. Who makes or ends one keeps writers out of the segments, so these
    /// hear of it when they lock theirs.
    static IN_FORCE: RelationCache<Vec<Projection>> =
        RelationCache::new(|relation| IN_FORCE.with(|cache| cache.forget(relation)));
}

fn in_force(event_table: Oid) -> (Vec<Oid>, Vec<Projection>) {
    let all = Projection::inline_of(event_table);
    let mut relations = vec![event_table];
    relations.extend(all.iter().flat_map(|one| [one.relation, one.state]));
    (relations, all)
}

/// Folds what this transaction has appended to an event table into its inline
/// projections, in the order of their numbers: who folds the same groups in another
/// transaction does so in the same order.
pub fn fold_own(event_table: Oid) -> Result<(), Error> {
    let Some((txid, up_to)) = own::last(event_table) else {
        return Ok(());
    };
    // First, for triggers on the states that append or fold.
    own::fold(event_table, up_to);
    let load = || Ok::<_, Error>(in_force(event_table));
    let all = IN_FORCE.with(|known| known.get_or_make(event_table, load))?;
    for projection in all.iter() {
        let seen = || projection.coverage().is_some_and(|known| known.is_inline);
        if keeps_snapshot() && !seen() {
            return Err(Error::ConcurrentProjection {
                name: projection.name.clone(),
            });
        }
        fold_own_into(projection, txid, up_to)?;
    }
    Ok(())
}

fn fold_own_into(projection: &Projection, txid: u64, up_to: i64) -> Result<(), Error> {
    let after = own::folded(projection.state);
    if after >= up_to {
        return Ok(());
    }
    // Whoever drops it waits from here on.
    let Some(_state) = Relation::open_if_there(projection.state) else {
        return Ok(());
    };
    own::fold(projection.state, up_to);
    let events = Events::Own { txid, after, up_to };
    let segments = segments_of(projection.event_table, events)?;
    let reader = reader(projection.state)?;
    let definition = &reader.known.definition;
    if definition.shape.folds_alone() {
        projection.fold_alone();
    }
    if !definition.lookups.is_empty() {
        lock_lookups(projection);
    }
    let snapshot = Snapshot::take();
    let note = format!(
        "Inline projection \"{}\" was being folded.",
        projection.name
    );
    noting(&note, || {
        merge(projection, &segments, events, None, &snapshot)
    })?;
    Ok(())
}

/// Begins to act as the owner of a projection, to fold these events.
pub(super) fn act_as_owner(projection: &Projection, events: Events) -> ActingAs {
    if matches!(events, Events::Own { .. }) && projection.may_be_inline() {
        ActingAs::definer(projection.owner)
    } else {
        ActingAs::new(projection.owner)
    }
}

/// The tail that a reader finds: for an inline projection what this transaction has
/// appended and not folded. `None`: certainly nothing.
pub(super) fn tail<'a>(projection: &Projection, coverage: &'a Coverage) -> Option<Events<'a>> {
    if !coverage.is_inline {
        return Some(Events::Tail(coverage));
    }
    let (txid, up_to) = own::last(projection.event_table)?;
    let after = own::folded(projection.state);
    (after < up_to).then_some(Events::Own { txid, after, up_to })
}

/// What this transaction finds folded in the state of an inline projection.
pub(super) fn folded(projection: &Projection) -> Coverage {
    let own = own::last(projection.event_table);
    Coverage::of_all(own.map(|(txid, _)| (txid, own::folded(projection.state))))
}

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
pub(super) fn begin(projection: &Projection) -> Result<(), Error> {
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
/// was looked at.
pub fn settle(projection: &Projection) -> Result<(), Error> {
    if projection.wants_inline() && projection.lock() {
        begin(projection)?;
    }
    Ok(())
}

/// Has a generation folded by the worker again: everything committed is in its state.
/// The caller has locked the projection.
pub(super) fn end(projection: &Projection) -> Result<(), Error> {
    if !is_in_force(projection) {
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
    let epoch = incarnation::epoch()?;
    let own = stamped(epoch, own_txid());
    let snapshot = Snapshot::take();
    let now = snapshot.checkpoint().in_epoch(epoch).of_fold_in(own);
    drop(snapshot);
    projection.move_to(&now.into(), 0);
    projection.set_inline(false);
    Ok(())
}

/// Whether a generation is inline now, whatever the snapshot in use. It stays so until
/// the transaction ends.
fn is_in_force(projection: &Projection) -> bool {
    projection
        .lock_coverage(Wait::Yes)
        .is_some_and(|now| now.is_inline)
}

/// Who may put a trigger on a table may not take it off again unless the table is theirs.
#[pg_extern(sql = false)]
fn drop_projection_trigger(name: &str, trigger: &str) {
    let projection = Projection::owned(name).or_raise();
    let (trigger, state) = (ident(trigger), sql_name(projection.state));
    let _platform = Platform::act();
    spi::execute(&format!("DROP TRIGGER {trigger} ON {state}"));
}

/// Refuses to give a state up, or to have the worker fold it, that somebody has put
/// triggers on.
pub(super) fn check_state(projection: &Projection) -> Result<(), Error> {
    match projection.trigger_on_state() {
        Some(trigger) if is_in_force(projection) => Err(Error::StateTrigger {
            trigger,
            projection: projection.name.clone(),
        }),
        _ => Ok(()),
    }
}
