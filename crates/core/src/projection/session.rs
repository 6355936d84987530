//! Projections with a session window among their keys: one row of state for each
//! session, told apart by its keys and its start.
//!
//! The tail's events make sessions among themselves. Those and the sessions of the
//! state within a gap of them are the pieces of islands, and each island is one
//! session. One pass is enough: sessions of the state are more than a gap apart, so
//! an island never reaches another one without an event in between.

use super::grouped::{same_group, verify_of, view_of};
use super::shape::{Column, Shape};

/// What a session window adds to a [`Shape`], whose keys are the others.
///
/// [`Shape::delta`] is then `SELECT keys, start, end, components, number of events`
/// from a table expression named `session_events`, without GROUP BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Of the events' times.
    pub time_type: &'static str,
    /// The type of the session, and the function that makes it.
    pub range: &'static str,
    /// The longest time between two neighbours, in microseconds.
    pub gap: i64,
    /// The deparsed query of the events to be put into sessions: the keys,
    /// `session_time` and what the aggregates read, from `event_source`.
    pub events: String,
}

/// The name of the session in the table expression `groups`.
pub const SESSION: &str = "session";

impl Sessions {
    /// The session of a row, as users see it.
    fn value(&self, alias: &str) -> String {
        format!(
            "{}({alias}session_start, {alias}session_end, '[]')",
            self.range
        )
    }

    /// A time moved by the gap (`-`: back).
    fn moved(&self, sign: &str, time: &str) -> String {
        format!("pganalytics.shift_time({time}, {sign}{})", self.gap)
    }
}

/// The columns of the state that are not computed from others: keys, bounds, components.
fn own_columns(shape: &Shape, alias: &str) -> String {
    let keys = shape.keys.iter().map(|k| k.name.as_str());
    let bounds = ["session_start", "session_end"];
    let components = shape.components.iter().map(|c| c.column.name.as_str());
    let all: Vec<_> = keys
        .chain(bounds)
        .chain(components)
        .map(|name| format!("{alias}{name}"))
        .collect();
    all.join(", ")
}

/// All columns of the state: the hash first.
fn columns(shape: &Shape, alias: &str) -> String {
    format!("{alias}key_hash, {}", own_columns(shape, alias))
}

/// `keys, last`, in which `last` is the only one if there are no keys.
fn keys_and(shape: &Shape, last: &str) -> String {
    let keys = shape.keys.iter().map(|k| k.name.as_str());
    keys.chain([last]).collect::<Vec<_>>().join(", ")
}

fn partition(shape: &Shape, order: &str) -> String {
    let keys: Vec<_> = shape.keys.iter().map(|k| k.name.as_str()).collect();
    let by = if keys.is_empty() {
        String::new()
    } else {
        format!("PARTITION BY {} ", keys.join(", "))
    };
    format!("{by}ORDER BY {order}")
}

/// The statements that make the state relation `state` (quoted, qualified).
///
/// No index holds the end of a session, so a session that goes on is rewritten in place.
pub(super) fn state_table(
    shape: &Shape,
    sessions: &Sessions,
    state: &str,
    index_prefix: &str,
) -> Vec<String> {
    let bounds = ["session_start", "session_end"];
    let bounds = bounds.map(|bound| format!("{bound} {} NOT NULL", sessions.time_type));
    let columns = shape.keys.iter().map(Column::definition);
    let columns = columns
        .chain(bounds)
        .chain(shape.components.iter().map(|c| c.column.definition()));
    let unique = keys_and(shape, "session_start");
    shape.hashed_table(state, index_prefix, columns, &unique, ", session_start")
}

/// The sessions that the events of the tail make among themselves, as rows of the
/// state, with a last column `events`.
fn delta(shape: &Shape, sessions: &Sessions, source: &str) -> String {
    let by_time = partition(shape, "session_time");
    let numbers: Vec<_> = (1..=shape.keys.len() + 1).map(|n| n.to_string()).collect();
    format!(
        "WITH event_source AS NOT MATERIALIZED ({source}), timed AS NOT MATERIALIZED ({}), \
         opening AS (SELECT *, COALESCE(pg_catalog.lag(session_time) OVER ({by_time}) \
         OPERATOR(pg_catalog.<) {}, true) AS session_opens FROM timed WHERE session_time IS NOT NULL), \
         session_events AS (SELECT *, pg_catalog.max(session_time) FILTER (WHERE session_opens) \
         OVER ({by_time}) AS session_start FROM opening) \
         SELECT {} AS key_hash, {}, d.events FROM ({} GROUP BY {}) AS d ({}, events)",
        sessions.events,
        sessions.moved("-", "session_time"),
        shape.key_hash("d."),
        own_columns(shape, "d."),
        shape.delta,
        numbers.join(", "),
        own_columns(shape, "")
    )
}

