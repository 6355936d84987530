//! The analysed query of a view, edited and put back into text.
//!
//! PostgreSQL parses, checks and deparses; nothing here handles SQL as text.

mod aggregate;
mod constants;
mod delta;
mod expression;
mod from;
mod marker;
mod output;
mod session;
mod values;
mod winner;

pub use aggregate::AggregateCall;
pub use delta::EventSource;
pub use expression::is_one_expression;
pub use from::Table;
pub use marker::SessionKey;
pub use output::OutputFault;

use super::index::{Lock, Relation};
use super::security::{ONLY_BUILT_IN, Settings};
use super::tree::{Contents, Expr, elements};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

const IN_A_VIEW: &str = "Put it into a view or query on top of the projection.";
const JOINED: &str =
    "Join its table in FROM, or put it into a view or query on top of the projection.";

/// Constants come out so that they mean the same under any settings, as in a dump.
const PORTABLE: [(&str, &str); 4] = [
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
];

/// How text that is deparsed here is to be read.
pub const AS_DEPARSED: [(&str, &str); 3] = [
    ("standard_conforming_strings", "on"),
    ("array_nulls", "on"),
    ("transform_null_equals", "off"),
];

/// An analysed SELECT.
pub struct Query(*mut pg_sys::Query);

/// An output column.
pub struct Output {
    pub name: String,
    pub expr: Expr,
}

impl Query {
    /// A copy of the query of a view.
    pub fn of_view(view: super::Oid) -> Self {
        let relation = Relation::open(view, Lock::Read);
        // SAFETY: raises an error if it is no view; copied before it is closed.
        let query = unsafe {
            let query = pg_sys::get_view_query(relation.raw());
            Self(pg_sys::copyObjectImpl(query.cast()).cast())
        };
        query.name_tables_for_joins();
        query
    }

    /// Columns of a join become those of its tables, so that the same column is the
    /// same expression however it is written.
    fn name_tables_for_joins(&self) {
        // SAFETY: edits a copy of our own, whose nodes have the types that its
        // fields say.
        unsafe {
            let query = &mut *self.0;
            query.targetList = flattened(query, query.targetList.cast()).cast();
            query.havingQual = flattened(query, query.havingQual);
            query.jointree = flattened(query, query.jointree.cast()).cast();
            for entry in elements::<pg_sys::RangeTblEntry>(query.rtable) {
                (*entry).functions = flattened(query, (*entry).functions.cast()).cast();
            }
        }
    }

    /// What it reads and calls, in all its parts.
    pub fn contents(&self) -> Contents {
        // SAFETY: a live tree.
        unsafe { Contents::of_query(self.0) }
    }

    /// The first construct of the query that no projection has, as users call it, and
    /// what to do instead.
    pub fn unsupported(&self) -> Option<(&'static str, &'static str)> {
        // SAFETY: plain fields of a live tree.
        let q = unsafe { &*self.0 };
        let constructs = [
            (
                !q.setOperations.is_null(),
                ("UNION, INTERSECT or EXCEPT", IN_A_VIEW),
            ),
            (q.hasRecursive || !q.cteList.is_null(), ("WITH", IN_A_VIEW)),
            (q.hasSubLinks, ("a subquery", JOINED)),
            (q.hasWindowFuncs, ("a window function", IN_A_VIEW)),
            (
                q.hasDistinctOn,
                (
                    "DISTINCT ON",
                    "Use GROUP BY, and pganalytics.first() or last() for the row that comes first or last.",
                ),
            ),
            (!q.distinctClause.is_null(), ("DISTINCT", "Use GROUP BY.")),
            (
                !q.groupingSets.is_null(),
                ("GROUPING SETS, CUBE or ROLLUP", IN_A_VIEW),
            ),
            (!q.sortClause.is_null(), ("ORDER BY", IN_A_VIEW)),
            (
                !q.limitCount.is_null() || !q.limitOffset.is_null(),
                ("LIMIT or OFFSET", IN_A_VIEW),
            ),
            (
                !q.rowMarks.is_null(),
                ("FOR UPDATE or FOR SHARE", "Leave it out."),
            ),
        ];
        constructs
            .into_iter()
            .find_map(|(there, what)| there.then_some(what))
    }

    /// The group keys.
    pub fn keys(&self) -> Vec<Expr> {
        self.key_entries().into_iter().map(expr_of).collect()
    }

    fn key_entries(&self) -> Vec<*mut pg_sys::TargetEntry> {
        // SAFETY: each group clause refers to an entry of the target list.
        unsafe {
            elements::<pg_sys::SortGroupClause>((*self.0).groupClause)
                .into_iter()
                .map(|clause| pg_sys::get_sortgroupclause_tle(clause, (*self.0).targetList))
                .collect()
        }
    }

