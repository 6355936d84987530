//! Projections with GROUP BY or aggregates: a row for each group, merged.

use super::shape::{Column, Shape, locked_sql};
use super::verify::{differs, object};
use crate::sql::ident;

/// The statements that make the state relation `state` (quoted, qualified).
pub(super) fn state_table(shape: &Shape, state: &str, index_prefix: &str) -> Vec<String> {
    let components = shape.components.iter().map(|c| &c.column);
    let columns = shape.keys.iter().chain(components).map(Column::definition);
    shape.hashed_table(state, index_prefix, columns, &shape.conflict_target(), "")
}

/// The groups of the tail, as rows of the state relation.
pub(super) fn delta(shape: &Shape, source: &str) -> String {
    format!("WITH {} {}", sources(shape, source), groups(shape, false))
}

/// The table expressions that the groups of the tail are computed from.
fn sources(shape: &Shape, source: &str) -> String {
    format!(
        "event_source AS NOT MATERIALIZED ({source}){}",
        shape.fresh_values()
    )
}

/// The groups of all events of `source`, as if nothing had been folded.
fn anew(shape: &Shape, source: &str) -> String {
    format!(
        "WITH event_source AS NOT MATERIALIZED ({source}){} {}",
        shape.all_values(),
        groups(shape, false)
    )
}

/// The groups whose values in the state are not those that the events of `source`
/// give: the group, what is expected and what is found, as `jsonb`.
pub(super) fn verify(shape: &Shape, state: &str, source: &str) -> String {
    verify_of(shape, None, state, &anew(shape, source))
}

/// The same for rows `anew`, which are told apart by another key too, if there is one:
/// its name, and its value in a row `d`.
pub(super) fn verify_of(
    shape: &Shape,
    other: Option<(&str, &str)>,
    state: &str,
    anew: &str,
) -> String {
    let keys = shape.keys.iter().map(|key| key.name.as_str());
    let keys = keys.chain(other.map(|(name, _)| name));
    let keys: Vec<_> = keys.map(ToOwned::to_owned).collect();
    let finished = {
        let values = shape.aggregates.iter().enumerate().map(|(i, a)| {
            let value = a.finished(|c| format!("d.{}", shape.components[c].column.name));
            format!("{value} AS a{}", i + 1)
        });
        let keys = shape.keys.iter().map(|key| format!("d.{}", key.name));
        let other = other.map(|(name, value)| format!("{value} AS {name}"));
        std::iter::once("d.key_hash".to_owned())
            .chain(keys)
            .chain(other)
            .chain(values)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let differ: Vec<_> = shape
        .aggregates
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let [left, right] = ["e", "s"].map(|row| format!("{row}.a{}", i + 1));
            differs(&left, &right, a)
        })
        .collect();
    let values: Vec<_> = (1..=shape.aggregates.len())
        .map(|i| format!("a{i}"))
        .collect();
    let (key_labels, value_labels) = shape.labels.split_at(keys.len());
    let group = |alias: &str| object(alias, &keys, key_labels);
    let row = |alias: &str| object(alias, &values, value_labels);
    let mut same = same_group(shape, "e.", "s.");
    if let Some((name, _)) = other {
        same.push_str(&format!(" AND e.{name} OPERATOR(pg_catalog.=) s.{name}"));
    }
    let (group_e, group_s, row_e, row_s) = (group("e."), group("s."), row("e."), row("s."));
    format!(
        "WITH expected AS MATERIALIZED (SELECT {finished} FROM ({anew}) AS d), \
         found AS MATERIALIZED (SELECT {finished} FROM {state} AS d) \
         SELECT {group_e}, {row_e}, {row_s} FROM expected e JOIN found s ON {same} WHERE {} \
         UNION ALL SELECT {group_e}, {row_e}, NULL FROM expected e WHERE NOT EXISTS (SELECT FROM found s WHERE {same}) \
         UNION ALL SELECT {group_s}, NULL, {row_s} FROM found s WHERE NOT EXISTS (SELECT FROM expected e WHERE {same})",
        if differ.is_empty() {
            "false".into()
        } else {
            differ.join(" OR ")
        },
    )
}

