//! The transition of the aggregates over sequences: their state is a timeline whose
//! question is the pattern.

use super::Datum;
use super::conditions::mask;
use super::entry::{arguments, entry};
use super::error::{ErrorReport, report};
use super::timeline::advance;
use super::trigger::Bytes;
use pganalytics_core::error::required;
use pganalytics_core::sequence::Pattern;
use pganalytics_core::timeline::TimelineError;
use pgrx::pg_sys;
use pgrx::prelude::*;

entry!(
    pg_finfo_sequence_transition,
    sequence_transition,
    "The transition of `sequence_match`, `sequence_count` and `sequence_events`.",
    // SAFETY: declared with a timeline, a text, a timestamptz and a boolean[].
    |fcinfo| unsafe {
        let [_, _, _, conditions] = arguments::<4>(fcinfo);
        let pattern = |given: &[Option<Datum>]| {
            let pattern = required(given[0], "pattern").map_err(report)?;
            Ok::<_, ErrorReport>(Bytes::of(pattern))
        };
        let begin = |given: &[Option<Datum>]| {
            let pattern = pattern(given)?;
            // No conditions, or too many, are the timeline's error.
            if let Some(Ok((conditions @ 1.., _))) = conditions.map(|array| mask(array)) {
                Pattern::parse(&pattern.to_text(), conditions).map_err(report)?;
            }
            Ok(pattern.as_slice().to_vec())
        };
        let go_on = |given: &[Option<Datum>], begun: &[u8]| {
            let is_same = pattern(given)?.as_slice() == begun;
            is_same
                .then_some(())
                .ok_or_else(|| report(TimelineError::Mismatch("arguments")))
        };
        advance::<4>(fcinfo, begin, go_on, |_| false)
    }
);
