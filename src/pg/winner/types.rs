//! The types of a call of `first` or `last`: how their values are kept and compared.

use crate::pg::Datum;
use crate::pg::state::memory::Passing;
use crate::pg::tree::less_than;
use pgrx::pg_sys;
use std::cmp::Ordering;
use std::mem::size_of;

/// What a call looks up once per query.
pub(super) struct Types {
    pub(super) value: Passing,
    pub(super) by: Passing,
    /// `by` is kept as a number of 64 bits and ordered as such.
    number: bool,
    order: pg_sys::SortSupportData,
}

impl Types {
    /// # Safety
    /// `fcinfo` is the running call of a transition function.
    pub(super) unsafe fn of(fcinfo: pg_sys::FunctionCallInfo) -> *mut Self {
        // SAFETY: `fn_extra` is this function's own and lives as long as `fn_mcxt`.
        unsafe {
            let info = (*fcinfo).flinfo;
            if (*info).fn_extra.is_null() {
                let by = pg_sys::get_fn_expr_argtype(info, 2);
                let types = pg_sys::MemoryContextAllocZero((*info).fn_mcxt, size_of::<Self>())
                    .cast::<Self>();
                (*types).value = Passing::of(pg_sys::get_fn_expr_argtype(info, 1));
                (*types).by = Passing::of(by);
                (*types).number = [
                    pg_sys::INT8OID,
                    pg_sys::TIMESTAMPOID,
                    pg_sys::TIMESTAMPTZOID,
                ]
                .contains(&by);
                (*types).order.ssup_cxt = (*info).fn_mcxt;
                (*types).order.ssup_collation = (*fcinfo).fncollation;
                pg_sys::PrepareSortSupportFromOrderingOp(less_than(by), &mut (*types).order);
                (*info).fn_extra = types.cast();
            }
            (*info).fn_extra.cast()
        }
    }

    /// # Safety
    /// `self` is from `of`, `left` and `right` are values of the type of `by`.
    pub(super) unsafe fn compare(&mut self, left: Datum, right: Datum) -> Ordering {
        if self.number {
            return (left.value() as i64).cmp(&(right.value() as i64));
        }
        let Some(comparator) = self.order.comparator else {
            return Ordering::Equal;
        };
        // SAFETY: the comparator that the server prepared for the type.
        unsafe {
            pg_sys::ffi::pg_guard_ffi_boundary(|| comparator(left, right, &mut self.order)).cmp(&0)
        }
    }
}
