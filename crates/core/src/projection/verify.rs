//! Comparing what a state holds with what the log gives.

use super::shape::Aggregate;
use crate::sql::ident;

/// Sums of floating-point numbers depend on the order in which they are added.
const TOLERANCE: &str = "1e-9";

/// Whether two values of an aggregate differ. Equal ones may look different, as 1.0 and
/// 1.00 do; what cannot be compared is so by its text. Floating-point numbers differ by
/// more than the order of additions can make.
pub(super) fn differs(left: &str, right: &str, aggregate: &Aggregate) -> String {
    let text = format!("{left}::pg_catalog.text IS DISTINCT FROM {right}::pg_catalog.text");
    if !["double precision", "real"].contains(&aggregate.sql_type.as_str()) {
        return if aggregate.is_hashable {
            format!("NOT pg_catalog.record_eq(ROW({left}), ROW({right}))")
        } else {
            text
        };
    }
    let [left, right] = [left, right].map(|value| format!("{value}::pg_catalog.float8"));
    let distance = format!("pg_catalog.abs({left} OPERATOR(pg_catalog.-) {right})");
    let size = format!("GREATEST(pg_catalog.abs({left}), pg_catalog.abs({right}))");
    format!(
        "({text} AND NOT COALESCE({distance} OPERATOR(pg_catalog.<=) ({TOLERANCE}::pg_catalog.float8 OPERATOR(pg_catalog.*) {size}) \
         AND {size} OPERATOR(pg_catalog.<) 'infinity', false))"
    )
}

/// Columns of a row as one `jsonb`, under their labels.
pub(super) fn object(alias: &str, columns: &[String], labels: &[String]) -> String {
    let named: Vec<_> = columns
        .iter()
        .zip(labels)
        .map(|(column, label)| format!("{alias}{} AS {}", ident(column), ident(label)))
        .collect();
    format!(
        "(SELECT pg_catalog.to_jsonb(o) FROM (SELECT {}) AS o)",
        named.join(", ")
    )
}
