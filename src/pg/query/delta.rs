//! The delta query: the groups of a table expression.

use super::aggregate::count_all;
use super::{Query, deparse};
use crate::pg::Oid;
use crate::pg::tree::Expr;
use pgrx::pg_sys;

impl Query {
    /// The text of `SELECT keys, parts, count(*) FROM event_source … GROUP BY keys`.
    pub fn delta(&self, parts: &[Expr]) -> String {
        // SAFETY: edits a copy.
        unsafe {
            let copy = self.reading_source();
            let query = copy.0;
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

    /// A copy that reads `event_source` in place of the event table.
    pub(super) fn reading_source(&self) -> Query {
        // SAFETY: edits a copy: the table becomes the name of a table expression,
        // which has the same columns by name.
        unsafe {
            let copy = Query(pg_sys::copyObjectImpl(self.0.cast()).cast());
            let source = copy.entry(self.source_index());
            (*source).rtekind = pg_sys::RTEKind::RTE_CTE;
            (*source).relid = Oid::INVALID;
            (*source).ctename = pg_sys::pstrdup(c"event_source".as_ptr());
            copy
        }
    }
}
