//! `merge_state`: two states become one.

use super::call::Around;
use super::combine::{Combining, Serial};
use super::memory::{Within, kept};
use super::{argument_type, required};
use crate::pg::entry::{arguments, entry};
use crate::pg::error::OrRaise;
use crate::pg::trigger::text;
use crate::pg::{Datum, Oid};
use pganalytics_core::state::StateError;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// What one call of `merge_state` keeps.
struct Merging {
    combining: Combining,
    around: Around,
}

entry!(
    pg_finfo_merge_state,
    merge_state,
    "Merges two states of an aggregate.",
    |fcinfo| {
        // SAFETY: arguments of types anyelement, anyelement and regprocedure.
        unsafe {
            let [a, b, aggregate] = arguments(fcinfo);
            let aggregate = required(aggregate);
            let collation = (*fcinfo).fncollation;
            let merging = kept(fcinfo, aggregate, |memory| {
                let given = argument_type(fcinfo, 0);
                Ok::<_, StateError>(Merging {
                    combining: Combining::new(aggregate, given, collation, memory)?,
                    around: Around::new(memory),
                })
            })
            .or_raise();
            let merged = merging.merge(a, b, collation).or_raise();
            merging.around.reset();
            (*fcinfo).isnull = merged.is_none();
            merged.unwrap_or(Datum::from(0))
        }
    }
);

impl Merging {
    /// The merged state, in the current memory context.
    ///
    /// # Safety
    /// The states are of the type that it was made for.
    unsafe fn merge(
        &self,
        a: Option<Datum>,
        b: Option<Datum>,
        collation: Oid,
    ) -> Result<Option<Datum>, StateError> {
        // SAFETY: as the caller promises.
        unsafe {
            match &self.combining.serial {
                Some(serial) => self.merge_internal(serial, a, b, collation),
                None => Ok(self.merge_plain(a, b, collation)),
            }
        }
    }

    /// # Safety
    /// The states are of the type that it was made for.
    unsafe fn merge_plain(
        &self,
        a: Option<Datum>,
        b: Option<Datum>,
        collation: Oid,
    ) -> Option<Datum> {
        let Combining {
            function, passing, ..
        } = &self.combining;
        if function.is_strict() && (a.is_none() || b.is_none()) {
            return a.or(b);
        }
        // SAFETY: of the aggregate's own type; the first is a copy that may be changed.
        unsafe {
            let caller = pg_sys::CurrentMemoryContext;
            let a = a.map(|a| passing.copy(a, self.around.states()));
            let merged = {
                let _scratch = Within::new(self.around.scratch());
                function.call(self.around.node(), collation, &[a, b])
            };
            merged.map(|merged| passing.copy(merged, caller))
        }
    }

    /// # Safety
    /// The states are of type bytea.
    unsafe fn merge_internal(
        &self,
        serial: &Serial,
        a: Option<Datum>,
        b: Option<Datum>,
        collation: Oid,
    ) -> Result<Option<Datum>, StateError> {
        // SAFETY: what is read lives until the contexts are reset.
        let sealed = unsafe {
            let _scratch = Within::new(self.around.scratch());
            let around = self.around.node();
            let (mut merged, mut types) = (None, None);
            for state in [a, b] {
                let so_far = (merged, &mut types);
                merged = self
                    .combining
                    .add(serial, around, collation, so_far, state)?;
            }
            if types.is_none() {
                return Ok(None);
            }
            serial.write(around, &types.unwrap_or_default(), merged)?
        };
        Ok(sealed.map(|bytes| text(&bytes)))
    }
}
