//! The output query: what the view shows, computed from groups.

use super::{Query, deparse, pstring, select_from};
use crate::pg::tree::{self, Expr};
use pgrx::pg_sys;

impl Query {
    /// The text of `SELECT outputs FROM groups WHERE having` with each of `from`
    /// replaced by the column of `groups` that has its name; an error names the
    /// output that needs anything else, or whose value depends on the session.
    pub fn output(&self, from: &[Expr], names: &[String]) -> Result<String, OutputFault> {
        let rewritten = |name: &str, expr: Expr| {
            let new =
                tree::replace(expr, from).ok_or_else(|| OutputFault::Ungrouped(name.into()))?;
            if new.returns_set() {
                Err(OutputFault::ReturnsSet)
            } else if new.is_immutable() {
                Ok(new)
            } else {
                Err(OutputFault::DependsOnSession(name.into()))
            }
        };
        // SAFETY: makes a query of its own in the current context.
        unsafe {
            let query = select_from("groups", names);
            let mut targets = std::ptr::null_mut();
            for output in self.outputs() {
                let expr = rewritten(&output.name, output.expr)?;
                let place = pg_sys::list_length(targets) as i16 + 1;
                let target =
                    pg_sys::makeTargetEntry(expr.0.cast(), place, pstring(&output.name), false);
                targets = pg_sys::lappend(targets, target.cast());
            }
            if let Some(expr) = self.having() {
                (*(*query).jointree).quals = rewritten("HAVING", expr)?.0;
            }
            (*query).targetList = targets;
            Ok(deparse(query))
        }
    }
}

/// Why an output column cannot be computed from keys and aggregates.
pub enum OutputFault {
    /// It reads a column that is not grouped.
    Ungrouped(String),
    /// It calls a set-returning function that is no key.
    ReturnsSet,
    /// It calls a function whose result depends on settings of the session.
    DependsOnSession(String),
}
