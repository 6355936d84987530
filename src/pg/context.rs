//! What is being done, for the CONTEXT of errors.

use pgrx::pg_sys;
use std::ffi::{CString, c_char, c_int, c_void};

unsafe extern "C-unwind" {
    fn errcontext_msg(format: *const c_char, ...) -> c_int;
}

/// Says so until dropped.
pub struct Doing {
    entry: Box<pg_sys::ErrorContextCallback>,
    /// What the entry points to.
    _text: CString,
}

impl Doing {
    /// Begins.
    pub fn begin(text: &str) -> Self {
        let text = CString::new(text).unwrap_or_default();
        let mut entry = Box::new(pg_sys::ErrorContextCallback {
            callback: Some(tell),
            arg: text.as_ptr().cast_mut().cast(),
            ..Default::default()
        });
        // SAFETY: entry and text stay where they are until `drop` takes the entry off.
        unsafe {
            entry.previous = pg_sys::error_context_stack;
            pg_sys::error_context_stack = &mut *entry;
        }
        Self { entry, _text: text }
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        // SAFETY: what has been put on top of it since is gone; so is everything that
        // an error has passed while this unwinds.
        unsafe { pg_sys::error_context_stack = self.entry.previous }
    }
}

unsafe extern "C-unwind" fn tell(text: *mut c_void) {
    // SAFETY: the text that `begin` has given, which ends in NUL.
    unsafe { errcontext_msg(c"%s".as_ptr(), text.cast::<c_char>()) };
}
