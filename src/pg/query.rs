//! The analysed query of a view, edited and put back into text.
//!
//! PostgreSQL parses, checks and deparses; nothing here handles SQL as text.

use super::Oid;
use super::index::{Lock, Relation};
use super::security::Settings;
use super::spi::{self, Arg, Under};
use super::tree::{self, Expr, elements};
use pganalytics_core::projection::{Part, PartInput};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// Nobody else's objects are found without their schema.
const ONLY_BUILT_IN: [(&str, &str); 1] = [("search_path", "pg_catalog, pg_temp")];

/// `AGGKIND_NORMAL`
const NORMAL: std::ffi::c_char = b'n' as std::ffi::c_char;

/// An analysed SELECT.
pub struct Query(*mut pg_sys::Query);

/// An output column.
pub struct Output {
    pub name: String,
    pub expr: Expr,
}

impl Query {
    /// A copy of the query of a view.
    pub fn of_view(view: Oid) -> Self {
        let relation = Relation::open(view, Lock::Read);
        // SAFETY: raises an error if it is no view; copied before it is closed.
        unsafe {
            let query = pg_sys::get_view_query(relation.raw());
            Self(pg_sys::copyObjectImpl(query.cast()).cast())
        }
    }

    /// The first construct of the query that no projection has, as users call it.
    pub fn unsupported(&self) -> Option<&'static str> {
        // SAFETY: plain fields of a live tree.
        let q = unsafe { &*self.0 };
        let constructs = [
            (!q.setOperations.is_null(), "UNION, INTERSECT or EXCEPT"),
            (q.hasRecursive || !q.cteList.is_null(), "WITH"),
            (q.hasSubLinks, "a subquery"),
            (q.hasWindowFuncs, "a window function"),
            (q.hasTargetSRFs, "a set-returning function"),
            (!q.distinctClause.is_null(), "DISTINCT"),
            (!q.groupingSets.is_null(), "GROUPING SETS, CUBE or ROLLUP"),
            (!q.sortClause.is_null(), "ORDER BY"),
            (
                !q.limitCount.is_null() || !q.limitOffset.is_null(),
                "LIMIT or OFFSET",
            ),
            (!q.rowMarks.is_null(), "FOR UPDATE or FOR SHARE"),
        ];
        constructs
            .into_iter()
            .find_map(|(there, name)| there.then_some(name))
    }

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
    unsafe fn entry(&self, index: i32) -> *mut pg_sys::RangeTblEntry {
        // SAFETY: as the caller promises.
        unsafe { elements((*self.0).rtable)[index as usize - 1] }
    }

    /// The index of the only table.
    fn source_index(&self) -> i32 {
        // SAFETY: `table` found one item, a reference to the range table.
        unsafe {
            let items = elements::<pg_sys::RangeTblRef>((*(*self.0).jointree).fromlist);
            (*items[0]).rtindex
        }
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

    /// WHERE.
    pub fn filter(&self) -> Option<Expr> {
        // SAFETY: a live tree.
        let node = unsafe { (*(*self.0).jointree).quals };
        (!node.is_null()).then_some(Expr(node))
    }

    /// Whether there is neither GROUP BY nor an aggregate.
    pub fn is_stateless(&self) -> bool {
        // SAFETY: a live tree.
        unsafe { (*self.0).groupClause.is_null() && !(*self.0).hasAggs }
    }

    /// The text of `SELECT keys, parts, count(*) FROM event_source … GROUP BY keys`.
    pub fn delta(&self, parts: &[Expr]) -> String {
        // SAFETY: edits a copy: the table becomes the name of a table expression,
        // which has the same columns by name.
        unsafe {
            let query: *mut pg_sys::Query = pg_sys::copyObjectImpl(self.0.cast()).cast();
            let copy = Query(query);
            let source = copy.entry(self.source_index());
            (*source).rtekind = pg_sys::RTEKind::RTE_CTE;
            (*source).relid = Oid::INVALID;
            (*source).ctename = pg_sys::pstrdup(c"event_source".as_ptr());
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

    /// The text of `SELECT outputs FROM groups WHERE having` with each of `from`
    /// replaced by the column of `groups` that has its name; an error names the
    /// output that needs anything else, or whose value depends on the session.
    pub fn output(&self, from: &[Expr], names: &[String]) -> Result<String, OutputFault> {
        let rewritten = |name: &str, expr: Expr| {
            let new =
                tree::replace(expr, from).ok_or_else(|| OutputFault::Ungrouped(name.into()))?;
            if new.is_immutable() {
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
    /// It calls a function whose result depends on settings of the session.
    DependsOnSession(String),
}

fn expr_of(entry: *mut pg_sys::TargetEntry) -> Expr {
    // SAFETY: an entry of a live target list.
    Expr(unsafe { (*entry).expr.cast() })
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

fn pstring(text: &str) -> *mut std::ffi::c_char {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: copies the string into the current context.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

/// With only pg_catalog on the path, every other name comes out qualified.
fn deparse(query: *mut pg_sys::Query) -> String {
    let _path = Settings::pin(ONLY_BUILT_IN);
    // SAFETY: the result is a palloc'd string.
    unsafe {
        CStr::from_ptr(pg_sys::pg_get_querydef(query, false))
            .to_string_lossy()
            .into_owned()
    }
}

/// `count(*)`
fn count_all() -> Expr {
    // SAFETY: an aggregate as analysis makes it, before planning.
    unsafe {
        let count: *mut pg_sys::Aggref = node(pg_sys::NodeTag::T_Aggref);
        (*count).aggfnoid = Oid::from(pg_sys::F_COUNT_);
        (*count).aggtype = pg_sys::INT8OID;
        (*count).aggstar = true;
        (*count).aggkind = NORMAL;
        (*count).aggno = -1;
        (*count).aggtransno = -1;
        (*count).location = -1;
        Expr(count.cast())
    }
}

const ALL_AT_ONCE: &str = "It needs all values at once: read it from the event table.";

/// What an aggregate call is.
pub struct AggregateCall {
    pub schema: String,
    pub name: String,
    /// The types of its arguments, as users write them.
    pub arguments: String,
    /// Its combine function (quoted), if its result is its own partial state.
    pub combine: Option<String>,
    /// What keeps it from being merged, and what to do about it.
    pub unsupported: Option<(&'static str, &'static str)>,
}

impl Expr {
    /// Describes an aggregate found by [`Expr::aggregates`].
    pub fn aggregate_call(self) -> AggregateCall {
        // SAFETY: `aggregates` returns nodes of this type only.
        let call = unsafe { &*self.0.cast::<pg_sys::Aggref>() };
        let _path = Settings::pin(ONLY_BUILT_IN);
        let row = &spi::run(
            "SELECT n.nspname, p.proname, CASE WHEN a.aggfinalfn = 0 AND a.aggcombinefn <> 0 \
                 AND a.aggtranstype <> 'internal'::regtype \
                 THEN quote_ident(cn.nspname) || '.' || quote_ident(c.proname) END \
             FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid \
             JOIN pg_namespace n ON n.oid = p.pronamespace \
             LEFT JOIN pg_proc c ON c.oid = a.aggcombinefn \
             LEFT JOIN pg_namespace cn ON cn.oid = c.pronamespace WHERE a.aggfnoid = $1",
            vec![Arg::Oid(call.aggfnoid)],
            Under::Active,
        )[0];
        let unsupported = [
            (call.aggkind != NORMAL, ("WITHIN GROUP", ALL_AT_ONCE)),
            (
                !call.aggdistinct.is_null(),
                (
                    "DISTINCT in an aggregate",
                    "Count with approx_count_distinct(), or group by the values and aggregate again when you read.",
                ),
            ),
            (
                !call.aggorder.is_null(),
                ("ORDER BY in an aggregate", ALL_AT_ONCE),
            ),
        ];
        // SAFETY: a list of type oids.
        let arguments: Vec<String> = unsafe {
            let list = call.aggargtypes;
            let count = if list.is_null() {
                0
            } else {
                (*list).length as usize
            };
            (0..count)
                .map(|i| {
                    let text = pg_sys::format_type_be((*(*list).elements.add(i)).oid_value);
                    CStr::from_ptr(text).to_string_lossy().into_owned()
                })
                .collect()
        };
        AggregateCall {
            schema: row.known(0).into(),
            name: row.known(1).into(),
            arguments: arguments.join(", "),
            combine: row.text(2).map(Into::into),
            unsupported: unsupported
                .into_iter()
                .find_map(|(there, what)| there.then_some(what)),
        }
    }

    /// A part of this aggregate: the aggregate the recipe names, on the same
    /// arguments and with the same FILTER.
    pub fn part(self, part: &Part) -> Self {
        let Some(signature) = part.aggregate else {
            return self;
        };
        let _path = Settings::pin(ONLY_BUILT_IN);
        let row = &spi::run(
            "SELECT p.oid, p.prorettype FROM pg_proc p WHERE p.oid = $1::regprocedure",
            vec![Arg::Text(signature)],
            Under::Active,
        )[0];
        // SAFETY: edits a copy; the arguments of an aggregate are target entries.
        unsafe {
            let copy: *mut pg_sys::Aggref = pg_sys::copyObjectImpl(self.0.cast()).cast();
            (*copy).aggfnoid = row.oid(0);
            (*copy).aggtype = row.oid(1);
            (*copy).aggcollid = Oid::INVALID;
            if part.input == PartInput::AsDouble {
                let argument = elements::<pg_sys::TargetEntry>((*copy).args)[0];
                let cast = pg_sys::makeFuncExpr(
                    Oid::from(pg_sys::F_FLOAT8_FLOAT4),
                    pg_sys::FLOAT8OID,
                    pg_sys::lappend(std::ptr::null_mut(), (*argument).expr.cast()),
                    Oid::INVALID,
                    Oid::INVALID,
                    pg_sys::CoercionForm::COERCE_EXPLICIT_CAST,
                );
                (*argument).expr = cast.cast();
                (*copy).aggargtypes = pg_sys::lappend_oid(std::ptr::null_mut(), pg_sys::FLOAT8OID);
            }
            Self(copy.cast())
        }
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
