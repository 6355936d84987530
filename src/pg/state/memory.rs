//! Where states live, and what a call keeps for its next time.

use crate::pg::{Datum, Oid};
use pgrx::{PgMemoryContexts, pg_sys};
use std::ffi::c_int;

unsafe extern "C-unwind" {
    fn datumCopy(value: Datum, by_value: bool, length: c_int) -> Datum;
}

/// Makes a memory context the current one until dropped.
pub struct Within(pg_sys::MemoryContext);

impl Within {
    /// # Safety
    /// `memory` outlives the guard.
    pub unsafe fn new(memory: pg_sys::MemoryContext) -> Self {
        // SAFETY: as the caller promises; put back in `drop`, or by the abort.
        Self(unsafe { pg_sys::MemoryContextSwitchTo(memory) })
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: what was current before is still there.
            unsafe {
                pg_sys::MemoryContextSwitchTo(self.0);
            }
        }
    }
}

/// How values of a type are passed.
#[derive(Clone, Copy)]
pub struct Passing {
    length: i16,
    by_value: bool,
}

impl Passing {
    /// A `bigint`.
    pub const NUMBER: Self = Self {
        length: 8,
        by_value: true,
    };

    pub fn of(of: Oid) -> Self {
        let mut passing = Self {
            length: 0,
            by_value: false,
        };
        // SAFETY: reads the catalog; an unknown type is an error.
        unsafe { pg_sys::get_typlenbyval(of, &mut passing.length, &mut passing.by_value) }
        passing
    }

    /// A copy in a memory context. Functions may change their first argument in place
    /// if they believe that an aggregate calls them.
    ///
    /// # Safety
    /// `value` is of this type.
    pub unsafe fn copy(self, value: Datum, memory: pg_sys::MemoryContext) -> Datum {
        if self.by_value {
            return value;
        }
        // SAFETY: as the caller promises.
        unsafe {
            let _memory = Within::new(memory);
            pg_sys::ffi::pg_guard_ffi_boundary(|| datumCopy(value, false, self.length.into()))
        }
    }

    /// Fetches what is kept elsewhere or compressed.
    ///
    /// # Safety
    /// `value` is of the type.
    pub unsafe fn fetch(self, value: Datum) -> Datum {
        if self.length != -1 {
            return value;
        }
        // SAFETY: a value of variable length.
        Datum::from(unsafe { pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr()) })
    }

    /// Frees a copy that nobody else refers to.
    ///
    /// # Safety
    /// `value` was made by [`Passing::copy`].
    pub unsafe fn free(self, value: Datum) {
        if !self.by_value {
            // SAFETY: as the caller promises.
            unsafe { pg_sys::pfree(value.cast_mut_ptr()) }
        }
    }
}

/// What is kept with a call of ours for its next time, for one aggregate.
struct Kept<T> {
    aggregate: Oid,
    memory: pg_sys::MemoryContext,
    value: T,
}

/// What the running function has kept for this aggregate, or else makes now, in a
/// memory context that goes with it.
///
/// # Safety
/// `fcinfo` is that of the running function, which keeps nothing else.
pub unsafe fn kept<'a, T, E>(
    fcinfo: pg_sys::FunctionCallInfo,
    aggregate: Oid,
    make: impl FnOnce(pg_sys::MemoryContext) -> Result<T, E>,
) -> Result<&'a mut T, E> {
    // SAFETY: only this function writes `fn_extra` of calls that use it, for one T each.
    unsafe {
        let info = (*fcinfo).flinfo;
        let old = (*info).fn_extra.cast::<Kept<T>>();
        if !old.is_null() {
            if (*old).aggregate == aggregate {
                return Ok(&mut (*old).value);
            }
            (*info).fn_extra = std::ptr::null_mut();
            pg_sys::MemoryContextDelete((*old).memory);
        }
        let memory = pg_sys::AllocSetContextCreateInternal(
            (*info).fn_mcxt,
            c"aggregate states".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
        );
        let _memory = Within::new(memory);
        let value = make(memory)?;
        let new = PgMemoryContexts::For(memory).leak_and_drop_on_delete(Kept {
            aggregate,
            memory,
            value,
        });
        (*info).fn_extra = new.cast();
        Ok(&mut (*new).value)
    }
}
