//! The view that people read: untouched groups as they are, touched ones merged.

use super::session::{self, SESSION};
use super::shape::{Kind, Shape, same_keys};
use crate::sql::ident;

/// The text of `CREATE VIEW`: `state` holds what has been folded, `tail` is the
/// call that returns the groups of the tail as rows of `state`.
///
/// `log`, the event table, is named so that it is locked before the reader's
/// snapshot is taken: a rewrite that commits while the reader waits for it would
/// hide every row from that snapshot. Nothing of it is scanned.
///
/// The tail is computed once (MATERIALIZED); conditions on keys still reach the
/// index of the state, because state and tail are joined by `key_hash` and
/// filtered apart.
#[must_use]
pub fn view_sql(shape: &Shape, view: &str, state: &str, log: &str, tail: &str) -> String {
    let groups = match &shape.kind {
        Kind::Grouped => groups_sql(shape, state),
        Kind::Sessions(sessions) => session::groups_sql(shape, sessions, state),
    };
    let mut names: Vec<_> = shape.keys.iter().map(|k| k.name.clone()).collect();
    if matches!(shape.kind, Kind::Sessions(_)) {
        names.push(SESSION.into());
    }
    names.extend((1..=shape.aggregates.len()).map(|i| format!("a{i}")));
    let outputs: Vec<_> = shape.outputs.iter().map(|o| ident(o)).collect();
    format!(
        "CREATE VIEW {view} ({}) AS WITH tail AS MATERIALIZED (SELECT * FROM {tail} AS t \
         WHERE NOT EXISTS (SELECT FROM ONLY {log} WHERE false)), groups ({}) AS ({groups}) {}",
        outputs.join(", "),
        names.join(", "),
        shape.output
    )
}

/// The table expression `groups`: untouched groups of the state, and those of the tail
/// merged with it.
fn groups_sql(shape: &Shape, state: &str) -> String {
    let same = same_keys(shape, "t.", "s.");
    let row = |key_alias: &str, component: &dyn Fn(usize) -> String| {
        let keys = shape.keys.iter().map(|k| format!("{key_alias}{}", k.name));
        let values = shape.aggregates.iter().map(|a| a.finished(component));
        keys.chain(values).collect::<Vec<_>>().join(", ")
    };
    let settled = row("s.", &|i| format!("s.{}", shape.components[i].column.name));
    let touched = row("t.", &|i| shape.components[i].merged("s.", "t."));
    format!(
        "SELECT {settled} FROM {state} s WHERE NOT EXISTS (SELECT FROM tail t WHERE {same}) \
         UNION ALL SELECT {touched} FROM tail t LEFT JOIN {state} s ON {same}"
    )
}
