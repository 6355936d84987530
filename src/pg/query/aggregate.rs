//! Aggregates of a query: what they are and the parts they are kept as.

use super::{ONLY_BUILT_IN, node};
use crate::pg::Oid;
use crate::pg::security::Settings;
use crate::pg::spi::{self, Arg, Under};
use crate::pg::tree::{Expr, elements};
use pganalytics_core::projection::{Part, PartInput};
use pgrx::pg_sys;
use std::ffi::CStr;

/// `AGGKIND_NORMAL`
const NORMAL: std::ffi::c_char = b'n' as std::ffi::c_char;

/// `count(*)`
pub(super) fn count_all() -> Expr {
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
    /// Whether it takes each value once.
    pub distinct: bool,
    /// What keeps it from being merged, and what to do about it.
    pub unsupported: Option<(&'static str, &'static str)>,
}

impl AggregateCall {
    /// Whether its result holds every value.
    pub fn collects(&self) -> bool {
        self.schema == "pg_catalog" && matches!(self.name.as_str(), "array_agg" | "string_agg")
    }
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
                !self.takes_values_in_order(),
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
            distinct: !call.aggdistinct.is_null(),
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
