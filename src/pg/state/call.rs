//! Calling the support functions of an aggregate as the executor calls them.

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
        // SAFETY: as the caller promises.
        unsafe {
            let _memory = Within::new(memory);
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                datumCopy(value, self.by_value, self.length.into())
            })
        }
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

/// A support function, ready to be called again and again.
pub struct Function(pg_sys::FunctionCallInfo);

impl Function {
    /// # Safety
    /// `memory` outlives the function; `expression` is null or a call of it.
    pub unsafe fn new(
        function: Oid,
        arguments: usize,
        expression: *mut pg_sys::Expr,
        memory: pg_sys::MemoryContext,
    ) -> Self {
        let size = std::mem::size_of::<pg_sys::FunctionCallInfoBaseData>()
            + arguments * std::mem::size_of::<pg_sys::NullableDatum>();
        // SAFETY: zeroed memory, in which every field is valid, with room for the arguments.
        unsafe {
            let info: *mut pg_sys::FmgrInfo =
                pg_sys::MemoryContextAllocZero(memory, std::mem::size_of::<pg_sys::FmgrInfo>())
                    .cast();
            pg_sys::fmgr_info_cxt(function, info, memory);
            (*info).fn_expr = expression.cast();
            let call: pg_sys::FunctionCallInfo =
                pg_sys::MemoryContextAllocZero(memory, size).cast();
            (*call).flinfo = info;
            (*call).nargs = arguments as i16;
            Self(call)
        }
    }

    /// Whether it is not to be called with NULL.
    pub fn is_strict(&self) -> bool {
        // SAFETY: made in `new`.
        unsafe { (*(*self.0).flinfo).fn_strict }
    }

    /// Calls it; arguments beyond those given are NULL.
    ///
    /// # Safety
    /// The arguments are of its types; `around` is an aggregate's executor state.
    pub unsafe fn call(
        &self,
        around: pg_sys::fmNodePtr,
        collation: Oid,
        arguments: &[Option<Datum>],
    ) -> Option<Datum> {
        // SAFETY: made in `new` with room for the arguments; the server's own calls look
        // the same.
        unsafe {
            let call = self.0;
            let count = (*call).nargs as usize;
            let given = arguments.iter().copied().chain(std::iter::repeat(None));
            let mut nulls = false;
            for (slot, value) in (*call).args.as_mut_slice(count).iter_mut().zip(given) {
                slot.isnull = value.is_none();
                slot.value = value.unwrap_or(Datum::from(0));
                nulls |= slot.isnull;
            }
            if nulls && self.is_strict() {
                return None;
            }
            (*call).context = around;
            (*call).fncollation = collation;
            (*call).isnull = false;
            let function = (*(*call).flinfo).fn_addr?;
            let value = pg_sys::ffi::pg_guard_ffi_boundary(|| function(call));
            (!(*call).isnull).then_some(value)
        }
    }
}

/// What a support function takes for the aggregate that calls it, where there is none.
///
/// Functions ask it for memory (AggCheckCallContext) and for callbacks; those that ask
/// for the call itself (AggGetAggref) are of ordered-set aggregates.
pub struct Around(*mut pg_sys::AggState);

impl Around {
    /// # Safety
    /// `memory` outlives it.
    pub unsafe fn new(memory: pg_sys::MemoryContext) -> Self {
        // SAFETY: a zeroed node with a tag is what makeNode makes.
        unsafe {
            let _memory = Within::new(memory);
            let size = std::mem::size_of::<pg_sys::AggState>();
            let node: *mut pg_sys::AggState = pg_sys::palloc0(size).cast();
            (*node.cast::<pg_sys::Node>()).type_ = pg_sys::NodeTag::T_AggState;
            (*node).curaggcontext = pg_sys::CreateStandaloneExprContext();
            (*node).tmpcontext = pg_sys::CreateStandaloneExprContext();
            // For those that help themselves.
            (*node).aggcontexts = &raw mut (*node).curaggcontext;
            (*node).hashcontext = (*node).curaggcontext;
            (*node).ss.ps.ps_ExprContext = (*node).tmpcontext;
            Self(node)
        }
    }

    pub fn node(&self) -> pg_sys::fmNodePtr {
        self.0.cast()
    }

    /// Where states live until [`Around::reset`].
    pub fn states(&self) -> pg_sys::MemoryContext {
        // SAFETY: made in `new`.
        unsafe { (*(*self.0).curaggcontext).ecxt_per_tuple_memory }
    }

    /// Where everything else lives until then.
    pub fn scratch(&self) -> pg_sys::MemoryContext {
        // SAFETY: made in `new`.
        unsafe { (*(*self.0).tmpcontext).ecxt_per_tuple_memory }
    }

    /// Frees what has been made, after the callbacks that functions have asked for.
    pub fn reset(&self) {
        // SAFETY: made in `new`; nothing of it is in use.
        unsafe {
            pg_sys::ReScanExprContext((*self.0).curaggcontext);
            pg_sys::ReScanExprContext((*self.0).tmpcontext);
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
