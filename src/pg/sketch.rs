//! The aggregates whose states are sketches, changed in place.

use super::Datum;
use super::argument::float;
use super::datum_hash::hash_of_argument;
use super::entry::{arguments, entry};
use super::error::OrRaise;
use super::flat::Flat;
use super::printed::with_text_of_argument;
use super::trigger::{Bytes, text};
use pganalytics_core::sketch::SketchError;
use pganalytics_core::{hyperloglog, percentile, top_k};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// What becomes of a state: nothing, or its new bytes.
type Changed = Result<Option<Vec<u8>>, SketchError>;

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
    merge: impl FnOnce(&mut [u8], &[u8]) -> Changed,
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

/// Adds a value, argument 1 of the running call, to its state by `add`. A third of `COUNT`
/// arguments says how the sketch is made: `asked` reads it. NULL is no value.
///
/// # Safety
/// `fcinfo` is the call of a transition function with these arguments.
unsafe fn advance<const COUNT: usize, Asked: Copy>(
    fcinfo: pg_sys::FunctionCallInfo,
    asked: fn(Option<Datum>) -> Result<Asked, SketchError>,
    begin: fn(Option<Asked>) -> Result<Vec<u8>, SketchError>,
    add: impl FnOnce(&mut [u8], Option<Asked>, Datum) -> Changed,
) -> Datum {
    // SAFETY: as the caller promises.
    let (state, given) = unsafe { (Flat::state(fcinfo), arguments::<COUNT>(fcinfo)) };
    let option = given.get(2).map(|given| asked(*given).or_raise());
    let value = given[1];
    if state.is_none() && value.is_none() && option.is_none() {
        // SAFETY: as the caller promises.
        return unsafe { none(fcinfo) };
    }
    let state = state.unwrap_or_else(|| Flat::holding(&begin(option).or_raise()));
    let Some(value) = value else {
        return state.datum();
    };
    let added = state.changed(|state| add(state, option, value));
    added.or_raise().datum()
}

/// Adds to a set of distinct values.
///
/// # Safety
/// As for [`advance`].
unsafe fn add_distinct<const COUNT: usize>(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises; a third argument is an integer.
    unsafe {
        advance::<COUNT, _>(
            fcinfo,
            |asked| hyperloglog::precision(asked.map(|asked| asked.value() as i32)),
            |precision| Ok(hyperloglog::begin(precision)),
            |state, precision, value| {
                hyperloglog::add(state, precision, hash_of_argument(fcinfo, 1, value))
            },
        )
    }
}

/// Adds to numbers that percentiles are asked of.
///
/// # Safety
/// As for [`advance`].
unsafe fn add_number<const COUNT: usize>(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises; both arguments are double precision.
    unsafe {
        advance::<COUNT, _>(
            fcinfo,
            |asked| percentile::error(asked.map(float)),
            |error| Ok(percentile::begin(error)),
            |state, error, value| percentile::add(state, error, float(value)),
        )
    }
}

/// Adds to values that are counted.
///
/// # Safety
/// As for [`advance`].
unsafe fn add_counted<const COUNT: usize>(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises; a third argument is an integer.
    unsafe {
        advance::<COUNT, _>(
            fcinfo,
            |asked| top_k::capacity(asked.map(|asked| asked.value() as i32)),
            top_k::begin,
            |state, capacity, value| {
                with_text_of_argument(fcinfo, 1, value, |text| top_k::add(state, capacity, text))
            },
        )
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

entry!(
    pg_finfo_percentile_transition,
    percentile_transition,
    "The transition of `percentile_sketch`.",
    // SAFETY: declared with a percentile_sketch and a double precision.
    |fcinfo| unsafe { add_number::<2>(fcinfo) }
);

entry!(
    pg_finfo_percentile_transition_error,
    percentile_transition_error,
    "The same with a relative error.",
    // SAFETY: declared with a percentile_sketch and two double precision.
    |fcinfo| unsafe { add_number::<3>(fcinfo) }
);

entry!(
    pg_finfo_percentile_combine,
    percentile_combine,
    "Merges two sketches for percentiles.",
    // SAFETY: declared with two percentile_sketches.
    |fcinfo| unsafe { merge(fcinfo, percentile::merge) }
);

entry!(
    pg_finfo_top_k_transition,
    top_k_transition,
    "The transition of `top_k`.",
    // SAFETY: declared with a top_k_sketch and a value.
    |fcinfo| unsafe { add_counted::<2>(fcinfo) }
);

entry!(
    pg_finfo_top_k_transition_capacity,
    top_k_transition_capacity,
    "The same with a capacity.",
    // SAFETY: declared with a top_k_sketch, a value and an integer.
    |fcinfo| unsafe { add_counted::<3>(fcinfo) }
);

entry!(
    pg_finfo_top_k_combine,
    top_k_combine,
    "Merges two sketches of what is frequent.",
    // SAFETY: declared with two top_k_sketches.
    |fcinfo| unsafe { merge(fcinfo, top_k::merge) }
);

entry!(
    pg_finfo_top_values,
    top_values,
    "The most frequent values of a sketch.",
    |fcinfo| {
        // SAFETY: STRICT, declared with a top_k_sketch and an integer; the result is of the
        // declared row type.
        unsafe {
            let [sketch, most] = arguments::<2>(fcinfo);
            let (Some(sketch), Some(most)) = (sketch, most) else {
                return none(fcinfo);
            };
            let sketch = Bytes::of(sketch);
            let counted = top_k::top_asked(sketch.as_slice(), most.value() as i32).or_raise();
            super::srf::return_values(fcinfo, || {
                let row = |counted: &top_k::Counted| {
                    let [count, error] = [counted.count, counted.error].map(Datum::from);
                    [Some(text(counted.value)), Some(count), Some(error)]
                };
                counted.iter().map(row).collect()
            });
            Datum::from(0)
        }
    }
);

/// Whether each value is text in the encoding of the database; raises an error if not.
pub fn verify_encoding(values: &[top_k::Counted]) {
    for counted in values {
        let (bytes, length) = (counted.value.as_ptr(), counted.value.len());
        // SAFETY: reads so many bytes.
        unsafe {
            pg_sys::pg_verifymbstr(bytes.cast(), length as i32, false);
        }
    }
}
