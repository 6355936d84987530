//! The output query: what the view shows, computed from groups.

use super::{Query, Targets, deparse, select_from};
use crate::pg::tree::{self, Expr};

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
        let mut targets = Targets::new();
        for output in self.outputs() {
            let expr = rewritten(&output.name, output.expr)?;
            targets.push(expr, Some(&output.name));
        }
        let having = match self.having() {
            Some(expr) => rewritten("HAVING", expr)?.0,
            None => std::ptr::null_mut(),
        };
        // SAFETY: everything reads nothing but `groups` now.
        Ok(deparse(unsafe {
            select_from(c"groups", names, targets.0, having)
        }))
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
