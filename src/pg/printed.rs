//! A value of any type as the text that it prints.

use super::Datum;
use super::trigger::Bytes;
use pgrx::{PgMemoryContexts, pg_sys};
use std::ffi::CStr;

/// How values of a type become text.
enum Printer {
    /// They are text.
    Itself,
    /// By this output function.
    Output(pg_sys::FmgrInfo),
}

/// Calls `read` with the text of the argument `index` of a running call, which is `datum`.
/// Its type is looked up once per query.
///
/// # Safety
/// `fcinfo` is the call of a function of ours that keeps nothing else in `fn_extra`.
pub unsafe fn with_text_of_argument<T>(
    fcinfo: pg_sys::FunctionCallInfo,
    index: usize,
    datum: Datum,
    read: impl FnOnce(&[u8]) -> T,
) -> T {
    // SAFETY: as the caller promises; `fn_mcxt` lives as long as `fn_extra`, and an output
    // function returns a C string in the context of the call.
    unsafe {
        let info = (*fcinfo).flinfo;
        let mut printer = (*info).fn_extra.cast::<Printer>();
        if printer.is_null() {
            let argument = pg_sys::get_fn_expr_argtype(info, index as i32);
            let made = Printer::of(argument, (*info).fn_mcxt);
            printer = PgMemoryContexts::For((*info).fn_mcxt).leak_and_drop_on_delete(made);
            (*info).fn_extra = printer.cast();
        }
        match &mut *printer {
            Printer::Itself => read(Bytes::of(datum).as_slice()),
            Printer::Output(function) => {
                let text = pg_sys::OutputFunctionCall(function, datum);
                read(CStr::from_ptr(text).to_bytes())
            }
        }
    }
}

impl Printer {
    /// # Safety
    /// `context` must live as long as the printer.
    unsafe fn of(argument: pg_sys::Oid, context: pg_sys::MemoryContext) -> Self {
        // SAFETY: these look in the catalogs; an unknown type is a PostgreSQL error.
        unsafe {
            let base = pg_sys::getBaseType(argument);
            if matches!(base, pg_sys::TEXTOID | pg_sys::VARCHAROID) {
                return Self::Itself;
            }
            let (mut output, mut is_varlena) = (pg_sys::Oid::INVALID, false);
            pg_sys::getTypeOutputInfo(base, &mut output, &mut is_varlena);
            let mut function = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info_cxt(output, &mut function, context);
            Self::Output(function)
        }
    }
}
