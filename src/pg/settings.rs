//! Names of settings.

use pgrx::pg_sys;

/// Refuses settings `pganalytics.…` that nobody has defined.
pub fn reserve_prefix() {
    // SAFETY: while the library is loaded; the name is a constant.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"pganalytics".as_ptr()) }
}
