//! FROM: which tables a query reads.

use super::Query;
use crate::pg::Oid;
use crate::pg::tree::elements;
use pgrx::pg_sys;

impl Query {
    /// The one table of FROM; `None` if there is another number of items, or a
    /// subquery, function, join, ONLY or TABLESAMPLE.
    pub fn table(&self) -> Option<Oid> {
        // SAFETY: a live tree. (A view of PostgreSQL 15 has two more entries,
        // which are not part of FROM.)
        unsafe {
            let items = elements::<pg_sys::Node>((*(*self.0).jointree).fromlist);
            let [item] = items[..] else { return None };
            if (*item).type_ != pg_sys::NodeTag::T_RangeTblRef {
                return None;
            }
            let entry = self.entry((*item.cast::<pg_sys::RangeTblRef>()).rtindex);
            ((*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                && (*entry).inh
                && (*entry).tablesample.is_null())
            .then(|| (*entry).relid)
        }
    }

    /// # Safety
    /// `index` is that of a range table entry, from 1.
    pub(super) unsafe fn entry(&self, index: i32) -> *mut pg_sys::RangeTblEntry {
        // SAFETY: as the caller promises.
        unsafe { elements((*self.0).rtable)[index as usize - 1] }
    }

    /// The index of the only table.
    pub(super) fn source_index(&self) -> i32 {
        // SAFETY: `table` found one item, a reference to the range table.
        unsafe {
            let items = elements::<pg_sys::RangeTblRef>((*(*self.0).jointree).fromlist);
            (*items[0]).rtindex
        }
    }
}