/// Table expressions: `delta`, `touched` (the sessions of the state within a gap of
/// it) and `merged` (the sessions of the state as they become, each with the `place`
/// of the first it was in the state, if it was there).
fn merged(shape: &Shape, sessions: &Sessions, state: &str, source: &str) -> String {
    let list = columns(shape, "");
    let from_state = columns(shape, "s.");
    let same = same_group(shape, "d.", "s.");
    let pieces = partition(shape, "session_start");
    let merges: String = shape
        .components
        .iter()
        .map(|c| format!(", {} AS {}", c.merge.many(&c.column.name), c.column.name))
        .collect();
    let keys = keys_and(shape, "island");
    let group = format!("key_hash, {keys}");
    format!(
        "delta AS MATERIALIZED ({}), \
         touched AS MATERIALIZED (SELECT DISTINCT ON (s.place) s.* FROM delta d CROSS JOIN LATERAL (\
         (SELECT s.ctid AS place, {from_state} FROM {state} s WHERE {same} \
         AND s.session_start OPERATOR(pg_catalog.<=) d.session_start ORDER BY s.session_start DESC LIMIT 1) \
         UNION ALL SELECT s.ctid, {from_state} FROM {state} s WHERE {same} \
         AND s.session_start OPERATOR(pg_catalog.>) d.session_start \
         AND s.session_start OPERATOR(pg_catalog.<=) {}) AS s \
         WHERE s.session_end OPERATOR(pg_catalog.>=) {}), \
         pieces AS (SELECT place, {list} FROM touched UNION ALL SELECT NULL, {list} FROM delta), \
         parted AS (SELECT *, COALESCE(pg_catalog.max(session_end) OVER ({pieces} \
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) OPERATOR(pg_catalog.<) {}, true) AS opens FROM pieces), \
         islands AS (SELECT *, pg_catalog.max(session_start) FILTER (WHERE opens) \
         OVER ({pieces}) AS island FROM parted), \
         merged AS MATERIALIZED (SELECT (pg_catalog.array_agg(place ORDER BY session_start) FILTER (WHERE place IS NOT NULL))[1] AS place, \
         {group} AS session_start, pg_catalog.max(session_end) AS session_end{merges} FROM islands GROUP BY {group})",
        delta(shape, sessions, source),
        sessions.moved("", "d.session_end"),
        sessions.moved("-", "d.session_start"),
        sessions.moved("-", "session_start"),
    )
}

/// Merges the tail into the state and returns one row: the number of sessions of the
/// tail and of its events.
///
/// A session keeps the row of the first of those it is made of, whose start no
/// other row can have.
pub(super) fn fold(shape: &Shape, sessions: &Sessions, state: &str, source: &str) -> String {
    let list = own_columns(shape, "");
    let values: String = shape
        .components
        .iter()
        .map(|c| format!(", {0} = m.{0}", c.column.name))
        .collect();
    let rows = "COALESCE(pg_catalog.sum(delta.events), 0)::pg_catalog.int8";
    let events = shape.events_folded(source, rows);
    format!(
        "WITH {}, changed AS (UPDATE {state} s SET session_start = m.session_start, \
         session_end = m.session_end{values} FROM merged m WHERE s.ctid OPERATOR(pg_catalog.=) m.place), \
         absorbed AS (DELETE FROM {state} s USING touched t WHERE s.ctid OPERATOR(pg_catalog.=) t.place \
         AND NOT EXISTS (SELECT FROM merged m WHERE m.place OPERATOR(pg_catalog.=) t.place)), \
         opened AS (INSERT INTO {state} ({list}) SELECT {list} FROM merged WHERE place IS NULL ORDER BY {}) \
         SELECT pg_catalog.count(*), {events} FROM delta",
        merged(shape, sessions, state, source),
        keys_and(shape, "session_start")
    )
}

/// The sessions that the tail makes or changes, as they become, as rows of the state.
pub(super) fn tail(shape: &Shape, sessions: &Sessions, state: &str, source: &str) -> String {
    format!(
        "WITH {} SELECT {} FROM merged",
        merged(shape, sessions, state, source),
        columns(shape, "")
    )
}

/// The view: the sessions of the state that lie in none of the tail's, and those.
pub(super) fn view(
    shape: &Shape,
    sessions: &Sessions,
    view: &str,
    state: &str,
    read: &str,
    tail: &str,
) -> String {
    let row = |alias: &str| {
        let keys = shape.keys.iter().map(|k| format!("{alias}{}", k.name));
        let component = |i: usize| format!("{alias}{}", shape.components[i].column.name);
        let values = shape.aggregates.iter().map(|a| a.finished(component));
        let all = keys.chain([sessions.value(alias)]).chain(values);
        all.collect::<Vec<_>>().join(", ")
    };
    let groups = format!(
        "SELECT {} FROM {state} s WHERE NOT EXISTS (SELECT FROM tail t WHERE {} \
         AND s.session_start OPERATOR(pg_catalog.>=) t.session_start \
         AND s.session_end OPERATOR(pg_catalog.<=) t.session_end) \
         UNION ALL SELECT {} FROM tail t",
        row("s."),
        same_group(shape, "t.", "s."),
        row("t.")
    );
    let keys = shape.keys.iter().map(|k| k.name.as_str());
    view_of(shape, keys.chain([SESSION]), &groups, view, read, tail)
}

/// The sessions of the state that are not those which the events of `source` give: keys
/// and session, what is expected and what is found, as `jsonb`.
pub(super) fn verify(shape: &Shape, sessions: &Sessions, state: &str, source: &str) -> String {
    let all = delta(shape, sessions, source);
    verify_of(shape, Some((SESSION, &sessions.value("d."))), state, &all)
}
