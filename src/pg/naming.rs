//! Names that PostgreSQL makes up.

use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// A name for the sequence of a column that no relation of the schema has, as
/// PostgreSQL makes one for `serial`.
pub fn free_sequence_name(schema: &str, table: &str, column: &str) -> String {
    let [schema, table, column] =
        [schema, table, column].map(|name| CString::new(name).unwrap_or_default());
    // SAFETY: the strings end in NUL; a schema that is not there raises an error.
    unsafe {
        let name = pg_sys::ChooseRelationName(
            table.as_ptr(),
            column.as_ptr(),
            c"seq".as_ptr(),
            pg_sys::get_namespace_oid(schema.as_ptr(), false),
            false,
        );
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}
