//! Projections without GROUP BY and aggregates: a table of rows made of events, which
//! is only ever appended to.

use super::shape::{Column, Shape, locked_sql, replicated_sql};
use super::verify::object;
use crate::sql::ident;

/// The columns of the event that every row has.
const OWN: [&str; 2] = ["event_id", "position"];

/// The statements that make the state. Its rows never change: they are packed.
pub(super) fn state_table(columns: &[Column], state: &str) -> Vec<String> {
    let own = [
        "event_id pg_catalog.uuid NOT NULL",
        "\"position\" pg_catalog.int8 NOT NULL",
    ];
    let definitions: Vec<_> = own
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(computed(columns).map(Column::definition))
        .collect();
    let mut statements = vec![
        format!("CREATE TABLE {state} ({})", definitions.join(", ")),
        replicated_sql(state),
    ];
    let index = |column| format!("CREATE INDEX ON {state} ({})", ident(column));
    statements.extend(OWN.map(index));
    statements
}

/// Whether a column of the output is the event's own.
fn is_own(column: &Column) -> bool {
    OWN.contains(&column.name.as_str())
}

fn computed(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| !is_own(column))
}

/// The rows of the tail.
pub(super) fn delta(shape: &Shape, source: &str) -> String {
    format!(
        "WITH event_source AS NOT MATERIALIZED ({source}) {}",
        shape.delta
    )
}

/// Appends the rows of the tail.
pub(super) fn fold(shape: &Shape, state: &str, source: &str) -> String {
    let rows = delta(shape, source);
    let events = shape.events_folded(source, "pg_catalog.count(*)");
    format!(
        "WITH added AS (INSERT INTO {state} {rows} RETURNING true) \
         SELECT pg_catalog.count(*), {events} FROM added"
    )
}

/// State and tail, one after the other, so that conditions reach the indexes of the
/// state.
pub(super) fn view(
    shape: &Shape,
    columns: &[Column],
    view: &str,
    state: &str,
    read: &str,
    tail: &str,
) -> String {
    let names: Vec<_> = shape.outputs.iter().map(|output| ident(output)).collect();
    let values: Vec<_> = columns.iter().map(|column| ident(&column.name)).collect();
    let values = values.join(", ");
    format!(
        "{view} ({}) AS SELECT {values} FROM {state} AS s \
         UNION ALL SELECT {values} FROM {tail} AS t WHERE {}",
        names.join(", "),
        locked_sql(read)
    )
}

/// The rows that the state has and the events of `source` do not give, or the other
/// way round: the event, what is expected and what is found, as `jsonb`.
pub(super) fn verify(shape: &Shape, columns: &[Column], state: &str, source: &str) -> String {
    let names: Vec<_> = computed(columns).map(|c| c.name.clone()).collect();
    let labels = columns.iter().zip(&shape.outputs);
    let labels = labels.filter(|(column, _)| !is_own(column));
    let labels: Vec<_> = labels.map(|(_, label)| label.clone()).collect();
    let own = OWN.map(ToOwned::to_owned);
    let row = object("r.", &names, &labels);
    let all = OWN
        .iter()
        .map(|own| ident(own))
        .chain(names.iter().cloned());
    let all = all.collect::<Vec<_>>().join(", ");
    let group = object("d.", &own, &own);
    format!(
        "WITH expected AS MATERIALIZED (SELECT r.event_id, r.\"position\", {row} AS value FROM ({}) AS r ({all})), \
         found AS MATERIALIZED (SELECT r.event_id, r.\"position\", {row} AS value FROM {state} AS r) \
         SELECT {group}, d.value, NULL::pg_catalog.jsonb FROM (TABLE expected EXCEPT ALL TABLE found) AS d \
         UNION ALL SELECT {group}, NULL, d.value FROM (TABLE found EXCEPT ALL TABLE expected) AS d",
        delta(shape, source)
    )
}
