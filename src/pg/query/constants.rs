//! Calls of the extension's own functions, reduced to what is constant in them.

use super::{Query, deparse, node, pstring};
use crate::pg::Oid;
use crate::pg::tree::{Expr, Walker, mutated};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_void;

impl Query {
    /// The text of a query for each call that has constants: the call over no table. A
    /// condition that is none is false there, and a time midnight of 2000-01-01, so that an error
    /// is the constants'. Calls with other arguments are left out; nothing else is run.
    pub fn constant_calls(&self) -> Vec<String> {
        let flags = pg_sys::QTW_IGNORE_JOINALIASES as i32;
        // SAFETY: a live tree; the walker gets back the pointer it is given here.
        let found = unsafe {
            let mut found = Found {
                own: pg_sys::get_namespace_oid(c"pganalytics".as_ptr(), false),
                calls: vec![],
            };
            pg_sys::query_tree_walker(self.0, Some(find_own), (&raw mut found).cast(), flags);
            found
        };
        found.calls.into_iter().filter_map(constant_call).collect()
    }
}

struct Found {
    /// The schema of the functions that are looked for.
    own: Oid,
    calls: Vec<Expr>,
}

/// What is among the arguments of a call.
#[derive(Default)]
struct Seen {
    constant: bool,
    /// What no value can be made up for.
    other: bool,
}

fn constant_call(call: Expr) -> Option<String> {
    let mut seen = Seen::default();
    // SAFETY: `find_own` finds these two kinds; edits a copy, and makes a query of its own. The
    // mutator gets back the pointer it is given here.
    unsafe {
        let copy: *mut pg_sys::Node = pg_sys::copyObjectImpl(call.0.cast()).cast();
        let query: *mut pg_sys::Query = node(pg_sys::NodeTag::T_Query);
        let mut reduce = |arguments: *mut pg_sys::List| {
            mutated(arguments.cast(), reduced, (&raw mut seen).cast()).cast()
        };
        if (*copy).type_ == pg_sys::NodeTag::T_Aggref {
            let aggregate = copy.cast::<pg_sys::Aggref>();
            (*aggregate).args = reduce((*aggregate).args);
            (*aggregate).aggfilter = std::ptr::null_mut();
            (*aggregate).aggorder = std::ptr::null_mut();
            (*aggregate).aggdistinct = std::ptr::null_mut();
            (*query).hasAggs = true;
        } else {
            let function = copy.cast::<pg_sys::FuncExpr>();
            (*function).args = reduce((*function).args);
        }
        let target = pg_sys::makeTargetEntry(copy.cast(), 1, pstring("x"), false);
        (*query).commandType = pg_sys::CmdType::CMD_SELECT;
        (*query).targetList = pg_sys::lappend(std::ptr::null_mut(), target.cast());
        (*query).jointree = pg_sys::makeFromExpr(std::ptr::null_mut(), std::ptr::null_mut());
        (seen.constant && !seen.other).then(|| deparse(query))
    }
}

/// # Safety
/// `context` is a `Found`.
#[pg_guard]
unsafe extern "C-unwind" fn find_own(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the tag tells the type of a node; the callbacks get our context.
    unsafe {
        let function = match (*node).type_ {
            pg_sys::NodeTag::T_Aggref => Some((*node.cast::<pg_sys::Aggref>()).aggfnoid),
            pg_sys::NodeTag::T_FuncExpr => Some((*node.cast::<pg_sys::FuncExpr>()).funcid),
            _ => None,
        };
        let found = &mut *context.cast::<Found>();
        if function.is_some_and(|function| pg_sys::get_func_namespace(function) == found.own) {
            found.calls.push(Expr(node));
        }
        pg_sys::expression_tree_walker(node, Some(find_own as Walker), context)
    }
}

/// A constant as it is, and a value in the place of what is none.
///
/// # Safety
/// `context` is a `Seen`.
#[pg_guard]
unsafe extern "C-unwind" fn reduced(
    node: *mut pg_sys::Node,
    context: *mut c_void,
) -> *mut pg_sys::Node {
    use pg_sys::NodeTag::{T_ArrayExpr, T_Const, T_List, T_NamedArgExpr, T_TargetEntry};
    if node.is_null() {
        return node;
    }
    // SAFETY: the tag tells the type of a node; what is none of these is an expression.
    unsafe {
        let seen = &mut *context.cast::<Seen>();
        match (*node).type_ {
            T_List | T_TargetEntry | T_NamedArgExpr | T_ArrayExpr => {
                return mutated(node, reduced, context);
            }
            T_Const => {
                seen.constant = true;
                return node;
            }
            _ => {}
        }
        let of_type = pg_sys::exprType(node);
        match of_type {
            pg_sys::BOOLOID => pg_sys::makeBoolConst(false, false),
            pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID => {
                let zero = pg_sys::Datum::from(0);
                pg_sys::makeConst(of_type, -1, pg_sys::InvalidOid, 8, zero, false, true).cast()
            }
            _ => {
                seen.other = true;
                node
            }
        }
    }
}
