//! The delta query: what the events of a table expression add to the state.

use super::aggregate::count_all;
use super::{Query, deparse};
use crate::pg::Oid;
use crate::pg::tree::Expr;
use pgrx::pg_sys;

/// Where a query reads events.
pub struct EventSource<'a> {
    /// The place of the event table in the range table.
    pub index: i32,
    /// The names of its columns, empty for those dropped.
    pub names: &'a [String],
}

impl EventSource<'_> {
    /// A column of type `uuid`.
    pub fn uuid(&self, number: i16) -> Expr {
        self.column(number, pg_sys::UUIDOID)
    }

    /// A column of type `bigint`.
    pub fn bigint(&self, number: i16) -> Expr {
        self.column(number, pg_sys::INT8OID)
    }

    fn column(&self, number: i16, of_type: Oid) -> Expr {
        // SAFETY: makes a node in the current context.
        let var = unsafe { pg_sys::makeVar(self.index, number, of_type, -1, Oid::INVALID, 0) };
        Expr(var.cast())
    }
}

impl Query {
    /// The text of `SELECT keys, parts, count(*) FROM event_source … GROUP BY keys`.
    pub fn delta(&self, source: &EventSource, parts: &[Expr]) -> String {
        let counted: Vec<_> = parts.iter().copied().chain([count_all()]).collect();
        // SAFETY: edits a copy.
        unsafe {
            let copy = self.over(source);
            let keys = copy.key_entries();
            (*copy.0).targetList = targets(&keys, &counted);
            (*copy.0).hasAggs = true;
            deparse(copy.0)
        }
    }

    /// The text of `SELECT columns FROM event_source …`.
    pub fn rows(&self, source: &EventSource, columns: &[Expr]) -> String {
        // SAFETY: edits a copy.
        unsafe {
            let copy = self.over(source);
            (*copy.0).targetList = targets(&[], columns);
            deparse(copy.0)
        }
    }

    /// The text of `SELECT values, keys FROM event_source … WHERE … AND filter`.
    pub fn found(&self, source: &EventSource, values: &[Expr], filter: Option<Expr>) -> String {
        // SAFETY: edits a copy.
        unsafe {
            let copy = self.over(source);
            let query = copy.0;
            let columns: Vec<_> = values.iter().copied().chain(copy.keys()).collect();
            (*query).targetList = targets(&[], &columns);
            (*query).groupClause = std::ptr::null_mut();
            (*query).hasAggs = false;
            if let Some(filter) = filter {
                let from = (*query).jointree;
                (*from).quals = pg_sys::make_and_qual((*from).quals, filter.0);
            }
            deparse(query)
        }
    }

    /// A copy without HAVING over the table expression `event_source` in place of the
    /// event table.
    pub(super) fn over(&self, source: &EventSource) -> Self {
        // SAFETY: copies a live tree and edits the copy.
        unsafe {
            let copy = Self(pg_sys::copyObjectImpl(self.0.cast()).cast());
            copy.read_event_source(source);
            (*copy.0).havingQual = std::ptr::null_mut();
            copy
        }
    }
}

/// A target list of entries that there are, whose place in GROUP BY is kept, and of
/// further expressions.
///
/// # Safety
/// Both are of live trees.
unsafe fn targets(entries: &[*mut pg_sys::TargetEntry], more: &[Expr]) -> *mut pg_sys::List {
    let mut targets = std::ptr::null_mut();
    // SAFETY: as the caller promises; makes new entries.
    unsafe {
        let entries = entries
            .iter()
            .map(|entry| pg_sys::flatCopyTargetEntry(*entry));
        let more = more
            .iter()
            .map(|expr| pg_sys::makeTargetEntry(expr.0.cast(), 0, std::ptr::null_mut(), false));
        for entry in entries.chain(more) {
            (*entry).resno = pg_sys::list_length(targets) as i16 + 1;
            (*entry).resjunk = false;
            targets = pg_sys::lappend(targets, entry.cast());
        }
    }
    targets
}
