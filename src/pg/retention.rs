//! The transition of `retention`: a bit for each condition.

use super::Datum;
use super::conditions::mask;
use super::entry::entry;
use super::error::{OrRaise, raise};
use pganalytics_core::retention::{Met, RetentionError};
use pgrx::prelude::*;

entry!(
    pg_finfo_retention_transition,
    retention_transition,
    "The transition of `retention`.",
    |fcinfo| {
        // SAFETY: STRICT, with arguments of types bigint and boolean[].
        let (state, given) = unsafe {
            let args = (*fcinfo).args.as_slice(2);
            (args[0].value.value() as i64, mask(args[1].value))
        };
        let (conditions, held) =
            given.unwrap_or_else(|too_many| raise(RetentionError::Conditions(too_many)));
        Datum::from(Met(state).add(conditions, held).or_raise().0)
    }
);
