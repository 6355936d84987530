//! The transition of the aggregates over sequences: their state is a timeline whose
//! question is the pattern.

use super::Datum;
use super::conditions::mask;
use super::entry::{arguments, entry};
use super::error::report;
use super::timeline::advance;
use super::trigger::Bytes;
use pganalytics_core::error::Error;
use pganalytics_core::sequence::Pattern;
use pgrx::pg_sys;
use pgrx::prelude::*;

entry!(
    pg_finfo_sequence_transition,
    sequence_transition,
    "The transition of `sequence_match`, `sequence_count` and `sequence_events`.",
    // SAFETY: declared with a timeline, a text, a timestamptz and a boolean[].
    |fcinfo| unsafe {
        let ask = |given: &[Option<Datum>]| {
            let argument = "pattern";
            let pattern = given[0].ok_or_else(|| report(Error::NullArgument { argument }))?;
            let pattern = Bytes::of(pattern).to_text();
            let conditions = arguments::<4>(fcinfo)[3].map(|array| mask(array));
            // No conditions, or too many, are the timeline's error.
            if let Some(Ok((conditions @ 1.., _))) = conditions {
                Pattern::parse(&pattern, conditions).map_err(report)?;
            }
            Ok(pattern.into_bytes())
        };
        advance::<4>(fcinfo, ask, |_| false)
    }
);
