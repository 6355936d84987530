//! Verify: what a state holds beside what the log gives, recomputed.
//!
//! Everything is read under one snapshot, state and checkpoint too, so folds go on
//! meanwhile. Lock, then look, as for a fold. Repair is a rebuild.

use super::define::define;
use super::inline;
use super::lookups::lock_lookups;
use super::replace::rebuild;
use super::source::Source;
use super::tail::segments_of;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::error::tell;
use crate::pg::index::Relation;
use crate::pg::security::{ActingAs, Settings};
use crate::pg::snapshot::Snapshot;
use crate::pg::srf::Fill;
use pganalytics_core::coverage::Events;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Portion, verify_sql};

/// Sends the groups in which a projection's state differs from what the events that it
/// has folded give; with `repair` it is built anew if there are any.
pub fn verify(name: &str, repair: bool, fill: Fill) -> Result<(), Error> {
    let projection = held(name)?;
    let snapshot = Snapshot::take();
    let since = projection.since().done;
    let Some(coverage) = projection.coverage() else {
        return Err(Error::ConcurrentProjection {
            name: projection.name,
        });
    };
    let coverage = if coverage.is_inline {
        inline::folded(&projection)
    } else {
        coverage
    };
    let folded = Events::Folded(&coverage, &since);
    let segments = segments_of(projection.event_table, folded)?;
    let definition = define(projection.definition, projection.generation)?;
    let letters = projection.dead_letters();
    let set_aside = letters.iter().map(|letter| letter.position).collect();
    let source = Source::of(&segments, folded)
        .narrowed(Portion::Without(set_aside))
        .sql(&sql_name(projection.event_table), &definition.columns);
    let sql = verify_sql(&definition.shape, &sql_name(projection.state), &source);
    let differences = {
        let _owner = ActingAs::new(projection.owner);
        let _settings = Settings::pin(projection.pinned_settings());
        fill(&sql).unwrap_or_else(|failure| failure.raise())
    };
    drop(snapshot);
    match (differences, repair) {
        (0, _) => Ok(()),
        (_, true) => rebuild(name),
        (_, false) => {
            let differ = match differences {
                1 => format!("1 group of projection \"{name}\" differs"),
                _ => format!("{differences} groups of projection \"{name}\" differ"),
            };
            tell(
                format!("{differ} from the log"),
                "Build it anew with rebuild_projection() or repair => true.",
            );
            Ok(())
        }
    }
}

/// The projection that a user names, with what is compared kept from being dropped or
/// rewritten until the transaction ends, for a snapshot to be taken next.
fn held(name: &str) -> Result<Projection, Error> {
    loop {
        let projection = Projection::owned(name)?;
        let compared = [
            projection.event_table,
            projection.definition,
            projection.state,
        ];
        // Otherwise another generation has taken its place meanwhile, or it is gone.
        if compared
            .into_iter()
            .all(|relation| Relation::open_if_there(relation).is_some())
        {
            lock_lookups(&projection);
            return Ok(projection);
        }
    }
}
