//! Expression trees: what is in one, and putting one expression for another.

use super::Oid;
use super::encoding::string;
use super::naming::sql_type;
use super::security::{ONLY_BUILT_IN, Settings};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_void;

/// An expression of an analysed query.
#[derive(Clone, Copy)]
pub struct Expr(pub(super) *mut pg_sys::Node);

/// What an expression is made of.
#[derive(Default)]
pub struct Contents {
    /// The functions it calls, aggregates and operators included.
    pub functions: Vec<Oid>,
    /// The columns it reads: the place of their table in the range table, and their
    /// number (from 1; 0: a whole row; below: a system column).
    pub columns: Vec<(i32, i16)>,
    /// It asks for the date, the time or the user by keyword.
    pub session_value: bool,
}

impl Contents {
    /// Looks through all parts of a query: FROM with its conditions and functions,
    /// WHERE, outputs, group keys and HAVING.
    ///
    /// # Safety
    /// `query` is a live tree in which no expression names a column of a join.
    pub(super) unsafe fn of_query(query: *mut pg_sys::Query) -> Self {
        let mut contents = Self::default();
        let flags = pg_sys::QTW_IGNORE_JOINALIASES as i32;
        // SAFETY: as the caller promises; the walker gets back the pointer it is
        // given here.
        unsafe {
            pg_sys::query_tree_walker(query, Some(look), (&raw mut contents).cast(), flags);
        }
        contents
    }
}

impl Expr {
    /// Whether it is the same expression, wherever it was written.
    pub fn same(self, other: Self) -> bool {
        // SAFETY: compares two trees.
        unsafe { pg_sys::equal(self.0.cast(), other.0.cast()) }
    }

    /// Whether it calls a set-returning function.
    pub fn returns_set(self) -> bool {
        // SAFETY: reads the tree.
        unsafe { pg_sys::expression_returns_set(self.0) }
    }

    /// Whether it calls a set-returning function other than by being such a call.
    pub fn has_set_inside(self) -> bool {
        // SAFETY: the tag tells the type of a node.
        let arguments = unsafe {
            match (*self.0).type_ {
                pg_sys::NodeTag::T_FuncExpr => (*self.0.cast::<pg_sys::FuncExpr>()).args.cast(),
                pg_sys::NodeTag::T_OpExpr => (*self.0.cast::<pg_sys::OpExpr>()).args.cast(),
                _ => self.0,
            }
        };
        Self(arguments).returns_set()
    }

    /// Whether its value depends on nothing but its inputs.
    pub fn is_immutable(self) -> bool {
        // SAFETY: reads the tree.
        unsafe { !pg_sys::contain_mutable_functions(self.0) }
    }

    /// The aggregates in it, outermost first.
    pub fn aggregates(self) -> Vec<Self> {
        let mut found: Vec<Self> = vec![];
        // SAFETY: the walker gets back the pointer it is given here.
        unsafe {
            find_aggregates(self.0, (&raw mut found).cast());
        }
        found
    }

    /// The columns it reads, those within aggregates too.
    pub(super) fn variables(self) -> Vec<Self> {
        // SAFETY: reads the tree.
        let found = unsafe {
            let list = pg_sys::pull_var_clause(self.0, pg_sys::PVC_RECURSE_AGGREGATES as i32);
            elements::<pg_sys::Node>(list)
        };
        found.into_iter().map(Self).collect()
    }

    /// Its type as SQL, qualified, with its modifier if `modifier`.
    pub fn type_sql(self, modifier: bool) -> String {
        // SAFETY: reads the node.
        let (of, typmod) = unsafe { (pg_sys::exprType(self.0), pg_sys::exprTypmod(self.0)) };
        sql_type(of, if modifier { typmod } else { -1 })
    }

    /// Its collation as SQL, where that is not its type's own.
    pub fn collation_sql(self) -> Option<String> {
        let _path = Settings::pin(ONLY_BUILT_IN);
        // SAFETY: reads the tree and the catalog.
        unsafe {
            let collation = pg_sys::exprCollation(self.0);
            (collation != Oid::INVALID
                && collation != pg_sys::get_typcollation(pg_sys::exprType(self.0)))
            .then(|| string(pg_sys::generate_collation_name(collation)))
        }
    }

    /// Whether values of its type can be hashed as part of a record.
    pub fn is_hashable(self) -> bool {
        // SAFETY: type cache entries live as long as the backend.
        unsafe {
            let entry = pg_sys::lookup_type_cache(
                pg_sys::exprType(self.0),
                pg_sys::TYPECACHE_HASH_EXTENDED_PROC as i32,
            );
            (*entry).hash_extended_proc != Oid::INVALID
        }
    }
}

/// The operator `<` of a type's default order; a type without one is PostgreSQL's own
/// error.
pub(super) fn less_than(of_type: Oid) -> Oid {
    ordering(of_type).0
}

