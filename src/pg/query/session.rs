//! Session windows: the two queries between which events are put into sessions.

use super::aggregate::{count_all, latest};
use super::{EventSource, Query, deparse, pstring, select_from};
use crate::pg::tree::{self, Expr};
use pgrx::pg_sys;

/// Two queries as text.
pub struct SessionQueries {
    /// The events: keys, time and what the aggregates read, from `event_source`.
    pub events: String,
    /// Keys, start, end, parts and number of events, from `session_events`.
    pub groups: String,
}

impl Query {
    /// The queries of the sessions of `time` within the groups of `keys`, each with
    /// its name.
    pub fn sessions(
        &self,
        source: &EventSource,
        keys: &[(Expr, String)],
        time: Expr,
        parts: &[Expr],
    ) -> SessionQueries {
        let (mut from, mut names): (Vec<_>, Vec<_>) = keys.iter().cloned().unzip();
        from.push(time);
        names.push("session_time".into());
        for column in parts.iter().flat_map(|part| part.variables()) {
            if !from.iter().any(|known| known.same(column)) {
                names.push(format!("v{}", from.len()));
                from.push(column);
            }
        }
        let mut read = Targets::new();
        for (expr, name) in from.iter().zip(&names) {
            read.push(*expr, Some(name));
        }
        let copy = self.over(source);
        // SAFETY: edits a copy.
        let events = unsafe {
            (*copy.0).targetList = read.0;
            (*copy.0).groupClause = std::ptr::null_mut();
            (*copy.0).havingQual = std::ptr::null_mut();
            (*copy.0).hasAggs = false;
            deparse(copy.0)
        };
        // The start is the last column, and has the type of the time.
        let start = tree::column(from.len(), time);
        names.push("session_start".into());
        let in_sessions = |expr: Expr| tree::replace(expr, &from).unwrap_or(expr);
        let keys = keys.iter().map(|(key, _)| in_sessions(*key));
        let parts = parts.iter().map(|part| in_sessions(*part));
        let bounds = [start, latest(in_sessions(time))];
        let mut targets = Targets::new();
        for expr in keys.chain(bounds).chain(parts).chain([count_all()]) {
            targets.push(expr, None);
        }
        // SAFETY: everything reads nothing but `session_events` now.
        let groups = unsafe {
            let query = select_from("session_events", &names);
            (*query).targetList = targets.0;
            (*query).hasAggs = true;
            deparse(query)
        };
        SessionQueries { events, groups }
    }
}

/// A list of target entries under construction.
struct Targets(*mut pg_sys::List);

impl Targets {
    fn new() -> Self {
        Self(std::ptr::null_mut())
    }

    fn push(&mut self, expr: Expr, name: Option<&str>) {
        let name = name.map_or(std::ptr::null_mut(), pstring);
        // SAFETY: makes an entry of its own for a live expression.
        unsafe {
            let place = pg_sys::list_length(self.0) as i16 + 1;
            let target = pg_sys::makeTargetEntry(expr.0.cast(), place, name, false);
            self.0 = pg_sys::lappend(self.0, target.cast());
        }
    }
}
