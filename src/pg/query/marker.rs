//! Calls of `session()`: those that are group keys, and others.

use super::Query;
use crate::pg::Oid;
use crate::pg::argument::width;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Under};
use crate::pg::tree::{Expr, Walker, elements};
use pganalytics_core::window::Width;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_void;

/// The calls of `session()` in a query.
pub struct SessionCalls {
    pub keys: Vec<SessionKey>,
    /// There are others.
    pub stray: bool,
}

/// `session(time, gap)` as a group key.
pub struct SessionKey {
    /// Its place among the keys.
    pub place: usize,
    pub time: Expr,
    /// `None`: no constant.
    pub gap: Option<Width>,
    /// Whether it is a `timestamptz`.
    pub has_zone: bool,
}

impl Query {
    /// Where it calls `session()`.
    pub fn session_calls(&self) -> SessionCalls {
        let functions = marker_functions();
        let (mut found, mut exprs, mut inside) = (vec![], vec![], self.expressions_of_from());
        for (place, key) in self.keys().into_iter().enumerate() {
            if let Some(session) = session_key(place, key, &functions) {
                inside.push(session.time);
                found.push(session);
                exprs.push(key);
            } else {
                inside.push(key);
            }
        }
        let is_stray = |expr: Expr, keys: &[Expr]| {
            let mut search = Search {
                functions: &functions,
                keys,
                found: false,
            };
            // SAFETY: the walker gets back the pointer it is given here.
            unsafe { find_call(expr.0, (&raw mut search).cast()) };
            search.found
        };
        let outputs = self.outputs().into_iter().map(|output| output.expr);
        let mut outside = outputs.chain(self.having());
        SessionCalls {
            stray: inside.into_iter().any(|expr| is_stray(expr, &[]))
                || outside.any(|expr| is_stray(expr, &exprs)),
            keys: found,
        }
    }
}

/// A group key that is a whole call of one of `functions`.
fn session_key(place: usize, key: Expr, functions: &[Oid]) -> Option<SessionKey> {
    // SAFETY: the tag tells the type of a node; the functions have two arguments, of
    // which the second is an interval.
    unsafe {
        let call = key.0.cast::<pg_sys::FuncExpr>();
        if (*key.0).type_ != pg_sys::NodeTag::T_FuncExpr || !functions.contains(&(*call).funcid) {
            return None;
        }
        let [time, gap] = arguments(call)[..] else {
            return None;
        };
        Some(SessionKey {
            place,
            time: Expr(time),
            gap: interval(gap),
            has_zone: pg_sys::exprType(time) == pg_sys::TIMESTAMPTZOID,
        })
    }
}

fn marker_functions() -> Vec<Oid> {
    let _path = Settings::pin(ONLY_BUILT_IN);
    spi::run(
        "SELECT oid FROM pg_proc WHERE pronamespace = 'pganalytics'::regnamespace AND proname = 'session'",
        vec![],
        Under::Active,
    )
    .iter()
    .map(|row| row.oid(0))
    .collect()
}

/// In the order of their declaration, however they are written.
///
/// # Safety
/// `call` is a live function call.
unsafe fn arguments(call: *mut pg_sys::FuncExpr) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the tag tells the type of a node.
    unsafe {
        let mut placed: Vec<_> = elements::<pg_sys::Node>((*call).args)
            .into_iter()
            .enumerate()
            .map(|(place, node)| {
                if (*node).type_ != pg_sys::NodeTag::T_NamedArgExpr {
                    return (place as i32, node);
                }
                let named = node.cast::<pg_sys::NamedArgExpr>();
                ((*named).argnumber, (*named).arg.cast())
            })
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, node)| node).collect()
    }
}

/// The value of a constant. (Nothing is computed: whoever reads the projection
/// would run what its owner wrote.)
///
/// # Safety
/// `node` is a live expression of type interval.
unsafe fn interval(node: *mut pg_sys::Node) -> Option<Width> {
    // SAFETY: the tag tells the type of a node; an interval is passed by reference.
    unsafe {
        let constant = node.cast::<pg_sys::Const>();
        if (*node).type_ != pg_sys::NodeTag::T_Const || (*constant).constisnull {
            return None;
        }
        Some(width((*constant).constvalue))
    }
}

struct Search<'a> {
    functions: &'a [Oid],
    /// Not looked into, unless within an aggregate.
    keys: &'a [Expr],
    found: bool,
}

/// # Safety
/// `context` is a `Search`.
#[pg_guard]
unsafe extern "C-unwind" fn find_call(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the tag tells the type of a node; the callbacks get our context.
    unsafe {
        let search = &mut *context.cast::<Search>();
        if search.keys.iter().any(|key| key.same(Expr(node))) {
            return false;
        }
        pg_sys::check_functions_in_node(node, Some(is_marker), context);
        if (*node).type_ == pg_sys::NodeTag::T_Aggref {
            let keys = std::mem::take(&mut search.keys);
            pg_sys::expression_tree_walker(node, Some(find_call as Walker), context);
            search.keys = keys;
            return false;
        }
        pg_sys::expression_tree_walker(node, Some(find_call as Walker), context)
    }
}

/// # Safety
/// `context` is a `Search`.
#[pg_guard]
unsafe extern "C-unwind" fn is_marker(function: Oid, context: *mut c_void) -> bool {
    // SAFETY: see above.
    let search = unsafe { &mut *context.cast::<Search>() };
    search.found |= search.functions.contains(&function);
    false
}
