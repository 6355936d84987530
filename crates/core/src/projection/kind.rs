//! What each kind of projection needs as SQL.

use super::shape::{Kind, Shape};
use super::{grouped, session, stateless};

/// The statements that make the state relation `state` (quoted, qualified).
#[must_use]
pub fn state_table_sql(shape: &Shape, state: &str, index_prefix: &str) -> Vec<String> {
    match &shape.kind {
        Kind::Grouped => grouped::state_table(shape, state, index_prefix),
        Kind::Sessions(kind) => session::state_table(shape, kind, state, index_prefix),
        Kind::Stateless(columns) => stateless::state_table(columns, state),
    }
}

/// The query for what the tail, the table expression `source`, adds to the state: rows
/// of the state relation.
#[must_use]
pub fn delta_sql(shape: &Shape, state: &str, source: &str) -> String {
    match &shape.kind {
        Kind::Grouped => grouped::delta(shape, source),
        Kind::Sessions(kind) => session::tail(shape, kind, state, source),
        Kind::Stateless(_) => stateless::delta(shape, source),
    }
}

/// The statement that merges the tail into the state and returns one row: the number
/// of rows touched and of events folded.
#[must_use]
pub fn fold_sql(shape: &Shape, state: &str, source: &str) -> String {
    match &shape.kind {
        Kind::Grouped => grouped::fold(shape, state, source),
        Kind::Sessions(kind) => session::fold(shape, kind, state, source),
        Kind::Stateless(_) => stateless::fold(shape, state, source),
    }
}

/// The statement that enters the keys of what the tail adds into the state, and nothing
/// else; `None`: there are none. It fails where the fold would for want of room in the
/// index on them, and not where states do not merge.
#[must_use]
pub fn entry_sql(shape: &Shape, state: &str, source: &str) -> Option<String> {
    let bounds: &[_] = match &shape.kind {
        Kind::Grouped => &[],
        Kind::Sessions(_) => &["session_start", "session_end"],
        Kind::Stateless(_) => return None,
    };
    if shape.keys.is_empty() {
        return None;
    }
    let keys = shape.keys.iter().map(|key| key.name.as_str());
    let list: Vec<_> = keys.chain(bounds.iter().copied()).collect();
    let list = list.join(", ");
    let delta = delta_sql(shape, state, source);
    Some(format!(
        "INSERT INTO {state} ({list}) SELECT {list} FROM ({delta}) AS d ON CONFLICT DO NOTHING"
    ))
}

/// What follows `CREATE VIEW`: `state` holds what has been folded, `tail` is the
/// call that returns what the tail adds, as rows of `state`.
///
/// `read`, the event table and the lookup tables as items of FROM, are named so that
/// they are locked before the reader's snapshot is taken: a rewrite that commits
/// while the reader waits for it would hide every row from that snapshot. Nothing of
/// them is scanned.
#[must_use]
pub fn view_sql(shape: &Shape, view: &str, state: &str, read: &str, tail: &str) -> String {
    match &shape.kind {
        Kind::Grouped => grouped::view(shape, view, state, read, tail),
        Kind::Sessions(kind) => session::view(shape, kind, view, state, read, tail),
        Kind::Stateless(columns) => stateless::view(shape, columns, view, state, read, tail),
    }
}

/// The query for where the state is not what the events of `source`, all that have been
/// folded, give: the group or event, what is expected and what is found, as `jsonb`.
#[must_use]
pub fn verify_sql(shape: &Shape, state: &str, source: &str) -> String {
    match &shape.kind {
        Kind::Grouped => grouped::verify(shape, state, source),
        Kind::Sessions(kind) => session::verify(shape, kind, state, source),
        Kind::Stateless(columns) => stateless::verify(shape, columns, state, source),
    }
}
