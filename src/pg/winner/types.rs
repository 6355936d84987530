//! The types of a call of `first` or `last`: how their values are kept and compared.

use crate::pg::tree::less_than;
use crate::pg::{Datum, Oid};
use pgrx::pg_sys;
use std::cmp::Ordering;
use std::mem::size_of;

unsafe extern "C-unwind" {
    fn datumCopy(value: Datum, by_value: bool, length: i32) -> Datum;
}

/// How values of a type are kept.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    length: i16,
    by_value: bool,
}

impl Kept {
    /// A `bigint`.
    pub(super) const NUMBER: Self = Self {
        length: 8,
        by_value: true,
    };

    /// # Safety
    /// Inside a transaction; an unknown type is a PostgreSQL error.
    unsafe fn of(of_type: Oid) -> Self {
        let (mut length, mut by_value) = (0, false);
        // SAFETY: as the caller promises.
        unsafe { pg_sys::get_typlenbyval(of_type, &mut length, &mut by_value) };
        Self { length, by_value }
    }

    /// A copy in a memory context.
    ///
    /// # Safety
    /// `value` is of the type, `context` alive.
    pub(super) unsafe fn copy(self, value: Datum, context: pg_sys::MemoryContext) -> Datum {
        if self.by_value {
            return value;
        }
        // SAFETY: as the caller promises; nothing that needs dropping is skipped if
        // the server raises an error.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(context);
            let copy = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                datumCopy(value, false, i32::from(self.length))
            });
            pg_sys::MemoryContextSwitchTo(before);
            copy
        }
    }

    /// Fetches what is kept elsewhere or compressed.
    ///
    /// # Safety
    /// `value` is of the type.
    pub(super) unsafe fn fetch(self, value: Datum) -> Datum {
        if self.length != -1 {
            return value;
        }
        // SAFETY: a value of variable length.
        Datum::from(unsafe { pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr()) })
    }

    /// # Safety
    /// `value` is a copy, and used no more.
    pub(super) unsafe fn free(self, value: Datum) {
        if !self.by_value {
            // SAFETY: as the caller promises.
            unsafe { pg_sys::pfree(value.cast_mut_ptr()) };
        }
    }
}

/// What a call looks up once per query.
pub(super) struct Types {
    pub(super) value: Kept,
    pub(super) by: Kept,
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
                (*types).value = Kept::of(pg_sys::get_fn_expr_argtype(info, 1));
                (*types).by = Kept::of(by);
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