/// The groups of the tail, with a last column `events` (how many events each group
/// took) if `counted`.
fn groups(shape: &Shape, counted: bool) -> String {
    let mut inner = shape.columns("");
    inner.push("events".into());
    let mut outer = vec![format!("{} AS key_hash", shape.key_hash("d."))];
    outer.extend(shape.columns("d."));
    if counted {
        outer.push("d.events".into());
    }
    format!(
        "SELECT {} FROM ({}) AS d ({})",
        outer.join(", "),
        shape.delta_rows(),
        inner.join(", ")
    )
}

/// Merges the tail into the state, in the order of the keys, and returns one
/// row: the number of groups touched and of events folded.
pub(super) fn fold(shape: &Shape, state: &str, source: &str) -> String {
    let list = shape.columns("").join(", ");
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
    let rows = "COALESCE(pg_catalog.sum(delta.events), 0)::pg_catalog.int8";
    let events = shape.events_folded(source, rows);
    // What writes must be at the top, and so must what it reads.
    let groups = groups(shape, true);
    let sources = sources(shape, source);
    let delta = if shape.values.is_empty() {
        format!("delta AS MATERIALIZED (WITH {sources} {groups})")
    } else {
        let noted = shape.noted_values();
        format!("{sources}{noted}, delta AS MATERIALIZED ({groups})")
    };
    format!(
        "WITH {delta}, merged AS (INSERT INTO {state} AS s ({list}) SELECT {list} FROM delta \
         ORDER BY {target} ON CONFLICT ({target}) DO {action}) \
         SELECT pg_catalog.count(*), {events} FROM delta"
    )
}

/// Untouched groups as they are, touched ones merged.
///
/// The tail is computed once (MATERIALIZED); conditions on keys still reach the
/// index of the state, because state and tail are joined by `key_hash` and
/// filtered apart.
pub(super) fn view(shape: &Shape, view: &str, state: &str, read: &str, tail: &str) -> String {
    let same = same_group(shape, "t.", "s.");
    let row = |key_alias: &str, component: &dyn Fn(usize) -> String| {
        let keys = shape.keys.iter().map(|k| format!("{key_alias}{}", k.name));
        let values = shape.aggregates.iter().map(|a| a.finished(component));
        keys.chain(values).collect::<Vec<_>>().join(", ")
    };
    let settled = row("s.", &|i| format!("s.{}", shape.components[i].column.name));
    let touched = row("t.", &|i| shape.components[i].merged("s.", "t."));
    let groups = format!(
        "SELECT {settled} FROM {state} s WHERE NOT EXISTS (SELECT FROM tail t WHERE {same}) \
         UNION ALL SELECT {touched} FROM tail t LEFT JOIN {state} s ON {same}"
    );
    let keys = shape.keys.iter().map(|k| k.name.as_str());
    view_of(shape, keys, &groups, view, read, tail)
}

/// The view of the outputs, computed from the table expression `groups`, which has
/// the columns `keys` and a column for each aggregate.
pub(super) fn view_of<'a>(
    shape: &Shape,
    keys: impl Iterator<Item = &'a str>,
    groups: &str,
    view: &str,
    read: &str,
    tail: &str,
) -> String {
    let mut names: Vec<_> = keys.map(ToOwned::to_owned).collect();
    names.extend((1..=shape.aggregates.len()).map(|i| format!("a{i}")));
    let outputs: Vec<_> = shape.outputs.iter().map(|o| ident(o)).collect();
    format!(
        "{view} ({}) AS WITH tail AS MATERIALIZED (SELECT * FROM {tail} AS t WHERE {}), \
         groups ({}) AS ({groups}) {}",
        outputs.join(", "),
        locked_sql(read),
        names.join(", "),
        shape.output
    )
}

/// Whether two rows are of the same group.
pub(super) fn same_group(shape: &Shape, left: &str, right: &str) -> String {
    let keys = shape.keys.iter().map(|k| k.name.as_str());
    let keys = keys.map(|k| format!("{left}{k} IS NOT DISTINCT FROM {right}{k}"));
    let hash = format!("{left}key_hash = {right}key_hash");
    std::iter::once(hash)
        .chain(keys)
        .collect::<Vec<_>>()
        .join(" AND ")
}
