//! States of aggregates outside of aggregates: written down, merged, finished.
//!
//! ```text
//! derived aggregate ──serialize_state──▶ state ◀──merge_state, merge_states──▶ state
//!                                          └──finish_state──▶ result
//! ```

mod call;
mod combine;
mod finish;
mod format;
mod many;
pub(super) mod memory;
mod merge;
mod serialize;
mod types;

use super::entry::oid;
use super::error::OrRaise;
use super::{Datum, Oid};
use pganalytics_core::error;
use pgrx::pg_sys;

/// The aggregate that a caller names.
fn required(aggregate: Option<Datum>) -> Oid {
    oid(error::required(aggregate, "aggregate").or_raise())
}

/// The type that an argument has in the running call.
///
/// # Safety
/// `fcinfo` is that of the running function.
unsafe fn argument_type(fcinfo: pg_sys::FunctionCallInfo, place: i32) -> Oid {
    // SAFETY: as the caller promises; unknown where the call has no expression.
    unsafe { pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, place) }
}
