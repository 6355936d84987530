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
