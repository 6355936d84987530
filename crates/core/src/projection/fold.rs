//! What the folds of every kind of projection share: where the tail comes from.

use crate::coverage::Events;
use crate::sql::ident;

/// A column of the event table in the table expression `event_source`.
#[must_use]
pub fn source_column(name: &str) -> String {
    format!("e.{}", ident(name))
}

/// A column that nothing reads, in its place.
#[must_use]
pub fn absent_column(name: &str) -> String {
    format!("NULL AS {}", ident(name))
}

/// The table expression `event_source`: `columns` (see [`source_column`]) of some
/// events of `segments`, those of transaction `except` left out.
#[must_use]
pub fn source_sql(
    table: &str,
    columns: &[String],
    segments: &[i32],
    events: Events,
    except: Option<u64>,
) -> String {
    let own = except
        .map(|id| format!(" AND e.txid OPERATOR(pg_catalog.<>) '{id}'::pg_catalog.xid8"))
        .unwrap_or_default();
    let condition = events.condition("e") + &own;
    source_where(table, columns, segments, &condition)
}

/// The same for [`Events::Own`], given as parameters: `$1` (text), `$2` and `$3`. Its
/// plan can be kept.
#[must_use]
pub fn own_source_sql(table: &str, columns: &[String], segments: &[i32]) -> String {
    source_where(
        table,
        columns,
        segments,
        "e.txid OPERATOR(pg_catalog.=) $1::pg_catalog.xid8 \
         AND e.\"position\" OPERATOR(pg_catalog.>) $2 AND e.\"position\" OPERATOR(pg_catalog.<=) $3",
    )
}

fn source_where(table: &str, columns: &[String], segments: &[i32], condition: &str) -> String {
    let numbers: Vec<_> = segments.iter().map(i32::to_string).collect();
    format!(
        "SELECT {} FROM {table} e WHERE e.segment OPERATOR(pg_catalog.=) ANY ('{{{}}}'::pg_catalog.int4[]) AND {condition}",
        columns.join(", "),
        numbers.join(","),
    )
}
