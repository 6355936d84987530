//! Comparing what a state holds with what the log gives.

use crate::sql::ident;

/// Sums of floating-point numbers depend on the order in which they are added.
const TOLERANCE: &str = "1e-9";

/// Whether two values of a type differ. By their text, which every type has; of
/// floating-point numbers by more than the order of additions can make.
pub(super) fn differs(left: &str, right: &str, sql_type: &str) -> String {
    let text = format!("{left}::pg_catalog.text IS DISTINCT FROM {right}::pg_catalog.text");
    if !["double precision", "real"].contains(&sql_type) {
        return text;
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
