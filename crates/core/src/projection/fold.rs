//! The delta query and the statement that merges it into the state.

use super::shape::Shape;
use crate::coverage::Events;
use crate::sql::ident;

/// The table expression `event_source`: the named columns of some events of
/// `segments`, those of transaction `except` left out.
#[must_use]
pub fn source_sql(
    table: &str,
    columns: &[String],
    segments: &[i32],
    events: Events,
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
        events.condition("e")
    )
}

/// The groups of the tail, as rows of the state relation, with a last column
/// `events` (how many events each group took) if `counted`.
#[must_use]
pub fn delta_sql(shape: &Shape, source: &str, counted: bool) -> String {
    let mut inner = shape.columns("");
    inner.push("events".into());
    let mut outer = vec![format!("{} AS key_hash", shape.key_hash("d."))];
    outer.extend(shape.columns("d."));
    if counted {
        outer.push("d.events".into());
    }
    format!(
        "WITH event_source AS NOT MATERIALIZED ({source}) SELECT {} FROM ({}) AS d ({})",
        outer.join(", "),
        shape.delta,
        inner.join(", ")
    )
}

/// Merges the tail into the state, in the order of the keys, and returns one
/// row: the number of groups touched and of events folded.
#[must_use]
pub fn fold_sql(shape: &Shape, state: &str, source: &str) -> String {
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
