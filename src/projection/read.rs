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
use std::rc::Rc;

thread_local! {
    /// By state relation; forgotten when that or a table that it reads changes.
    pub(super) static READERS: RelationCache<Reader> =
        RelationCache::of_queries(|relation| READERS.with(|cache| cache.forget(relation)));
}

/// What a read needs to know of a projection, besides its checkpoint.
pub struct Reader {
    projection: Projection,
    pub known: Known,
}

/// What the text of a query needs to know of it.
pub struct Known {
    pub definition: Definition,
    /// The event table.
    pub table: String,
    pub state: String,
}

impl Known {
    /// That of a projection.
    pub fn of(projection: &Projection) -> Result<Self, Error> {
        Ok(Self {
            definition: define(projection.definition, projection.generation)?,
            table: sql_name(projection.event_table),
            state: sql_name(projection.state),
        })
    }
}

/// The reader of a state, looked up once per backend.
pub fn reader(state: Oid) -> Result<Rc<Reader>, Error> {
    READERS.with(|readers| readers.get_or_make(state, || load(state)))
}

fn load(state: Oid) -> Result<(Vec<Oid>, Reader), Error> {
    worker::ensure_started();
    let denied = || Error::TailDenied {
        state: names::shown(state),
    };
    let projection = Projection::of_state(state).ok_or_else(denied)?;
    let known = Known::of(&projection)?;
    // The owner is the view's.
    let mut relations = vec![
        projection.event_table,
        projection.relation,
        projection.definition,
    ];
    relations.extend(&known.definition.lookups);
    Ok((relations, Reader { projection, known }))
}

/// Sends what the tail adds to this state of a projection to `fill`.
/// `access_key` proves that the caller came through the projection's view.
pub fn read_tail(state: Oid, access_key: Option<&str>, fill: Fill) {
    let reader = reader(state).or_raise();
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
        &reader.known.table,
        &reader.known.definition.columns,
        &segments,
        tail,
        None,
    );
    let sql = delta_sql(&reader.known.definition.shape, &source);
    let _owner = ActingAs::new(reader.projection.owner);
    let _settings = Settings::pin(reader.projection.pinned_settings());
    fill(&sql);
}