    /// The output columns.
    pub fn outputs(&self) -> Vec<Output> {
        // SAFETY: entries that are not junk have a name.
        unsafe {
            elements::<pg_sys::TargetEntry>((*self.0).targetList)
                .into_iter()
                .filter(|entry| !(**entry).resjunk)
                .map(|entry| Output {
                    name: CStr::from_ptr((*entry).resname)
                        .to_string_lossy()
                        .into_owned(),
                    expr: expr_of(entry),
                })
                .collect()
        }
    }

    /// HAVING.
    pub fn having(&self) -> Option<Expr> {
        // SAFETY: a live tree.
        let node = unsafe { (*self.0).havingQual };
        (!node.is_null()).then_some(Expr(node))
    }

    /// Whether there is neither GROUP BY nor an aggregate.
    pub fn is_stateless(&self) -> bool {
        // SAFETY: a live tree.
        unsafe { (*self.0).groupClause.is_null() && !(*self.0).hasAggs }
    }
}

fn expr_of(entry: *mut pg_sys::TargetEntry) -> Expr {
    // SAFETY: an entry of a live target list.
    Expr(unsafe { (*entry).expr.cast() })
}

/// # Safety
/// `node` is an expression or list of `query`, or null.
unsafe fn flattened(query: *mut pg_sys::Query, node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: as the caller promises.
    unsafe {
        #[cfg(feature = "pg15")]
        return pg_sys::flatten_join_alias_vars(query, node);
        #[cfg(not(feature = "pg15"))]
        return pg_sys::flatten_join_alias_vars(std::ptr::null_mut(), query, node);
    }
}

/// # Safety
/// `tag` is that of node type `T`.
unsafe fn node<T>(tag: pg_sys::NodeTag) -> *mut T {
    // SAFETY: zeroed memory with a tag is what makeNode makes.
    unsafe {
        let new = pg_sys::palloc0(std::mem::size_of::<T>());
        (*new.cast::<pg_sys::Node>()).type_ = tag;
        new.cast()
    }
}

/// A SELECT of nothing yet from the table expression `name`, which has these columns.
///
/// # Safety
/// Inside a backend: makes nodes in the current context.
unsafe fn select_from(name: &str, columns: &[String]) -> *mut pg_sys::Query {
    // SAFETY: as the caller promises.
    unsafe {
        let mut names = std::ptr::null_mut();
        for column in columns {
            names = pg_sys::lappend(names, pg_sys::makeString(pstring(column)).cast());
        }
        let entry: *mut pg_sys::RangeTblEntry = node(pg_sys::NodeTag::T_RangeTblEntry);
        (*entry).rtekind = pg_sys::RTEKind::RTE_CTE;
        (*entry).ctename = pstring(name);
        (*entry).eref = pg_sys::makeAlias(pstring(name), names);
        (*entry).inFromCl = true;
        let item: *mut pg_sys::RangeTblRef = node(pg_sys::NodeTag::T_RangeTblRef);
        (*item).rtindex = 1;
        let items = pg_sys::lappend(std::ptr::null_mut(), item.cast());
        let query: *mut pg_sys::Query = node(pg_sys::NodeTag::T_Query);
        (*query).commandType = pg_sys::CmdType::CMD_SELECT;
        (*query).canSetTag = true;
        (*query).rtable = pg_sys::lappend(std::ptr::null_mut(), entry.cast());
        (*query).jointree = pg_sys::makeFromExpr(items, std::ptr::null_mut());
        query
    }
}

fn pstring(text: &str) -> *mut std::ffi::c_char {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: copies the string into the current context.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

/// With only pg_catalog on the path, every other name comes out qualified. Backslashes
/// come out as they are read where the text is run.
fn deparse(query: *mut pg_sys::Query) -> String {
    let settings = ONLY_BUILT_IN.into_iter().chain(PORTABLE).chain(AS_DEPARSED);
    let _settings = Settings::pin(settings);
    // SAFETY: the result is a palloc'd string.
    unsafe {
        CStr::from_ptr(pg_sys::pg_get_querydef(query, false))
            .to_string_lossy()
            .into_owned()
    }
}

/// Whether `text` is exactly one SELECT (a syntax error is raised as such).
pub fn is_one_select(text: &str) -> bool {
    let Ok(text) = CString::new(text) else {
        return false;
    };
    // SAFETY: the parser returns a list of raw statements.
    unsafe {
        let list = pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let [statement] = elements::<pg_sys::RawStmt>(list)[..] else {
            return false;
        };
        let node = (*statement).stmt;
        (*node).type_ == pg_sys::NodeTag::T_SelectStmt
            && (*node.cast::<pg_sys::SelectStmt>()).intoClause.is_null()
    }
}
