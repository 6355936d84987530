//! `merge_states`: a set of states becomes one.

use super::combine::Combining;
use super::memory::kept;
use super::{argument_type, required};
use crate::pg::entry::{arguments, entry};
use crate::pg::error::{OrRaise, raise};
use crate::pg::trigger::text;
use crate::pg::{Datum, Oid};
use pganalytics_core::state::StateError;
use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, pg_sys};

/// What has been merged so far; it lives with the aggregate's group.
struct Merged {
    aggregate: Oid,
    state: Option<Datum>,
    /// Of an internal state, once there is one.
    types: Option<Vec<u8>>,
    /// Nothing has been seen: that is not the same as NULL.
    empty: bool,
}

entry!(
    pg_finfo_merge_states_transition,
    merge_states_transition,
    "The transition of merge_states.",
    |fcinfo| {
        // SAFETY: arguments of types internal, anyelement and regprocedure, the first of
        // this very function's making; only an aggregate can pass it.
        unsafe {
            let [merged, state, aggregate] = arguments(fcinfo);
            let mut memory = std::ptr::null_mut();
            if pg_sys::AggCheckCallContext(fcinfo, &raw mut memory) == 0 {
                raise(StateError::OutsideAggregate);
            }
            let merged: *mut Merged = match merged {
                Some(merged) => merged.cast_mut_ptr(),
                None => PgMemoryContexts::For(memory).leak_and_drop_on_delete(Merged {
                    aggregate: required(aggregate),
                    state: None,
                    types: None,
                    empty: true,
                }),
            };
            // One set has states of one aggregate.
            if required(aggregate) != (*merged).aggregate {
                raise(StateError::TwoAggregates);
            }
            let combining = prepared(fcinfo, (*merged).aggregate);
            (*merged).add(combining, fcinfo, memory, state).or_raise();
            Datum::from(merged)
        }
    }
);

/// # Safety
/// `fcinfo` is that of one of these functions.
unsafe fn prepared<'a>(fcinfo: pg_sys::FunctionCallInfo, aggregate: Oid) -> &'a Combining {
    // SAFETY: the second argument is the state.
    unsafe {
        let prepared = kept(fcinfo, aggregate, |memory| {
            let given = argument_type(fcinfo, 1);
            Combining::new(aggregate, given, (*fcinfo).fncollation, memory)
        });
        prepared.or_raise()
    }
}

impl Merged {
    /// # Safety
    /// `state` is of the type that `combining` was made for; `memory` is the aggregate's.
    unsafe fn add(
        &mut self,
        combining: &Combining,
        fcinfo: pg_sys::FunctionCallInfo,
        memory: pg_sys::MemoryContext,
        state: Option<Datum>,
    ) -> Result<(), StateError> {
        // SAFETY: the aggregate around us is one for the support functions, too.
        unsafe {
            let (around, collation) = ((*fcinfo).context, (*fcinfo).fncollation);
            if let Some(serial) = &combining.serial {
                let so_far = (self.state, &mut self.types);
                self.state = combining.add(serial, around, collation, so_far, state)?;
                return Ok(());
            }
            if combining.function.is_strict() && state.is_none() {
                return Ok(());
            }
            let next = if self.empty {
                state
            } else {
                combining
                    .function
                    .call(around, collation, &[self.state, state])
            };
            self.empty = false;
            if next.map(Datum::value) != self.state.map(Datum::value) {
                let kept = next.map(|next| combining.passing.copy(next, memory));
                if let Some(old) = std::mem::replace(&mut self.state, kept) {
                    combining.passing.free(old);
                }
            }
            Ok(())
        }
    }
}

entry!(
    pg_finfo_merge_states_final,
    merge_states_final,
    "The result of merge_states.",
    |fcinfo| {
        // SAFETY: as the transition; the other two arguments tell their types only.
        unsafe {
            let [merged, _, _] = arguments(fcinfo);
            if pg_sys::AggCheckCallContext(fcinfo, std::ptr::null_mut()) == 0 {
                raise(StateError::OutsideAggregate);
            }
            let result = merged.and_then(|merged| {
                let merged: &Merged = &*merged.cast_mut_ptr::<Merged>();
                let combining = prepared(fcinfo, merged.aggregate);
                match (&combining.serial, &merged.types) {
                    (Some(serial), Some(types)) => serial
                        .write((*fcinfo).context, types, merged.state)
                        .or_raise()
                        .map(|bytes| text(&bytes)),
                    (Some(_), None) => None,
                    (None, _) => merged
                        .state
                        .map(|state| combining.passing.copy(state, pg_sys::CurrentMemoryContext)),
                }
            });
            (*fcinfo).isnull = result.is_none();
            result.unwrap_or(Datum::from(0))
        }
    }
);
