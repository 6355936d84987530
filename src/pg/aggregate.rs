//! A call of one of an aggregate's support functions.
//!
//! States that are no values of SQL are Rust values kept in the memory context of the
//! aggregate and dropped with it.
//! Only functions with an `internal` argument take an [`AggregateCall`], so that no SQL
//! expression can hand them a foreign pointer.

use pganalytics_core::error::UserError;
use pgrx::callconv::{Arg, ArgAbi};
use pgrx::datum::Internal;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{PgMemoryContexts, pg_sys};
use thiserror::Error;

use super::error::report;

/// Someone called a support function without an aggregate around it.
#[derive(Debug, Error)]
#[error("aggregate support function called outside of an aggregate")]
pub(super) struct OutsideAggregate;

impl UserError for OutsideAggregate {
    fn sqlstate(&self) -> &'static str {
        "55000"
    }
}

/// The call in progress. As a parameter it takes no argument of the SQL function.
pub struct AggregateCall(pg_sys::FunctionCallInfo);

impl AggregateCall {
    /// Keeps a state for as long as the aggregate needs it.
    pub fn keep<T>(&self, state: T) -> Result<Internal, ErrorReport> {
        let mut context = std::ptr::null_mut();
        // SAFETY: `self.0` is the call PostgreSQL is making, see `ArgAbi` below.
        if unsafe { pg_sys::AggCheckCallContext(self.0, &mut context) } == 0 {
            return Err(report(OutsideAggregate));
        }
        let pointer = PgMemoryContexts::For(context).leak_and_drop_on_delete(state);
        Ok(Internal::from(Some(pg_sys::Datum::from(pointer))))
    }
}

/// The state behind an `internal` argument.
pub fn state<T>(internal: &mut Internal) -> Option<&mut T> {
    // SAFETY: the `internal` arguments of our support functions come from our support
    // functions, by the CREATE AGGREGATE statements in sql/, all with one type of state.
    unsafe { internal.get_mut::<T>() }
}

// SAFETY: takes the call itself, which outlives the function that gets it.
unsafe impl<'fcx> ArgAbi<'fcx> for AggregateCall {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: a virtual argument that gives the call; no datum is read.
        Self(unsafe { <pg_sys::FunctionCallInfo as ArgAbi>::unbox_arg_unchecked(arg) })
    }

    fn is_virtual_arg() -> bool {
        true
    }
}

// SAFETY: stands for no argument of the SQL function.
unsafe impl SqlTranslatable for AggregateCall {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(AggregateCall);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::Skip);
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::Skip));
}
