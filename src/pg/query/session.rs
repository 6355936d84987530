//! Session windows: the key among the group keys, and the two queries between which
//! events are put into sessions.

use super::aggregate::{count_all, latest};
use super::{EventSource, ONLY_BUILT_IN, Query, Targets, deparse, select_from};
use crate::pg::Oid;
use crate::pg::security::Settings;
use crate::pg::spi::{self, Under};
use crate::pg::tree::{self, Expr, elements};
use pganalytics_core::window::Width;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_void;

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

/// Two queries as text.
pub struct SessionQueries {
    /// The events: keys, time and what the aggregates read, from `event_source`.
    pub events: String,
    /// Keys, start, end, parts and number of events, from `session_events`.
    pub groups: String,
}

impl Query {
    /// The group keys that are sessions.
    pub fn session_keys(&self) -> Vec<SessionKey> {
        let functions = marker_functions();
        let keys = self.keys().into_iter().enumerate();
        // SAFETY: the tag tells the type of a node; the functions have two arguments,
        // of which the second is an interval.
        keys.filter_map(|(place, key)| unsafe {
            let call = key.0.cast::<pg_sys::FuncExpr>();
            if (*key.0).type_ != pg_sys::NodeTag::T_FuncExpr || !functions.contains(&(*call).funcid)
            {
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
        })
        .collect()
    }

    /// Whether `session()` is called other than by one of the keys.
    pub fn has_stray_session(&self) -> bool {
        let functions = marker_functions();
        let (sessions, others): (Vec<_>, Vec<_>) = {
            let places: Vec<_> = self.session_keys().iter().map(|key| key.place).collect();
            let keys = self.keys().into_iter().enumerate();
            keys.partition(|(place, _)| places.contains(place))
        };
        let sessions: Vec<_> = sessions.into_iter().map(|(_, key)| key).collect();
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
        let times = self.session_keys().into_iter().map(|key| key.time);
        let others = others.into_iter().map(|(_, key)| key);
        let outputs = self.outputs().into_iter().map(|output| output.expr);
        let mut inside = others.chain(times).chain(self.expressions_of_from());
        let mut outside = outputs.chain(self.having());
        inside.any(|expr| is_stray(expr, &[])) || outside.any(|expr| is_stray(expr, &sessions))
    }

    /// Whether an aggregate has DISTINCT.
    pub fn has_distinct_aggregates(&self) -> bool {
        let outputs = self.outputs().into_iter().map(|output| output.expr);
        let mut calls = outputs
            .chain(self.having())
            .flat_map(|expr| expr.aggregates());
        // SAFETY: `aggregates` returns nodes of this type only.
        calls.any(|call| unsafe { !(*call.0.cast::<pg_sys::Aggref>()).aggdistinct.is_null() })
    }

    /// The queries of the sessions of `time` within the groups of `keys`, each with
    /// its name.
    pub fn sessions(
        &self,
        source: &EventSource,
        keys: &[(Expr, String)],
        time: Expr,
        parts: &[Expr],
    ) -> SessionQueries {
        let (mut from, mut names): (Vec<_>, Vec<_>) = keys.iter().cloned().unzip();
        from.push(time);
        names.push("session_time".into());
        for column in parts.iter().flat_map(|part| part.variables()) {
            if !from.iter().any(|known| known.same(column)) {
                names.push(format!("v{}", from.len()));
                from.push(column);
            }
        }
        let mut read = Targets::new();
        for (expr, name) in from.iter().zip(&names) {
            read.push(*expr, Some(name));
        }
        let copy = self.over(source);
        // SAFETY: edits a copy.
        let events = unsafe {
            (*copy.0).targetList = read.0;
            (*copy.0).groupClause = std::ptr::null_mut();
            (*copy.0).havingQual = std::ptr::null_mut();
            (*copy.0).hasAggs = false;
            deparse(copy.0)
        };
        // The start is the last column, and has the type of the time.
        let start = tree::column(from.len(), time);
        names.push("session_start".into());
        let in_sessions = |expr: Expr| tree::replace(expr, &from).unwrap_or(expr);
        let keys = keys.iter().map(|(key, _)| in_sessions(*key));
        let parts = parts.iter().map(|part| in_sessions(*part));
        let bounds = [start, latest(in_sessions(time))];
        let mut targets = Targets::new();
        for expr in keys.chain(bounds).chain(parts).chain([count_all()]) {
            targets.push(expr, None);
        }
        // SAFETY: everything reads nothing but `session_events` now.
        let groups = unsafe {
            let query = select_from(c"session_events", &names, targets.0, std::ptr::null_mut());
            (*query).hasAggs = true;
            deparse(query)
        };
        SessionQueries { events, groups }
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
        let value = &*(*constant).constvalue.cast_mut_ptr::<pg_sys::Interval>();
        Some(Width {
            months: value.month,
            days: value.day,
            micros: value.time,
        })
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
            pg_sys::expression_tree_walker(node, Some(find_call as tree::Walker), context);
            search.keys = keys;
            return false;
        }
        pg_sys::expression_tree_walker(node, Some(find_call as tree::Walker), context)
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
