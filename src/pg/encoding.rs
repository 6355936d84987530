//! The encoding of the database.

use pgrx::pg_sys;

/// Whether it has all characters that Rust has.
pub fn is_utf8() -> bool {
    // SAFETY: reads what the database was created with.
    let encoding = unsafe { pg_sys::GetDatabaseEncoding() };
    encoding == pg_sys::pg_enc::PG_UTF8 as i32
}
