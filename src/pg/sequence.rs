//! The transition of the aggregates over sequences: their state is a timeline whose
//! question is the pattern.

use super::Datum;
use super::conditions::mask;
use super::entry::{arguments, entry};
use super::error::{OrRaise, raise, report};
use super::timeline::advance;
use super::trigger::Bytes;
use pganalytics_core::error::required;
use pganalytics_core::sequence::Pattern;
use pganalytics_core::timeline::{Timeline, TimelineError};
use pgrx::pg_sys;
use pgrx::prelude::*;

entry!(
    pg_finfo_sequence_transition,
    sequence_transition,
    "The transition of `sequence_match`, `sequence_count` and `sequence_events`.",
    // SAFETY: declared with a timeline, a text, a timestamptz and a boolean[].
    |fcinfo| unsafe {
        let [state, pattern, _, conditions] = arguments::<4>(fcinfo);
        let pattern = Bytes::of(required(pattern, "pattern").or_raise());
        if let Some(state) = state.map(Bytes::of) {
            let timeline = Timeline::read(state.as_slice()).or_raise();
            if timeline.question() != pattern.as_slice() {
                raise(TimelineError::Mismatch("arguments"));
            }
        }
        let ask = |_: &[Option<Datum>]| {
            let pattern = pattern.to_text();
            // No conditions, or too many, are the timeline's error.
            if let Some(Ok((conditions @ 1.., _))) = conditions.map(|array| mask(array)) {
                Pattern::parse(&pattern, conditions).map_err(report)?;
            }
            Ok(pattern.into_bytes())
        };
        advance::<4>(fcinfo, ask, |_| false)
    }
);
