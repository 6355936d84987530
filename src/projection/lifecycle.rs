//! Create and drop.

use super::define::define_new;
use super::fold::{fold, merge};
use super::lookups;
use crate::catalog::names::{NewName, find, sql_name};
use crate::catalog::partials;
use crate::catalog::projections::{self, NewProjection, Projection};
use crate::pg::Oid;
use crate::pg::depend::goes_with;
use crate::pg::error::OrRaise;
use crate::pg::query::is_one_select;
use crate::pg::security::{Platform, current_user_sql, setting};
use crate::pg::snapshot::{Snapshot, keeps_snapshot};
use crate::pg::spi;
use crate::worker;
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Shape, state_table_sql, view_sql};
use pganalytics_core::sql::qualified;
use pgrx::prelude::*;

/// What the result of an expression can depend on besides its arguments.
const PINNED: [&str; 12] = [
    "search_path",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "default_text_search_config",
    "xmlbinary",
    "xmloption",
];

#[pg_extern(sql = false)]
fn create_projection(name: &str, query: &str) -> Oid {
    create(name, query).or_raise()
}

fn create(name: &str, query: &str) -> Result<Oid, Error> {
    let name = NewName::parse(name)?;
    if !is_one_select(query) {
        return Err(Error::Unsupported {
            construct: "anything but one SELECT".into(),
            hint: "Give the query of the projection, a single SELECT statement.",
        });
    }
    let id = projections::next_id();
    let definition = create_definition(id, &name.schema, query);
    let shape = define_new(definition, &name.schema)?;
    let state = create_relations(id, definition, &shape.shape);
    let access_key = uuid::Uuid::new_v4().to_string();
    let access = format!("pganalytics_data.access_{id}");
    write_key(&access, &access_key);
    let tail = format!(
        "pganalytics.read_tail(NULL::{}, NULL::{}, (SELECT access_key FROM {access}))",
        sql_name(state),
        sql_name(definition)
    );
    spi::execute(&view_sql(
        &shape.shape,
        &name.sql(),
        &sql_name(state),
        &lookups::read_sql(&shape),
        &tail,
    ));
    let relation = find(&name.sql()).unwrap_or(Oid::INVALID);
    projections::register(NewProjection {
        id,
        relation,
        definition,
        event_table: shape.event_table,
        state,
        query,
        settings: PINNED
            .iter()
            .map(|name| format!("{name}={}", setting(name)))
            .collect(),
        access_key,
    });
    first_fold(id)?;
    worker::start_after_commit();
    Ok(relation)
}

/// A view of the query as it was given: PostgreSQL checks it with the caller's
/// rights, follows renames, dumps it, and knows what it depends on. It then
/// belongs to the extension, so that it stays what the state was made for.
fn create_definition(id: i32, schema: &str, query: &str) -> Oid {
    let temporary = format!("definition_{}", uuid::Uuid::new_v4().simple());
    let made = qualified(schema, &temporary);
    spi::execute(&format!("CREATE VIEW {made} AS {query}"));
    let _platform = Platform::act();
    let name = format!("definition_{id}");
    spi::execute(&format!("ALTER VIEW {made} RENAME TO {name}"));
    let made = qualified(schema, &name);
    spi::execute(&format!("ALTER VIEW {made} OWNER TO CURRENT_USER"));
    spi::execute(&format!("ALTER VIEW {made} SET SCHEMA pganalytics_data"));
    find(&qualified("pganalytics_data", &name)).unwrap_or(Oid::INVALID)
}

/// The state and the relation that holds the key to the tail, dropped with the
/// definition. They belong to the extension; the caller may read both and fold
/// into the state, but not change what they are.
fn create_relations(id: i32, definition: Oid, shape: &Shape) -> Oid {
    let owner = current_user_sql();
    let _platform = Platform::act();
    let state = qualified("pganalytics_data", &format!("state_{id}"));
    let access = qualified("pganalytics_data", &format!("access_{id}"));
    for statement in state_table_sql(shape, &state, &format!("state_{id}")) {
        spi::execute(&statement);
    }
    spi::execute(&format!("CREATE TABLE {access} (access_key uuid NOT NULL)"));
    spi::execute(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {state} TO {owner}"
    ));
    spi::execute(&format!("GRANT SELECT ON {access} TO {owner}"));
    for table in [&state, &access] {
        goes_with(find(table).unwrap_or(Oid::INVALID), definition);
    }
    find(&state).unwrap_or(Oid::INVALID)
}

fn write_key(access: &str, key: &str) {
    let _platform = Platform::act();
    spi::execute(&format!("INSERT INTO {access} VALUES ('{key}')"));
}

/// Folds what is there. In a transaction that keeps an old snapshot it is left to
/// the worker: reads are exact without it.
fn first_fold(id: i32) -> Result<(), Error> {
    let projection = Projection::numbered(id).ok_or(Error::UnknownProjection {
        name: id.to_string(),
    })?;
    // A query without GROUP BY has its one group also when there are no events.
    let snapshot = Snapshot::take();
    merge(&projection, &[], &Checkpoint::nothing(), None, &snapshot)?;
    drop(snapshot);
    if !keeps_snapshot() {
        fold(&projection)?;
    }
    Ok(())
}

#[pg_extern(sql = false)]
fn drop_projection(name: &str) {
    let projection = Projection::owned(name).or_raise();
    spi::execute(&format!("DROP VIEW {}", sql_name(projection.relation)));
    let definition = sql_name(projection.definition);
    projection.forget();
    let _platform = Platform::act();
    spi::execute(&format!("DROP VIEW {definition}"));
    partials::drop_all(projection.id);
}
