//! Read: what the tail adds, for the view to merge with the state.
//!
//! Everything is read under the active snapshot, the checkpoint too, so state
//! and tail always fit; nothing is written, so it works on a standby.

use super::culprits::Search;
use super::define::{Definition, define};
use super::inline;
use super::letters::{find, without};
use super::source::Source;
use super::tail::segments_of;
use crate::catalog::names::{self, sql_name};
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::error::{OrRaise, raise, warn};
use crate::pg::security::{ActingAs, Settings, has_rights_of};
use crate::pg::srf::Fill;
use crate::pg::transaction::Failure;
use crate::worker;
use pganalytics_core::error::Error;
use pganalytics_core::fault::events;
use pganalytics_core::projection::{Portion, delta_sql};
use std::rc::Rc;

thread_local! {
    /// By state relation; forgotten when that or a table that it reads changes.
    pub(super) static READERS: RelationCache<Reader> =
        RelationCache::of_queries(|relation| READERS.with(|cache| cache.forget(relation)));
}

/// What a read needs to know of a projection, besides its checkpoint.
pub struct Reader {
    projection: Projection,
    pub definition: Definition,
    pub table: String,
    pub state: String,
}

fn load(state: Oid) -> Result<(Vec<Oid>, Reader), Error> {
    worker::ensure_started();
    let denied = || Error::TailDenied {
        state: names::shown(state),
    };
    let projection = Projection::of_state(state).ok_or_else(denied)?;
    let definition = define(projection.definition, projection.generation)?;
    let table = sql_name(projection.event_table);
    let state = sql_name(projection.state);
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
            state,
        },
    ))
}

/// The reader of a state, looked up once per backend.
pub fn reader(state: Oid) -> Result<Rc<Reader>, Error> {
    READERS.with(|readers| readers.get_or_make(state, || load(state)))
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
    let source = Source::of(&segments, tail);
    if let Err(failure) = reader.send(&source, fill) {
        if coverage.is_inline {
            // It can neither be folded, nor set aside.
            failure.raise();
        }
        let good = leave_out(&reader.projection, &source, failure).or_raise();
        if let Err(failure) = reader.send(&source.narrowed(good), fill) {
            failure.raise();
        }
    }
}

impl Reader {
    /// Sends the groups of these events, or none if that fails.
    fn send(&self, source: &Source, fill: Fill) -> Result<u64, Failure> {
        let source = source.sql(&self.table, &self.definition.columns);
        let sql = delta_sql(&self.definition.shape, &self.state, &source);
        let _owner = ActingAs::new(self.projection.owner);
        let _settings = Settings::pin(self.projection.pinned_settings());
        fill(&sql)
    }
}

/// Finds the events of the tail that a failure is the fault of, warns the reader, and
/// returns all but them. What an error says of an event is for the owner.
fn leave_out(projection: &Projection, source: &Source, failure: Failure) -> Result<Portion, Error> {
    let is_owner = has_rights_of(projection.owner);
    let search = Search::among(projection, source)?;
    let culprits = find(projection, &search, failure, is_owner, 0)?;
    let first = &culprits[0];
    let which = search
        .describe(first)
        .map_or_else(String::new, |event| event.event_id);
    let mut detail = format!("The first is event {which} at position {}", first.position);
    if is_owner {
        detail = format!("{detail}: {}", first.failure.message);
    }
    warn(
        format!(
            "left out {} that projection \"{}\" cannot evaluate",
            events(culprits.len()),
            projection.name
        ),
        Some(format!("{detail}.")),
        "The next fold sets them aside, in pganalytics.dead_letters.",
    );
    Ok(without(&culprits))
}
