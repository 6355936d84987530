//! A set-returning function whose rows come from a query.

use super::spi;
use super::transaction::{Failure, attempt};
use pgrx::pg_sys;
use std::ffi::c_char;

unsafe extern "C-unwind" {
    fn SetTuplestoreDestReceiverParams(
        receiver: *mut pg_sys::DestReceiver,
        store: *mut pg_sys::Tuplestorestate,
        context: pg_sys::MemoryContext,
        detoast: bool,
        target: pg_sys::TupleDesc,
        map_failure: *const c_char,
    );
}

/// Sends the rows of a query, read under the active snapshot, to the caller, and
/// returns their number. If it fails no rows are sent, not those of queries before either.
pub type Fill<'a> = &'a mut dyn FnMut(&str) -> Result<u64, Failure>;

/// Announces a materialised result of the function's declared row type, and
/// fills it with the rows that `produce` returns.
///
/// # Safety
/// `fcinfo` is that of the running function; the values fit its row type and, as
/// far as they point to anything, live as long as the call.
pub unsafe fn return_values<const COLUMNS: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    produce: impl FnOnce() -> Vec<[Option<pg_sys::Datum>; COLUMNS]>,
) {
    // SAFETY: InitMaterializedSRF checks the call and leaves the store in rsinfo,
    // which copies what it is given.
    unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        for row in produce() {
            let mut values = row.map(|value| value.unwrap_or(pg_sys::Datum::from(0)));
            let mut nulls = row.map(|value| value.is_none());
            pg_sys::tuplestore_putvalues(
                (*result).setResult,
                (*result).setDesc,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
        }
    }
}

/// Announces a materialised result of the function's declared row type, and has
/// `produce` fill it.
///
/// # Safety
/// `fcinfo` is that of the running function.
pub unsafe fn return_rows(fcinfo: pg_sys::FunctionCallInfo, produce: impl FnOnce(Fill)) {
    // SAFETY: InitMaterializedSRF checks the call and leaves the store in rsinfo;
    // the receiver is used only while both live.
    unsafe {
        pg_sys::InitMaterializedSRF(fcinfo, 0);
        let result = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        produce(&mut |sql| {
            let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestTuplestore);
            SetTuplestoreDestReceiverParams(
                receiver,
                (*result).setResult,
                (*(*result).econtext).ecxt_per_query_memory,
                false,
                (*result).setDesc,
                c"the rows of a query of pg_analytics do not fit the function's result".as_ptr(),
            );
            // The store was made outside of the subtransaction and outlives it.
            attempt(|| spi::run_into(sql, receiver)).inspect_err(|_| {
                pg_sys::tuplestore_clear((*result).setResult);
            })
        });
    }
}
