//! Aggregates of a query: what they are and the parts they are kept as.

use super::node;
use crate::pg::Oid;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Row, Under};
use crate::pg::tree::{Expr, elements};
use pganalytics_core::projection::{Facts, PartInput, SupportFunction};
use pgrx::pg_sys;
use std::ffi::CStr;

/// `AGGKIND_NORMAL`
const NORMAL: std::ffi::c_char = b'n' as std::ffi::c_char;

/// `count(*)`
pub(super) fn count_all() -> Expr {
    let count = aggregate(pg_sys::F_COUNT_, pg_sys::INT8OID);
    // SAFETY: made a moment ago.
    unsafe { (*count).aggstar = true };
    Expr(count.cast())
}

/// `max(time)` of a kind of timestamp.
pub(super) fn latest(time: Expr) -> Expr {
    // SAFETY: `time` is a live expression; the aggregate was made a moment ago.
    unsafe {
        let of_type = pg_sys::exprType(time.0);
        let function = match of_type {
            pg_sys::TIMESTAMPOID => pg_sys::F_MAX_TIMESTAMP,
            _ => pg_sys::F_MAX_TIMESTAMPTZ,
        };
        let max = aggregate(function, of_type);
        (*max).aggargtypes = pg_sys::lappend_oid(std::ptr::null_mut(), of_type);
        let argument = pg_sys::makeTargetEntry(time.0.cast(), 1, std::ptr::null_mut(), false);
        (*max).args = pg_sys::lappend(std::ptr::null_mut(), argument.cast());
        Expr(max.cast())
    }
}

/// A call without arguments, as analysis makes it, before planning.
fn aggregate(function: u32, result: Oid) -> *mut pg_sys::Aggref {
    // SAFETY: plain fields of a node made here.
    unsafe {
        let call: *mut pg_sys::Aggref = node(pg_sys::NodeTag::T_Aggref);
        (*call).aggfnoid = Oid::from(function);
        (*call).aggtype = result;
        (*call).aggkind = NORMAL;
        (*call).aggno = -1;
        (*call).aggtransno = -1;
        (*call).location = -1;
        call
    }
}

const ALL_AT_ONCE: &str = "It needs all values at once: read it from the event table. For a percentile there is pganalytics.approx_percentile(fraction, pganalytics.percentile_sketch(x)).";
const IN_ORDER: &str = "It needs all values at once: read it from the event table. The first or last of them is pganalytics.first() or last().";

unsafe extern "C-unwind" {
    /// The type of a state, from that which is declared and those of the arguments.
    fn resolve_aggregate_transtype(
        aggregate: Oid,
        declared: Oid,
        arguments: *mut Oid,
        count: std::ffi::c_int,
    ) -> Oid;
}

/// What an aggregate call is.
pub struct AggregateCall {
    pub facts: Facts,
    /// The aggregate.
    pub function: Oid,
    /// Equal for aggregates whose states are the same, given the same arguments.
    pub state: String,
    /// Whether it takes each value once.
    pub distinct: bool,
    /// What keeps it from being merged, and what to do about it.
    pub unsupported: Option<(&'static str, &'static str)>,
}

impl AggregateCall {
    /// Whether its result holds every value.
    pub fn collects(&self) -> bool {
        self.facts.schema == "pg_catalog"
            && matches!(self.facts.name.as_str(), "array_agg" | "string_agg")
    }
}

/// A support function that asks for an aggregate around it cannot be called from SQL. Of
/// the server's own those that a projection needs do not, but for one; what else is in C
/// may. An overloaded name could be taken for another function if it is polymorphic, or takes
/// another type than that of the state: whoever may make functions in its schema could then
/// make one that fits better.
const FACTS: &str = "WITH support AS NOT MATERIALIZED (\
         SELECT f.oid, quote_ident(n.nspname) || '.' || quote_ident(f.proname) AS name, f.proisstrict AS strict, \
             CASE WHEN n.nspname <> 'pg_catalog' THEN f.proargtypes::text END AS takes, \
             CASE WHEN n.nspname = 'pg_catalog' THEN f.proname <> 'int4_avg_combine' \
                  ELSE l.lanname NOT IN ('c', 'internal') AND NOT EXISTS ( \
                      SELECT FROM pg_type t WHERE t.oid = ANY (f.proargtypes) AND t.typtype = 'p') END AS callable \
         FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN pg_language l ON l.oid = f.prolang) \
     SELECT n.nspname, p.proname, (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity, \
         a.aggtranstype = 'internal'::regtype, a.aggserialfn <> 0 AND a.aggdeserialfn <> 0, \
         c.name, c.strict, c.callable AND coalesce(c.takes = concat(a.aggtranstype::oid, ' ', a.aggtranstype::oid), true), \
         f.name, f.strict, f.callable AND NOT a.aggfinalextra AND coalesce(f.takes = a.aggtranstype::oid::text, true), \
         concat_ws(' ', a.aggtransfn::oid, a.aggtranstype, a.aggcombinefn::oid, a.aggserialfn::oid, \
             a.aggdeserialfn::oid, p.proargtypes, a.agginitval) \
     FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace \
     LEFT JOIN support c ON c.oid = a.aggcombinefn LEFT JOIN support f ON f.oid = a.aggfinalfn \
     WHERE a.aggfnoid = $1";

