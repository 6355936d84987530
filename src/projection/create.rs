//! `create_projection`.

use super::define::{Maker, define_new};
use super::fold::{fold, merge};
use super::generation::{make_access, make_definition, make_state, settings, view_text};
use super::inline;
use super::source::Source;
use super::tail::tail_is_longer_than;
use crate::catalog::generations::{self, NewGeneration};
use crate::catalog::incarnation;
use crate::catalog::names::{NewName, find};
use crate::catalog::projections::{self, NewProjection, Projection};
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::query::AS_DEPARSED;
use crate::pg::security::{Settings, current_user};
use crate::pg::snapshot::{Snapshot, keeps_snapshot};
use crate::pg::spi;
use crate::worker;
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::{Error, required};
use pganalytics_core::projection::Mode;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn create_projection(
    name: Option<Text>,
    query: Option<Text>,
    mode: Option<Text>,
    with_data: Option<bool>,
) -> Oid {
    let name = required(name.as_deref(), "name").or_raise();
    let query = required(query.as_deref(), "query").or_raise();
    let mode = required(mode.as_deref(), "mode").or_raise();
    let with_data = required(with_data, "with_data").or_raise();
    create(name, query, mode, with_data).or_raise()
}

fn create(name: &str, query: &str, mode: &str, with_data: bool) -> Result<Oid, Error> {
    let mode = Mode::parse(mode)?;
    let name = NewName::parse(name)?;
    let id = generations::next_id();
    let definition = make_definition(id, &name.schema, query)?;
    let maker = Maker {
        owner: current_user(),
        schema: name.schema.clone(),
    };
    let defined = define_new(definition, id, &maker)?;
    let state = make_state(id, definition, &defined.shape, current_user());
    let access_key = uuid::Uuid::new_v4().to_string();
    make_access(id, definition, current_user(), &access_key);
    let view = view_text(id, &name.sql(), &defined, definition, state);
    {
        let _settings = Settings::pin(AS_DEPARSED);
        spi::execute(&format!("CREATE VIEW {view}"));
    }
    let relation = find(&name.sql()).unwrap_or(Oid::INVALID);
    let since = if with_data {
        Checkpoint::nothing()
    } else {
        incarnation::moment()?.checkpoint
    };
    projections::register(&NewProjection {
        id,
        relation,
        access_key,
    });
    generations::register(NewGeneration {
        id,
        projection: id,
        definition,
        event_table: defined.event_table,
        state,
        query,
        settings: settings(),
        since: &since,
    });
    let projection = Projection::numbered(id).ok_or(Error::UnknownProjection {
        name: id.to_string(),
    })?;
    let is_inline = mode == Mode::Inline;
    if is_inline {
        inline::check_rights(&projection)?;
        projection.set_mode(mode);
    }
    if !first_fold(&projection)? {
        notice!(
            "projection \"{}\" is built in the background; what is read from it is exact meanwhile",
            projection.name
        );
    } else if is_inline {
        inline::giving_way(|| inline::begin(&projection))?;
    }
    worker::start_after_commit();
    Ok(relation)
}

/// Folds what is there. A backlog is left to the worker, if there may be one, and in
/// a transaction that keeps an old snapshot so is everything: reads are exact
/// without it. Whether all has been folded.
pub fn first_fold(projection: &Projection) -> Result<bool, Error> {
    // A query without GROUP BY has its one group also when there are no events.
    let snapshot = Snapshot::take();
    let nothing = Coverage::nothing();
    merge(
        projection,
        &Source::of(&[], Events::Tail(&nothing)),
        &snapshot,
    )?;
    drop(snapshot);
    catch_up(projection)
}

/// Folds what has not been folded, or leaves it to the worker likewise.
pub fn catch_up(projection: &Projection) -> Result<bool, Error> {
    let snapshot = Snapshot::take();
    let coverage = projection.coverage().unwrap_or_else(Coverage::nothing);
    let is_long =
        worker::is_on() && tail_is_longer_than(projection, &coverage, worker::batch_events())?;
    drop(snapshot);
    if is_long || keeps_snapshot() {
        return Ok(false);
    }
    fold(projection)?;
    Ok(true)
}
