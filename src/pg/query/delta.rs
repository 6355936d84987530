//! The delta query: the groups of a table expression.

use super::aggregate::count_all;
use super::{Query, deparse};
use crate::pg::tree::Expr;
use pgrx::pg_sys;

impl Query {
    /// The text of `SELECT keys, parts, count(*) FROM event_source … GROUP BY keys`:
    /// the table at `source` becomes the name of a table expression, with `columns`.
    pub fn delta(&self, source: i32, columns: &[String], parts: &[Expr]) -> String {
        // SAFETY: edits a copy.
        unsafe {
            let query: *mut pg_sys::Query = pg_sys::copyObjectImpl(self.0.cast()).cast();
            let copy = Query(query);
            copy.read_event_source(source, columns);
            let mut targets = std::ptr::null_mut();
            let mut push = |entry: *mut pg_sys::TargetEntry| {
                (*entry).resno = pg_sys::list_length(targets) as i16 + 1;
                (*entry).resjunk = false;
                targets = pg_sys::lappend(targets, entry.cast());
            };
            for key in copy.key_entries() {
                push(pg_sys::flatCopyTargetEntry(key));
            }
            for part in parts.iter().copied().chain([count_all()]) {
                push(pg_sys::makeTargetEntry(
                    part.0.cast(),
                    0,
                    std::ptr::null_mut(),
                    false,
                ));
            }
            (*query).targetList = targets;
            (*query).havingQual = std::ptr::null_mut();
            (*query).hasAggs = true;
            deparse(query)
        }
    }
}
