//! Session windows: the two queries between which events are put into sessions.

use super::aggregate::{count_all, latest};
use super::{EventSource, Query, Targets, deparse, select_from};
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
    /// Whether an aggregate has DISTINCT.
    pub fn has_distinct_aggregates(&self) -> bool {
        let outputs = self.outputs().into_iter().map(|output| output.expr);
        let mut calls = outputs
            .chain(self.having())
            .flat_map(|expr| expr.aggregates());
        // SAFETY: `aggregates` returns nodes of this type only.
        calls.any(|call| unsafe { !(*call.0.cast::<pg_sys::Aggref>()).aggdistinct.is_null() })
    }

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
            let query = select_from(c"session_events", &names, targets.0, std::ptr::null_mut());
            (*query).hasAggs = true;
            deparse(query)
        };
        SessionQueries { events, groups }
    }
}
