//! The transition of the aggregates over sequences: their state is a timeline whose
//! question is the pattern.

use super::Datum;
use super::conditions::mask;
use super::entry::{arguments, entry};
use super::error::report;
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
        let ask = |given: &[Option<Datum>], begun: Option<&[u8]>| {
            let pattern = Bytes::of(required(given[0], "pattern").map_err(report)?);
            if let Some(begun) = begun {
                return if begun == pattern.as_slice() {
                    Ok(vec![])
                } else {
                    Err(report(TimelineError::Mismatch("arguments")))
                };
            }
            // No conditions, or too many, are the timeline's error.
            if let Some(Ok((conditions @ 1.., _))) = conditions.map(|array| mask(array)) {
                Pattern::parse(&pattern.to_text(), conditions).map_err(report)?;
            }
            Ok(pattern.as_slice().to_vec())
        };
        advance::<4>(fcinfo, ask, |_| false)
    }
);
