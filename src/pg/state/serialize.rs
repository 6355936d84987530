//! `serialize_state`: the final function of derived aggregates with internal states.

use super::combine::Serial;
use super::format::format;
use super::memory::kept;
use super::types::type_name;
use crate::pg::Datum;
use crate::pg::entry::{arguments, entry};
use crate::pg::error::{OrRaise, raise};
use crate::pg::trigger::text;
use pganalytics_core::state::{StateError, types_of};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// What a final function keeps.
struct Serializing {
    serial: Serial,
    types: Vec<u8>,
}

entry!(
    pg_finfo_serialize_state,
    serialize_state,
    "Writes the state of the running aggregate down.",
    |fcinfo| {
        // SAFETY: an argument of type internal, which is the state of the aggregate that
        // calls: nothing else can pass one that is not NULL.
        unsafe {
            let [state] = arguments(fcinfo);
            // There is none in a window, where the state would go on to be used.
            let call = pg_sys::AggGetAggref(fcinfo);
            if call.is_null() {
                raise(StateError::OutsideAggregate);
            }
            let serializing = kept(fcinfo, (*call).aggfnoid, |memory| prepare(call, memory));
            let Serializing { serial, types } = serializing.or_raise();
            let written = serial.write((*fcinfo).context, types, state).or_raise();
            (*fcinfo).isnull = written.is_none();
            written.map_or(Datum::from(0), |bytes| text(&bytes))
        }
    }
);

/// # Safety
/// A live aggregate call; `memory` outlives what is made.
unsafe fn prepare(
    call: *mut pg_sys::Aggref,
    memory: pg_sys::MemoryContext,
) -> Result<Serializing, StateError> {
    // SAFETY: as the caller promises; a list of type oids.
    unsafe {
        let format = format((*call).aggfnoid)?;
        let list = (*call).aggargtypes;
        let names: Vec<_> = (0..pg_sys::list_length(list))
            .filter(|_| format.polymorphic)
            .map(|place| type_name(pg_sys::list_nth_oid(list, place)))
            .collect();
        Ok(Serializing {
            serial: Serial::new(&format, memory)?,
            types: types_of(&names),
        })
    }
}
