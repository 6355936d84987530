//! The aggregates whose state is four numbers, a value of type bigint[], or a timeline of
//! readings. It is changed where it lies.

use super::Datum;
use super::argument::{float, width};
use super::entry::{arguments, entry};
use super::error::{OrRaise, raise};
use super::flat::Flat;
use super::trigger::Bytes;
use pganalytics_core::series::{BITS, Decayed, Ends, Float, SeriesError, half_life, reading};
use pganalytics_core::timeline::Growing;
use pgrx::pg_sys;
use pgrx::prelude::*;

type Words = [i64; 4];

/// What stands before the numbers of such an array, but for its length in bytes: one
/// dimension, no NULLs, the type of elements, four of them, counted from 1.
const HEADER: [i32; 5] = [1, 0, 20, 4, 1];

/// The bytes of an array.
fn array(words: Words) -> Vec<u8> {
    let header = HEADER.iter().flat_map(|field| field.to_ne_bytes());
    let words = words.into_iter().flat_map(i64::to_ne_bytes);
    header.chain(words).collect()
}

/// The numbers in those bytes, if it is one of four.
fn words(array: &[u8]) -> Option<Words> {
    let (header, words) = array.split_at_checked(size_of_val(&HEADER))?;
    let (fields, []) = header.as_chunks::<4>() else {
        return None;
    };
    let is_known = fields.iter().copied().map(i32::from_ne_bytes).eq(HEADER);
    let (words, []) = words.as_chunks::<8>() else {
        return None;
    };
    let words: [[u8; 8]; 4] = words.try_into().ok()?;
    is_known.then_some(words.map(i64::from_ne_bytes))
}

/// A state that can be merged.
trait Kept: Sized {
    const OF: &str;
    fn read(words: Words) -> Option<Self>;
    fn written(&self) -> Words;
    /// Whether anything changed.
    fn merge(&mut self, other: Self) -> Result<bool, SeriesError>;

    fn of_array(array: &[u8]) -> Result<Self, SeriesError> {
        let state = words(array).and_then(Self::read);
        state.ok_or(SeriesError::State(Self::OF))
    }
}

impl Kept for Ends<Float> {
    const OF: &str = "delta";

    fn read(words: Words) -> Option<Self> {
        Some(Self::from_words(words))
    }

    fn written(&self) -> Words {
        self.to_words()
    }

    fn merge(&mut self, other: Self) -> Result<bool, SeriesError> {
        Ok(self.merge(other))
    }
}

impl Kept for Decayed {
    const OF: &str = "ewma";

    fn read(words: Words) -> Option<Self> {
        Self::from_words(words)
    }

    fn written(&self) -> Words {
        self.to_words()
    }

    fn merge(&mut self, other: Self) -> Result<bool, SeriesError> {
        self.merge(other).map(|()| true)
    }
}

/// The state of the running call with `other` in it.
///
/// # Safety
/// `fcinfo` is the call of a transition or combine function with a state of bigint[].
unsafe fn with<T: Kept>(fcinfo: pg_sys::FunctionCallInfo, other: Option<T>) -> Datum {
    // SAFETY: as the caller promises.
    let state = unsafe { Flat::state(fcinfo) };
    let (mut state, other) = match (state, other) {
        (Some(state), Some(other)) => (state, other),
        (Some(state), None) => return state.datum(),
        (None, Some(other)) => {
            return Flat::holding(&array(other.written())).datum();
        }
        (None, None) => {
            // SAFETY: as the caller promises.
            unsafe { (*fcinfo).isnull = true };
            return Datum::from(0);
        }
    };
    let room = state.room();
    let mut kept = T::of_array(room).or_raise();
    if kept.merge(other).or_raise() {
        room.copy_from_slice(&array(kept.written()));
    }
    state.datum()
}

/// # Safety
/// `fcinfo` is the call of a combine function of two states of bigint[].
unsafe fn combine<T: Kept>(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises.
    unsafe {
        let [_, other] = arguments::<2>(fcinfo);
        let other = other.map(|other| T::of_array(Bytes::of(other).as_slice()).or_raise());
        with(fcinfo, other)
    }
}

entry!(
    pg_finfo_delta_transition,
    delta_transition,
    "The transition of `delta` and `rate`, for float8.",
    |fcinfo| {
        // SAFETY: declared with a bigint[], a float8 and a timestamptz.
        unsafe {
            let [_, value, ts] = arguments::<3>(fcinfo);
            let reading = value
                .zip(ts)
                .map(|(value, ts)| Ends::at(ts.value() as i64, Float::from(float(value))));
            with(fcinfo, reading)
        }
    }
);

entry!(
    pg_finfo_delta_combine,
    delta_combine,
    "Merges states of `delta` and `rate`, for float8.",
    // SAFETY: declared with two bigint[].
    |fcinfo| unsafe { combine::<Ends<Float>>(fcinfo) }
);

entry!(
    pg_finfo_counter_transition,
    counter_transition,
    "The transition of `counter_delta` and `counter_rate`: the state is a timeline.",
    |fcinfo| {
        // SAFETY: declared with a timeline, a float8 and a timestamptz.
        let (state, [_, value, ts]) = unsafe { (Flat::state(fcinfo), arguments::<3>(fcinfo)) };
        let mut state = state.unwrap_or_else(|| {
            let mut begun = Flat::new(Growing::first_room(&[]).or_raise());
            Growing::begin(begun.room(), BITS, &[]).or_raise();
            begun
        });
        let Some((value, ts)) = value.zip(ts) else {
            return state.datum();
        };
        let reading = reading(ts.value() as i64, float(value));
        while !counter(state.room()).push(reading) {
            let next = Growing::next_room(state.room().len(), 0).or_raise();
            state = state.with_room(next);
        }
        state.datum()
    }
);

/// A timeline of readings.
fn counter(room: &mut [u8]) -> Growing<'_> {
    let growing = Growing::go_on(room).or_raise();
    if growing.conditions() != BITS {
        raise(SeriesError::State("counter_delta"));
    }
    growing
}

entry!(
    pg_finfo_decay_transition,
    decay_transition,
    "The transition of `ewma` with a half-life.",
    |fcinfo| {
        // SAFETY: declared with a bigint[], a float8, a timestamptz and an interval.
        unsafe {
            let [_, value, ts, interval] = arguments::<4>(fcinfo);
            let Some(interval) = interval else {
                raise(SeriesError::Null("half_life"));
            };
            let half_life = half_life(width(interval)).or_raise();
            let one = value
                .zip(ts)
                .map(|(value, ts)| Decayed::new(half_life, ts.value() as i64, float(value)));
            with(fcinfo, one)
        }
    }
);

entry!(
    pg_finfo_decay_combine,
    decay_combine,
    "Merges states of `ewma` with a half-life.",
    // SAFETY: declared with two bigint[].
    |fcinfo| unsafe { combine::<Decayed>(fcinfo) }
);
