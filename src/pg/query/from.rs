//! FROM: what a query reads.

use super::{EventSource, Query, pstring};
use crate::pg::Oid;
use crate::pg::tree::{Expr, elements};
use pgrx::pg_sys;

/// A table, view or the like in FROM.
pub struct Table {
    /// Its place in the range table, which the columns read from it name.
    pub index: i32,
    pub relation: Oid,
    /// An outer join puts NULLs in its place where it has no row.
    pub nullable: bool,
}

/// FROM.
#[derive(Default)]
pub struct From {
    pub tables: Vec<Table>,
    /// What else there is that is no function, as users call it, and what to do
    /// instead.
    pub unsupported: Option<(&'static str, &'static str)>,
}

const NO_SUBQUERY: &str =
    "Join the tables themselves, or give the subquery's rows a table or materialised view.";
const ROW_WISE: &str = "Use a function that returns rows, such as jsonb_to_recordset().";
const WHOLE: &str = "Read the whole table.";
const NO_FULL: &str =
    "Keep every event with LEFT JOIN; what no event refers to is found by a query on top.";
const NO_ALIAS: &str = "Give the tables aliases instead.";

impl Query {
    /// What FROM names.
    pub fn from(&self) -> From {
        let mut from = From::default();
        // SAFETY: a live tree. (The range table of a view of PostgreSQL 15 has two
        // more entries, which are not part of FROM.)
        unsafe {
            for item in elements((*(*self.0).jointree).fromlist) {
                self.look_at(item, false, &mut from);
            }
        }
        from
    }

    /// # Safety
    /// `item` is a node of the join tree.
    unsafe fn look_at(&self, item: *mut pg_sys::Node, nullable: bool, from: &mut From) {
        // SAFETY: the tag tells the type: a reference or a join of two items.
        unsafe {
            if (*item).type_ == pg_sys::NodeTag::T_JoinExpr {
                let join = &*item.cast::<pg_sys::JoinExpr>();
                let (left, right) = match join.jointype {
                    pg_sys::JoinType::JOIN_LEFT => (nullable, true),
                    pg_sys::JoinType::JOIN_RIGHT => (true, nullable),
                    pg_sys::JoinType::JOIN_FULL => {
                        from.refuse("FULL JOIN", NO_FULL);
                        (true, true)
                    }
                    _ => (nullable, nullable),
                };
                if !join.alias.is_null() {
                    from.refuse("an alias for a join", NO_ALIAS);
                }
                self.look_at(join.larg, left, from);
                self.look_at(join.rarg, right, from);
                return;
            }
            let index = (*item.cast::<pg_sys::RangeTblRef>()).rtindex;
            let entry = &*self.entry(index);
            match entry.rtekind {
                pg_sys::RTEKind::RTE_RELATION => {
                    if !entry.inh {
                        from.refuse("ONLY", WHOLE);
                    }
                    if !entry.tablesample.is_null() {
                        from.refuse("TABLESAMPLE", WHOLE);
                    }
                    from.tables.push(Table {
                        index,
                        relation: entry.relid,
                        nullable,
                    });
                }
                pg_sys::RTEKind::RTE_FUNCTION => {}
                pg_sys::RTEKind::RTE_SUBQUERY => from.refuse("a subquery in FROM", NO_SUBQUERY),
                _ => from.refuse("XMLTABLE or JSON_TABLE", ROW_WISE),
            }
        }
    }

    /// Its expressions: the conditions, WHERE too, and the functions.
    pub(super) fn expressions_of_from(&self) -> Vec<Expr> {
        // SAFETY: a live tree; lists and joins can be walked as expressions can.
        unsafe {
            let functions = elements::<pg_sys::RangeTblEntry>((*self.0).rtable)
                .into_iter()
                .map(|entry| (*entry).functions.cast());
            let all = functions.chain([(*self.0).jointree.cast()]);
            all.filter(|node: &*mut pg_sys::Node| !node.is_null())
                .map(Expr)
                .collect()
        }
    }

    /// Whether one row of a table can become several: there is something besides it
    /// in FROM, or a set-returning function among the group keys.
    pub fn fans_out(&self) -> bool {
        // SAFETY: a live tree.
        unsafe {
            let items = elements::<pg_sys::Node>((*(*self.0).jointree).fromlist);
            (*self.0).hasTargetSRFs
                || items.len() > 1
                || items
                    .iter()
                    .any(|item| (**item).type_ == pg_sys::NodeTag::T_JoinExpr)
        }
    }

    /// Whether some join merges columns, by USING or NATURAL. The text of such a
    /// query may list all columns of a table, to give those new names.
    pub fn merges_columns(&self) -> bool {
        // SAFETY: a live tree.
        unsafe {
            elements::<pg_sys::RangeTblEntry>((*self.0).rtable)
                .into_iter()
                .any(|entry| (*entry).joinmergedcols > 0)
        }
    }

    /// How many columns the table at `index` had when the query was written.
    pub fn width(&self, index: i32) -> usize {
        // SAFETY: every entry of a range table names its columns.
        unsafe {
            let names = (*(*self.entry(index)).eref).colnames;
            pg_sys::list_length(names) as usize
        }
    }

    /// # Safety
    /// `index` is that of a range table entry, from 1.
    unsafe fn entry(&self, index: i32) -> *mut pg_sys::RangeTblEntry {
        // SAFETY: as the caller promises.
        unsafe { elements((*self.0).rtable)[index as usize - 1] }
    }

    /// Puts the table expression `event_source` in the place of the event table.
    /// It has the columns that the table had when the query was written, under the
    /// names of today; none of those that have been dropped, whose name is empty.
    ///
    /// # Safety
    /// `self` is a copy that may be edited.
    pub(super) unsafe fn read_event_source(&self, source: &EventSource) {
        // SAFETY: as the caller promises; everything new is made in the current context.
        unsafe {
            let entry = self.entry(source.index);
            (*entry).rtekind = pg_sys::RTEKind::RTE_CTE;
            (*entry).relid = Oid::INVALID;
            (*entry).inh = false;
            (*entry).ctename = pg_sys::pstrdup(c"event_source".as_ptr());
            let alias = (*(*entry).eref).aliasname;
            let columns = source
                .names
                .iter()
                .fold(std::ptr::null_mut(), |list, name| {
                    pg_sys::lappend(list, pg_sys::makeString(pstring(name)).cast())
                });
            (*entry).eref = pg_sys::makeAlias(alias, columns);
            if !(*entry).alias.is_null() {
                (*entry).alias = pg_sys::makeAlias(alias, std::ptr::null_mut());
            }
        }
    }
}

impl From {
    /// The first is reported.
    fn refuse(&mut self, construct: &'static str, hint: &'static str) {
        self.unsupported.get_or_insert((construct, hint));
    }
}