fn support_function(row: &Row, first: usize) -> Option<SupportFunction> {
    row.text(first).map(|name| SupportFunction {
        name: name.into(),
        strict: row.known(first + 1) == "t",
        callable: row.known(first + 2) == "t",
    })
}

impl Expr {
    /// Describes an aggregate found by [`Expr::aggregates`].
    pub fn aggregate_call(self) -> AggregateCall {
        // SAFETY: `aggregates` returns nodes of this type only.
        let call = unsafe { &*self.0.cast::<pg_sys::Aggref>() };
        let _path = Settings::pin(ONLY_BUILT_IN);
        let row = &spi::run(FACTS, vec![Arg::Oid(call.aggfnoid)], Under::Active)[0];
        let unsupported = [
            (call.aggkind != NORMAL, ("WITHIN GROUP", ALL_AT_ONCE)),
            (
                !self.takes_values_in_order(),
                ("ORDER BY in an aggregate", IN_ORDER),
            ),
        ];
        let arguments: Vec<String> = self
            .argument_types()
            .into_iter()
            .map(|argument| {
                // SAFETY: the result is a palloc'd string.
                unsafe {
                    CStr::from_ptr(pg_sys::format_type_be(argument))
                        .to_string_lossy()
                        .into_owned()
                }
            })
            .collect();
        let collation = self
            .collation_sql()
            .map(|collation| format!(" COLLATE {collation}"))
            .unwrap_or_default();
        AggregateCall {
            facts: Facts {
                schema: row.known(0).into(),
                name: row.known(1).into(),
                arguments: arguments.join(", "),
                signature: row.known(2).into(),
                null_result: format!("NULL::{}{collation}", self.type_sql(false)),
                internal: row.known(3) == "t",
                serialized: row.known(4) == "t",
                combine: support_function(row, 5),
                finish: support_function(row, 8),
            },
            function: call.aggfnoid,
            state: row.known(11).into(),
            distinct: !call.aggdistinct.is_null(),
            unsupported: unsupported
                .into_iter()
                .find_map(|(there, what)| there.then_some(what)),
        }
    }

    /// The types of the arguments of this aggregate.
    fn argument_types(self) -> Vec<Oid> {
        // SAFETY: an aggregate; the list, where there is one, is of type oids.
        unsafe {
            let list = (*self.0.cast::<pg_sys::Aggref>()).aggargtypes;
            (0..pg_sys::list_length(list))
                .map(|place| pg_sys::list_nth_oid(list, place))
                .collect()
        }
    }

    /// Another aggregate on the arguments of this one and with its FILTER.
    fn with_aggregate(self, aggregate: Oid, result: Oid, collation: Oid) -> Self {
        // SAFETY: edits a copy of an aggregate.
        unsafe {
            let copy: *mut pg_sys::Aggref = pg_sys::copyObjectImpl(self.0.cast()).cast();
            (*copy).aggfnoid = aggregate;
            (*copy).aggtype = result;
            (*copy).aggcollid = collation;
            Self(copy.cast())
        }
    }

    /// What this aggregate is run on, whatever aggregate it is.
    pub fn aggregate_input(self) -> Self {
        self.with_aggregate(Oid::INVALID, Oid::INVALID, Oid::INVALID)
    }

    /// The aggregate `derived` from this one, which returns its state.
    pub fn state(self, derived: Oid) -> Self {
        let mut arguments = self.argument_types();
        // SAFETY: an aggregate that is there, called with these arguments.
        let (result, collation) = unsafe {
            let declared = pg_sys::get_func_rettype(derived);
            let result = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                resolve_aggregate_transtype(
                    derived,
                    declared,
                    arguments.as_mut_ptr(),
                    arguments.len() as std::ffi::c_int,
                )
            });
            let collation = if pg_sys::type_is_collatable(result) {
                (*self.0.cast::<pg_sys::Aggref>()).inputcollid
            } else {
                Oid::INVALID
            };
            (result, collation)
        };
        self.with_aggregate(derived, result, collation)
    }

    /// The aggregate with this signature in place of this one.
    pub fn part(self, signature: &str, input: PartInput) -> Self {
        let _path = Settings::pin(ONLY_BUILT_IN);
        let row = &spi::run(
            "SELECT p.oid, p.prorettype FROM pg_proc p WHERE p.oid = $1::regprocedure",
            vec![Arg::Text(signature)],
            Under::Active,
        )[0];
        let part = self.with_aggregate(row.oid(0), row.oid(1), Oid::INVALID);
        if input == PartInput::AsDouble {
            // SAFETY: edits the copy; the arguments of an aggregate are target entries.
            unsafe {
                let copy: *mut pg_sys::Aggref = part.0.cast();
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
        }
        part
    }
}
