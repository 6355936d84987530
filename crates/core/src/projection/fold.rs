//! The delta query and the statement that merges it into the state.

use super::session;
use super::shape::{Kind, Shape};
use crate::checkpoint::Checkpoint;
use crate::sql::ident;

/// The table expression of the tail: the named columns of the events of
/// `segments` that `checkpoint` does not cover, those of transaction `except`
/// left out.
#[must_use]
pub fn tail_source(
    table: &str,
    columns: &[String],
    segments: &[i32],
    checkpoint: &Checkpoint,
    except: Option<u64>,
) -> String {
    let columns: Vec<_> = columns.iter().map(|c| format!("e.{}", ident(c))).collect();
    let numbers: Vec<_> = segments.iter().map(i32::to_string).collect();
    let own = except
        .map(|id| format!(" AND e.txid OPERATOR(pg_catalog.<>) '{id}'::pg_catalog.xid8"))
        .unwrap_or_default();
    format!(
        "SELECT {} FROM {table} e WHERE e.segment OPERATOR(pg_catalog.=) ANY ('{{{}}}'::pg_catalog.int4[]) AND {}{own}",
        columns.join(", "),
        numbers.join(","),
        checkpoint.tail_condition("e.txid")
    )
}

/// The groups of the tail, as rows of the state relation, with a last column
/// `events` (how many events each group took) if `counted`.
fn delta_sql(shape: &Shape, source: &str, counted: bool) -> String {
    let mut inner = shape.columns("");
    inner.push("events".into());
    let mut outer = vec![format!("{} AS key_hash", shape.key_hash("d."))];
    outer.extend(shape.columns("d."));
    if counted {
        outer.push("d.events".into());
    }
    let query = format!(
        " SELECT {} FROM ({}) AS d ({})",
        outer.join(", "),
        shape.delta,
        inner.join(", ")
    );
    with_source(source, &query)
}

/// `query`, which continues a WITH clause, with the table expression `event_source`.
pub(super) fn with_source(source: &str, query: &str) -> String {
    format!("WITH event_source AS NOT MATERIALIZED ({source}){query}")
}

/// What the tail makes of groups, as rows of the state relation, for the view.
#[must_use]
pub fn tail_sql(shape: &Shape, state: &str, source: &str) -> String {
    match &shape.kind {
        Kind::Grouped => delta_sql(shape, source, false),
        Kind::Sessions(sessions) => session::tail_sql(shape, sessions, state, source),
    }
}

/// Merges the tail into the state, in the order of the keys, and returns one
/// row: the number of groups touched and of events folded.
#[must_use]
pub fn fold_sql(shape: &Shape, state: &str, source: &str) -> String {
    if let Kind::Sessions(sessions) = &shape.kind {
        return session::fold_sql(shape, sessions, state, source);
    }
    let mut columns = vec!["key_hash".to_owned()];
    columns.extend(shape.columns(""));
    let list = columns.join(", ");
    let action = if shape.components.is_empty() {
        "NOTHING".into()
    } else {
        let merges: Vec<_> = shape
            .components
            .iter()
            .map(|c| format!("{} = {}", c.column.name, c.merged("s.", "excluded.")))
            .collect();
        format!("UPDATE SET {}", merges.join(", "))
    };
    let target = shape.conflict_target();
    format!(
        "WITH delta AS MATERIALIZED ({}), merged AS (INSERT INTO {state} AS s ({list}) SELECT {list} FROM delta \
         ORDER BY {target} ON CONFLICT ({target}) DO {action}) \
         SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum(delta.events), 0)::pg_catalog.int8 FROM delta",
        delta_sql(shape, source, true)
    )
}
