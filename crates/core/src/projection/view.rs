//! The view that people read: untouched groups as they are, touched ones merged.

use super::shape::Shape;
use crate::sql::ident;

/// The text of `CREATE VIEW`: `state` holds what has been folded, `tail` is the
/// call that returns the groups of the tail as rows of `state`.
///
/// `read`, the event table and the lookup tables as items of FROM, are named so that
/// they are locked before the reader's snapshot is taken: a rewrite that commits
/// while the reader waits for it would hide every row from that snapshot. Nothing of
/// them is scanned.
///
/// The tail is computed once (MATERIALIZED); conditions on keys still reach the
/// index of the state, because state and tail are joined by `key_hash` and
/// filtered apart.
#[must_use]
pub fn view_sql(shape: &Shape, view: &str, state: &str, read: &str, tail: &str) -> String {
    let same: String = std::iter::once("t.key_hash = s.key_hash".to_owned())
        .chain(
            shape
                .keys
                .iter()
                .map(|k| format!("t.{0} IS NOT DISTINCT FROM s.{0}", k.name)),
        )
        .collect::<Vec<_>>()
        .join(" AND ");
    let row = |key_alias: &str, component: &dyn Fn(usize) -> String| {
        let keys = shape.keys.iter().map(|k| format!("{key_alias}{}", k.name));
        let values = shape.aggregates.iter().map(|a| a.finished(component));
        keys.chain(values).collect::<Vec<_>>().join(", ")
    };
    let settled = row("s.", &|i| format!("s.{}", shape.components[i].column.name));
    let touched = row("t.", &|i| shape.components[i].merged("s.", "t."));
    let mut names: Vec<_> = shape.keys.iter().map(|k| k.name.clone()).collect();
    names.extend((1..=shape.aggregates.len()).map(|i| format!("a{i}")));
    let outputs: Vec<_> = shape.outputs.iter().map(|o| ident(o)).collect();
    format!(
        "CREATE VIEW {view} ({}) AS WITH tail AS MATERIALIZED (SELECT * FROM {tail} AS t \
         WHERE NOT EXISTS (SELECT FROM {read} WHERE false)), groups ({}) AS (\
         SELECT {settled} FROM {state} s WHERE NOT EXISTS (SELECT FROM tail t WHERE {same}) \
         UNION ALL SELECT {touched} FROM tail t LEFT JOIN {state} s ON {same}) {}",
        outputs.join(", "),
        names.join(", "),
        shape.output
    )
}
