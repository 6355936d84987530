//! Read: what the tail adds, for the view to merge with the state.
//!
//! Everything is read under the active snapshot, the checkpoint too, so state
//! and tail always fit; nothing is written, so it works on a standby.

use super::define::{Definition, define};
use super::inline;
use super::tail::segments_of;
use crate::catalog::names::{self, sql_name};
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::{OrRaise, raise};
use crate::pg::security::{ActingAs, Settings};
use crate::pg::srf::Fill;
use crate::worker;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{delta_sql, source_sql};

thread_local! {
    /// By state relation; forgotten when that or a table that it reads changes.
    pub(super) static READERS: RelationCache<Reader> =
        RelationCache::of_queries(|relation| READERS.with(|cache| cache.forget(relation)));
}

/// What a read needs to know of a projection, besides its checkpoint.
pub struct Reader {
    projection: Projection,
    definition: Definition,
    table: String,
}

fn load(state: Oid) -> Result<(Vec<Oid>, Reader), Error> {
    worker::ensure_started();
    let denied = || Error::TailDenied {
        state: names::shown(state),
    };
    let projection = Projection::of_state(state).ok_or_else(denied)?;
    let definition = define(projection.definition, projection.generation)?;
    let table = sql_name(projection.event_table);
    // The owner is the view's.
    let mut relations = vec![
        projection.event_table,
        projection.relation,
        projection.definition,
    ];
    relations.extend(&definition.lookups);
    Ok((
        relations,
        Reader {
            projection,
            definition,
            table,
        },
    ))
}

/// Sends what the tail adds to this state of a projection to `fill`.
/// `access_key` proves that the caller came through the projection's view.
pub fn read_tail(state: Oid, access_key: Option<&str>, fill: Fill) {
    let reader = READERS
        .with(|readers| readers.get_or_make(state, || load(state)))
        .or_raise();
    let coverage = reader.projection.coverage();
    if access_key != Some(&reader.projection.access_key) {
        // A snapshot older than the projection sees neither its checkpoint nor its key.
        raise(if access_key.is_none() && coverage.is_none() {
            Error::ConcurrentProjection {
                name: reader.projection.name.clone(),
            }
        } else {
            Error::TailDenied {
                state: names::shown(state),
            }
        });
    }
    // One that is only older than this generation of it sees nothing folded.
    let coverage = coverage.unwrap_or_else(|| reader.projection.since());
    let Some(tail) = inline::tail(&reader.projection, &coverage) else {
        return;
    };
    let segments = segments_of(reader.projection.event_table, tail).or_raise();
    if segments.is_empty() {
        return;
    }
    let source = source_sql(
        &reader.table,
        &reader.definition.columns,
        &segments,
        tail,
        None,
    );
    let sql = delta_sql(&reader.definition.shape, &source);
    let _owner = ActingAs::new(reader.projection.owner);
    let _settings = Settings::pin(reader.projection.pinned_settings());
    fill(&sql);
}
