//! Calling the support functions of an aggregate as the executor calls them.

use super::memory::Within;
use crate::pg::{Datum, Oid};
use pgrx::pg_sys;

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
