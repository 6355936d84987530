//! The output query: what the view shows, computed from groups.

use super::{Query, deparse, node, pstring};
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
            let mut columns = std::ptr::null_mut();
            for name in names {
                let name = pg_sys::makeString(pstring(name));
                columns = pg_sys::lappend(columns, name.cast());
            }
            let entry: *mut pg_sys::RangeTblEntry = node(pg_sys::NodeTag::T_RangeTblEntry);
            (*entry).rtekind = pg_sys::RTEKind::RTE_CTE;
            (*entry).ctename = pg_sys::pstrdup(c"groups".as_ptr());
            (*entry).eref = pg_sys::makeAlias(c"groups".as_ptr(), columns);
            (*entry).inFromCl = true;
            let item: *mut pg_sys::RangeTblRef = node(pg_sys::NodeTag::T_RangeTblRef);
            (*item).rtindex = 1;
            let mut targets = std::ptr::null_mut();
            for output in self.outputs() {
                let expr = rewritten(&output.name, output.expr)?;
                let place = pg_sys::list_length(targets) as i16 + 1;
                let target =
                    pg_sys::makeTargetEntry(expr.0.cast(), place, pstring(&output.name), false);
                targets = pg_sys::lappend(targets, target.cast());
            }
            let having = match self.having() {
                Some(expr) => rewritten("HAVING", expr)?.0,
                None => std::ptr::null_mut(),
            };
            let query: *mut pg_sys::Query = node(pg_sys::NodeTag::T_Query);
            (*query).commandType = pg_sys::CmdType::CMD_SELECT;
            (*query).canSetTag = true;
            (*query).rtable = pg_sys::lappend(std::ptr::null_mut(), entry.cast());
            (*query).jointree =
                pg_sys::makeFromExpr(pg_sys::lappend(std::ptr::null_mut(), item.cast()), having);
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
