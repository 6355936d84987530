//! Replacing a projection: another generation is built beside the one that is read,
//! caught up, and then named in its place.
//!
//! The view is then made to read the new state. Whoever reads the old one holds a
//! lock on the view, so nobody does when the view changes; a snapshot older than
//! that finds in the new state, and in its coverage, what had been folded then, and
//! reads the rest from the log. That is exact for every snapshot, so the old
//! generation goes at once.

use super::create::first_fold;
use super::define::{Maker, define, define_new};
use super::generation::{access, make_definition, make_state, settings, view_text};
use super::inline;
use crate::catalog::generations::{self, NewGeneration};
use crate::catalog::names::{Described, describe_columns, find, schema_of, sql_name, view_options};
use crate::catalog::projections::Projection;
use crate::pg::depend::goes_over;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::index::Relation;
use crate::pg::query::AS_DEPARSED;
use crate::pg::security::{ActingAs, Platform, Settings};
use crate::pg::spi;
use crate::worker;
use pganalytics_core::error::{Error, required};
use pganalytics_core::projection::Kind;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn replace_projection(name: Option<Text>, query: Option<Text>) {
    let name = required(name.as_deref(), "name").or_raise();
    let query = required(query.as_deref(), "query").or_raise();
    replace(name, Some(query)).or_raise();
}

#[pg_extern(sql = false)]
fn rebuild_projection(name: Text) {
    rebuild(&name).or_raise();
}

/// Builds the state of a projection anew from the log.
pub fn rebuild(name: &str) -> Result<(), Error> {
    replace(name, None)
}

/// Replaces the query, or builds the state anew from the same.
fn replace(name: &str, query: Option<&str>) -> Result<(), Error> {
    let old = Projection::locked(name)?;
    let successor = begin(&old, query)?;
    if !first_fold(&successor)? {
        notice!(
            "projection \"{}\" is built anew in the background and read as it was until then",
            old.name
        );
        worker::start_after_commit();
        Ok(())
    } else if successor.wants_inline() {
        inline::giving_way(|| take_over(&successor))
    } else {
        take_over(&successor)
    }
}

/// Has another generation of a projection built, which the caller has locked.
pub fn begin(old: &Projection, query: Option<&str>) -> Result<Projection, Error> {
    inline::check_state(old)?;
    // Lock, then look: what its query reads keeps its names meanwhile.
    drop(Relation::open_if_there(old.event_table));
    if let Some(unfinished) = Projection::successor(old.id) {
        Projection::set_successor(old.id, None);
        generations::remove(unfinished.generation);
    }
    let id = generations::next_id();
    let is_new = query.is_some();
    let maker = Maker {
        owner: old.owner,
        schema: schema_of(old.relation),
    };
    let (definition, query, settings) = if let Some(query) = query {
        (
            make_definition(id, &maker.schema, query)?,
            query.to_owned(),
            settings(),
        )
    } else {
        let (query, settings) = generations::query(old.generation);
        (old.definition, query, settings)
    };
    let defined = define_new(definition, id, &maker)?;
    if is_new {
        let mut columns = describe_columns(definition);
        if let Kind::Stateless(shown) = &defined.shape.kind {
            let own = shown.iter().skip(columns.len());
            columns.extend(own.map(|column| Described {
                name: column.name.clone(),
                of: column.sql_type.clone(),
            }));
        }
        check_columns(&old.name, &describe_columns(old.relation), &columns)?;
    }
    let state = make_state(id, definition, &defined.shape, old.owner);
    generations::register(NewGeneration {
        id,
        projection: old.id,
        definition,
        event_table: defined.event_table,
        state,
        query: &query,
        settings,
        since: &old.since().done,
    });
    Projection::set_successor(old.id, Some(id));
    Projection::successor(old.id).ok_or(Error::UnknownProjection {
        name: old.name.clone(),
    })
}

/// What reads the projection must find the columns it knows; more may follow.
fn check_columns(name: &str, old: &[Described], new: &[Described]) -> Result<(), Error> {
    for (place, column) in old.iter().enumerate() {
        let problem = match new.get(place) {
            None => "would be missing".into(),
            Some(other) if other.name != column.name => format!("would be \"{}\"", other.name),
            Some(other) if other.of != column.of => {
                format!("would be of type {} instead of {}", other.of, column.of)
            }
            Some(_) => continue,
        };
        return Err(Error::IncompatibleColumns {
            projection: name.into(),
            column: column.name.clone(),
            problem,
        });
    }
    Ok(())
}

/// Has a generation that has caught up read in place of the other, unless it is gone.
/// Waits for readers.
pub fn take_over(successor: &Projection) -> Result<(), Error> {
    if !successor.lock() {
        return Ok(());
    }
    let Some(old) = Projection::numbered(successor.id) else {
        return Ok(());
    };
    if successor.wants_inline() {
        inline::check_state(&old)?;
        inline::begin(successor)?;
    }
    let mut defined = define(successor.definition, successor.generation)?;
    if old.definition == successor.definition {
        // Its owner may have renamed columns of the view since.
        let now = describe_columns(successor.relation);
        defined.shape.outputs = now.into_iter().map(|column| column.name).collect();
    }
    let view = view_text(
        successor.id,
        &sql_name(successor.relation),
        &defined,
        successor.definition,
        successor.state,
    );
    {
        let _owner = ActingAs::new(successor.owner);
        let _settings = Settings::pin(AS_DEPARSED);
        let options = view_options(successor.relation);
        spi::execute(&format!("CREATE OR REPLACE VIEW {view}"));
        // It has lost them.
        if let Some(options) = options {
            let name = sql_name(successor.relation);
            spi::execute(&format!("ALTER VIEW {name} SET ({options})"));
        }
    }
    successor.become_read();
    let _platform = Platform::act();
    if old.definition != successor.definition
        && let Some(access) = find(&access(successor.id))
    {
        goes_over(access, old.definition, successor.definition);
    }
    generations::remove(old.generation);
    Ok(())
}
