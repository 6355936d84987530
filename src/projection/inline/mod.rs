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

mod state_trigger;
mod switch;
mod way;

use super::lookups::lock_lookups;
use super::read::reader;
use super::tail::segments_of;
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::noting;
use crate::pg::index::Relation;
use crate::pg::own;
use crate::pg::security::{ActingAs, Settings};
use crate::pg::snapshot::{Snapshot, keeps_snapshot};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::Error;
use pganalytics_core::projection::{fold_sql, own_source_sql};
pub(super) use state_trigger::{check_state, lock_state};
pub use switch::settle;
pub(super) use switch::{begin, check_rights, end};
pub(super) use way::giving_way;

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
    let definition = &reader.definition;
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
    let source = own_source_sql(&reader.table, &definition.columns, &segments);
    let sql = fold_sql(&definition.shape, &reader.state, &source);
    let txid = txid.to_string();
    let args = vec![Arg::Text(&txid), Arg::Big(after), Arg::Big(up_to)];
    noting(&note, || {
        let _owner = act_as_owner(projection);
        let _settings = Settings::pin(projection.pinned_settings());
        spi::run_kept(&sql, args, Under::Given(&snapshot))
    });
    Ok(())
}

/// Begins to act as the owner of a projection, to fold what somebody else may append.
fn act_as_owner(projection: &Projection) -> ActingAs {
    if projection.may_be_inline() {
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
    let after = own::seen_folded(projection.state);
    (after < up_to).then_some(Events::Own { txid, after, up_to })
}

/// What this transaction finds folded in the state of an inline projection.
pub(super) fn folded(projection: &Projection) -> Coverage {
    let own = own::last(projection.event_table);
    Coverage::of_all(own.map(|(txid, _)| (txid, own::seen_folded(projection.state))))
}
