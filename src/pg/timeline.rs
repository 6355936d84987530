//! The aggregates whose state is a timeline: a moment for each row, added in place.

use super::Datum;
use super::conditions::mask;
use super::entry::{arguments, entry};
use super::error::{ErrorReport, OrRaise, raise, raise_report};
use super::flat::Flat;
use super::trigger::Bytes;
use pganalytics_core::timeline::{Growing, Moment, Timeline, TimelineError};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// Adds the row of the running call: its time and its conditions are the last two of
/// `COUNT` arguments. From the arguments between state and time `begin` gives the question that
/// a timeline begins with; `go_on` refuses others than that at each further row.
/// A row on which no condition holds is added if `keeps_others`. One without a time is not.
///
/// # Safety
/// `fcinfo` is the call of a transition function with these arguments.
pub unsafe fn advance<const COUNT: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    begin: impl FnOnce(&[Option<Datum>]) -> Result<Vec<u8>, ErrorReport>,
    go_on: impl FnOnce(&[Option<Datum>], &[u8]) -> Result<(), ErrorReport>,
    keeps_others: impl Fn(&[u8]) -> bool,
) -> Datum {
    // SAFETY: as the caller promises.
    let (given, state) = unsafe { (arguments::<COUNT>(fcinfo), Flat::state(fcinfo)) };
    // SAFETY: as the caller promises.
    let (conditions, held) = match given[COUNT - 1].map(|array| unsafe { mask(array) }) {
        Some(Ok(counted)) => counted,
        Some(Err(too_many)) => raise(TimelineError::Conditions(too_many)),
        None => raise(TimelineError::Conditions(0)),
    };
    let between = &given[1..COUNT - 2];
    let mut state = match state {
        Some(mut state) => {
            let begun = Growing::go_on(state.room()).or_raise();
            go_on(between, begun.question()).unwrap_or_else(|report| raise_report(report));
            state
        }
        None => {
            let question = begin(between).unwrap_or_else(|report| raise_report(report));
            let mut begun = Flat::new(Growing::first_room(&question).or_raise());
            Growing::begin(begun.room(), conditions, &question).or_raise();
            begun
        }
    };
    let Some(at) = given[COUNT - 2].map(|ts| ts.value() as i64) else {
        return state.datum();
    };
    loop {
        let room = state.room();
        let mut growing = Growing::go_on(room).or_raise();
        if growing.conditions() != conditions {
            raise(TimelineError::Mismatch("numbers of conditions"));
        }
        let is_wanted = held != 0 || keeps_others(growing.question());
        if !is_wanted || growing.push(Moment { at, held }) {
            return state.datum();
        }
        let next = Growing::next_room(room.len(), 0).or_raise();
        state = state.with_room(next);
    }
}

entry!(
    pg_finfo_timeline_transition,
    timeline_transition,
    "The transition of `timeline`.",
    // SAFETY: declared with a timeline, a timestamptz and a boolean[].
    |fcinfo| unsafe { advance::<3>(fcinfo, |_| Ok(vec![]), |_, _| Ok(()), |_| true) }
);

entry!(
    pg_finfo_timeline_combine,
    timeline_combine,
    "Adds the moments of another timeline: how states combine, and the transition of `rollup`.",
    |fcinfo| {
        // SAFETY: declared with two timelines.
        unsafe {
            let [state, other] = arguments::<2>(fcinfo);
            let Some(other) = other else {
                (*fcinfo).isnull = state.is_none();
                return state.unwrap_or(Datum::from(0));
            };
            let Some(mut state) = Flat::state(fcinfo) else {
                return other;
            };
            let other = Bytes::of(other);
            let more = Timeline::read(other.as_slice()).or_raise();
            loop {
                let room = state.room();
                if Growing::go_on(room).or_raise().merge(&more).or_raise() {
                    return state.datum();
                }
                let next = Growing::next_room(room.len(), other.as_slice().len()).or_raise();
                state = state.with_room(next);
            }
        }
    }
);