/// The operators `<` and `>` of a type's default order, likewise.
pub(super) fn ordering(of_type: Oid) -> (Oid, Oid) {
    let (mut less, mut greater) = (Oid::INVALID, Oid::INVALID);
    // SAFETY: reads the catalogs; what is not asked for may be null.
    unsafe {
        pg_sys::get_sort_group_operators(
            of_type,
            true,
            false,
            true,
            &mut less,
            std::ptr::null_mut(),
            &mut greater,
            std::ptr::null_mut(),
        );
    }
    (less, greater)
}

/// The elements of a list of pointers.
///
/// # Safety
/// `list` is null or a list of pointers to `T`.
pub(super) unsafe fn elements<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    if list.is_null() {
        return vec![];
    }
    // SAFETY: a list has `length` cells.
    unsafe {
        (0..(*list).length as usize)
            .map(|i| (*(*list).elements.add(i)).ptr_value.cast())
            .collect()
    }
}

pub(super) type Walker = unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> bool;

/// # Safety
/// `context` is a `Contents`.
#[pg_guard]
unsafe extern "C-unwind" fn look(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the tag tells the type of a node; the callbacks get our context.
    unsafe {
        let contents = &mut *context.cast::<Contents>();
        match (*node).type_ {
            pg_sys::NodeTag::T_Var => {
                let column = &*node.cast::<pg_sys::Var>();
                contents.columns.push((column.varno, column.varattno));
            }
            pg_sys::NodeTag::T_SQLValueFunction => contents.session_value = true,
            _ => {}
        }
        pg_sys::check_functions_in_node(node, Some(note_function), context);
        pg_sys::expression_tree_walker(node, Some(look as Walker), context)
    }
}

/// # Safety
/// `context` is a `Contents`.
#[pg_guard]
unsafe extern "C-unwind" fn note_function(function: Oid, context: *mut c_void) -> bool {
    // SAFETY: see above.
    unsafe { (*context.cast::<Contents>()).functions.push(function) };
    false
}

/// # Safety
/// `context` is a `Vec<Expr>`.
#[pg_guard]
unsafe extern "C-unwind" fn find_aggregates(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: as in `look`.
    unsafe {
        if (*node).type_ == pg_sys::NodeTag::T_Aggref {
            (*context.cast::<Vec<Expr>>()).push(Expr(node));
            return false;
        }
        pg_sys::expression_tree_walker(node, Some(find_aggregates as Walker), context)
    }
}

struct Replacement<'a> {
    from: &'a [Expr],
    left_over: bool,
}

/// A copy of `expr` with each occurrence of `from[i]` replaced by column `i` + 1
/// of the only table expression of a query; `None` if other columns are left.
pub(super) fn replace(expr: Expr, from: &[Expr]) -> Option<Expr> {
    let mut replacement = Replacement {
        from,
        left_over: false,
    };
    // SAFETY: the mutator gets back the pointer it is given here.
    let node = unsafe { put(expr.0, (&raw mut replacement).cast()) };
    (!replacement.left_over).then_some(Expr(node))
}

/// Column `place` (from 0) of the only table expression of a query, of the type of `like`.
pub(super) fn column(place: usize, like: Expr) -> Expr {
    // SAFETY: makes a node in the current context.
    unsafe {
        let node = pg_sys::makeVar(
            1,
            place as i16 + 1,
            pg_sys::exprType(like.0),
            pg_sys::exprTypmod(like.0),
            pg_sys::exprCollation(like.0),
            0,
        );
        Expr(node.cast())
    }
}

pub(super) type Mutator =
    unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> *mut pg_sys::Node;

/// # Safety
/// `context` is a `Replacement`.
#[pg_guard]
unsafe extern "C-unwind" fn put(
    node: *mut pg_sys::Node,
    context: *mut c_void,
) -> *mut pg_sys::Node {
    if node.is_null() {
        return node;
    }
    // SAFETY: the tag tells the type of a node; the callbacks get our context.
    unsafe {
        let replacement = &mut *context.cast::<Replacement>();
        if let Some(place) = replacement.from.iter().position(|f| f.same(Expr(node))) {
            return column(place, Expr(node)).0;
        }
        if (*node).type_ == pg_sys::NodeTag::T_Var {
            replacement.left_over = true;
        }
        mutated(node, put, context)
    }
}

/// A copy of a node whose children are what `mutator` makes of them.
///
/// # Safety
/// `node` is a live one; `context` is what `mutator` takes.
pub(super) unsafe fn mutated(
    node: *mut pg_sys::Node,
    mutator: Mutator,
    context: *mut c_void,
) -> *mut pg_sys::Node {
    // SAFETY: the server calls the mutator with the two arguments it is declared
    // with here; only the binding's type for it (up to PostgreSQL 15) lacks them.
    unsafe {
        pg_sys::expression_tree_mutator(
            node,
            Some(std::mem::transmute::<
                Mutator,
                unsafe extern "C-unwind" fn() -> *mut pg_sys::Node,
            >(mutator)),
            context,
        )
    }
}
