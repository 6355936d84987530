//! The relations of a generation: definition, state, and the text of the view that
//! reads them.

use super::define::Definition;
use super::lookups::read_sql;
use crate::catalog::names::{find, sql_name};
use crate::catalog::privileges::{Made, columns_that_run_code, leave_to_owner};
use crate::pg::Oid;
use crate::pg::depend::goes_with;
use crate::pg::error::locating;
use crate::pg::query::is_one_select;
use crate::pg::security::{Platform, Settings, role_sql, setting};
use crate::pg::spi::{self, Arg};
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Shape, state_table_sql, view_sql};
use pganalytics_core::sql::qualified;

/// What the result of an expression can depend on besides its arguments.
const PINNED: [&str; 13] = [
    "search_path",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "timezone_abbreviations",
    "extra_float_digits",
    "bytea_output",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "default_text_search_config",
    "xmlbinary",
    "xmloption",
];

/// The settings that a definition made now is kept with.
pub fn settings() -> Vec<String> {
    PINNED
        .iter()
        .map(|name| format!("{name}={}", setting(name)))
        .collect()
}

/// A view of the query as it was given: PostgreSQL checks it with the caller's
/// rights, follows renames, dumps it, and knows what it depends on. It then
/// belongs to the extension, so that it stays what the state was made for.
pub fn make_definition(id: i32, schema: &str, query: &str) -> Result<Oid, Error> {
    if !locating(query, 0, || is_one_select(query)) {
        return Err(Error::Unsupported {
            construct: "anything but one SELECT".into(),
            hint: "Give the query of the projection, a single SELECT statement.",
        });
    }
    let temporary = format!("definition_{}", uuid::Uuid::new_v4().simple());
    let made = qualified(schema, &temporary);
    let create = format!("CREATE VIEW {made} AS ");
    locating(query, create.chars().count(), || {
        spi::execute(&format!("{create}{query}"));
    });
    let _platform = Platform::act();
    // Moved before it is named: a type of its name with _ in front of it, which somebody
    // may have made there, would be in the way.
    spi::execute(&format!("ALTER VIEW {made} OWNER TO CURRENT_USER"));
    spi::execute(&format!("ALTER VIEW {made} SET SCHEMA pganalytics_data"));
    let made = qualified("pganalytics_data", &temporary);
    let name = format!("definition_{id}");
    spi::execute(&format!("ALTER VIEW {made} RENAME TO {name}"));
    let made = qualified("pganalytics_data", &name);
    let definition = find(&made).unwrap_or(Oid::INVALID);
    leave_to_owner(&Made::View(&made), definition);
    Ok(definition)
}

/// The state and what is kept beside it, dropped with the definition. It belongs to the
/// extension; `owner` may read it and fold into it, but not change what it is.
pub fn make_state(id: i32, definition: Oid, shape: &Shape, owner: Oid) -> Oid {
    let tablespace = tablespace_of(owner);
    let owner = role_sql(owner);
    let _platform = Platform::act();
    let _settings = Settings::pin([("default_tablespace", tablespace.as_str())]);
    let state = qualified("pganalytics_data", &format!("state_{id}"));
    for statement in state_table_sql(shape, &state, &format!("state_{id}")) {
        spi::execute(&statement);
    }
    spi::execute(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {state} TO {owner}"
    ));
    for values in &shape.values {
        for statement in values.table_sql(shape) {
            spi::execute(&statement);
        }
        spi::execute(&format!(
            "GRANT SELECT, INSERT ON {} TO {owner}",
            values.table
        ));
        let table = find(&values.table).unwrap_or(Oid::INVALID);
        goes_with(table, definition);
        leave_unanalysed(&values.table, table);
    }
    let name = state;
    let state = find(&name).unwrap_or(Oid::INVALID);
    goes_with(state, definition);
    leave_unanalysed(&name, state);
    state
}

/// Where new tables of this role go in this session; empty: where the database's own are.
fn tablespace_of(owner: Oid) -> String {
    let name = setting("default_tablespace");
    let row = spi::latest(
        "SELECT FROM pg_catalog.pg_tablespace WHERE spcname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
         AND pg_catalog.has_tablespace_privilege($1, oid, 'CREATE')",
        vec![Arg::Oid(owner), Arg::Text(&name)],
    );
    row.map_or_else(String::new, |_| name)
}

/// Keeps ANALYZE, which acts as the extension, from code of the owners of types.
fn leave_unanalysed(name: &str, table: Oid) {
    for column in columns_that_run_code(table) {
        spi::execute(&format!(
            "ALTER TABLE {name} ALTER COLUMN {column} SET STATISTICS 0"
        ));
    }
}

/// The relation that holds the key to the tail of projection `id`.
pub fn access(id: i32) -> String {
    qualified("pganalytics_data", &format!("access_{id}"))
}

/// Makes it, dropped with the definition.
pub fn make_access(id: i32, definition: Oid, owner: Oid, key: &str) {
    let owner = role_sql(owner);
    let _platform = Platform::act();
    let access = access(id);
    spi::execute(&format!("CREATE TABLE {access} (access_key uuid NOT NULL)"));
    spi::execute(&format!("GRANT SELECT ON {access} TO {owner}"));
    spi::execute(&format!("INSERT INTO {access} VALUES ('{key}')"));
    goes_with(find(&access).unwrap_or(Oid::INVALID), definition);
}

/// The definition of the view `name` of projection `id`: `name (columns) AS query`.
pub fn view_text(id: i32, name: &str, defined: &Definition, definition: Oid, state: Oid) -> String {
    let state = sql_name(state);
    let tail = format!(
        "pganalytics.read_tail(NULL::{state}, NULL::{}, (SELECT access_key FROM {}))",
        sql_name(definition),
        access(id)
    );
    view_sql(&defined.shape, name, &state, &read_sql(defined), &tail)
}
