//! The aggregates whose states are sketches, changed in place.

use super::Datum;
use super::datum_hash::hash_of_argument;
use super::entry::{arguments, entry};
use super::error::OrRaise;
use super::flat::Flat;
use super::trigger::Bytes;
use pganalytics_core::hyperloglog;
use pganalytics_core::sketch::SketchError;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// No state, as long as there is nothing to keep.
///
/// # Safety
/// `fcinfo` is that of the running function.
unsafe fn none(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises.
    unsafe { (*fcinfo).isnull = true };
    Datum::from(0)
}

/// Merges another sketch into the state of the running call: how states combine, and the
/// transition of `rollup`.
///
/// # Safety
/// `fcinfo` is the call of a support function with two sketches.
unsafe fn merge(
    fcinfo: pg_sys::FunctionCallInfo,
    merge: impl FnOnce(&mut [u8], &[u8]) -> Result<Option<Vec<u8>>, SketchError>,
) -> Datum {
    // SAFETY: as the caller promises.
    unsafe {
        match (Flat::state(fcinfo), arguments::<2>(fcinfo)[1]) {
            (Some(state), Some(other)) => {
                let other = Bytes::of(other);
                let merged = state.changed(|state| merge(state, other.as_slice()));
                merged.or_raise().datum()
            }
            (Some(state), None) => state.datum(),
            (None, Some(other)) => other,
            (None, None) => none(fcinfo),
        }
    }
}

/// Adds a value, argument 1 of the running call, to the set that is its state. A third of
/// `COUNT` arguments is the precision.
///
/// # Safety
/// `fcinfo` is the call of a transition function with these arguments.
unsafe fn add_distinct<const COUNT: usize>(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises.
    unsafe {
        let state = Flat::state(fcinfo);
        let given = arguments::<COUNT>(fcinfo);
        let precision = given.get(2).map(|asked| {
            let asked = asked.map(|asked| asked.value() as i32);
            hyperloglog::precision(asked).or_raise()
        });
        let value = given[1];
        if state.is_none() && value.is_none() && precision.is_none() {
            return none(fcinfo);
        }
        let state = state.unwrap_or_else(|| Flat::holding(&hyperloglog::begin(precision)));
        let Some(value) = value else {
            return state.datum();
        };
        let hash = hash_of_argument(fcinfo, 1, value);
        let added = state.changed(|state| hyperloglog::add(state, precision, hash));
        added.or_raise().datum()
    }
}

entry!(
    pg_finfo_hll_transition,
    hll_transition,
    "The transition of `hll` and `approx_count_distinct`.",
    // SAFETY: declared with a hyperloglog and a value.
    |fcinfo| unsafe { add_distinct::<2>(fcinfo) }
);

entry!(
    pg_finfo_hll_transition_precision,
    hll_transition_precision,
    "The same with a precision.",
    // SAFETY: declared with a hyperloglog, a value and an integer.
    |fcinfo| unsafe { add_distinct::<3>(fcinfo) }
);

entry!(
    pg_finfo_hll_combine,
    hll_combine,
    "Merges two sets.",
    // SAFETY: declared with two hyperloglogs.
    |fcinfo| unsafe { merge(fcinfo, hyperloglog::merge) }
);
