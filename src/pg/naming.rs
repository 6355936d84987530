//! Names as PostgreSQL makes them up, and as it writes them.

use super::encoding::{c_string, string};
use pgrx::pg_sys;

/// A name for the sequence of a column that no relation of the schema has, as
/// PostgreSQL makes one for `serial`.
pub fn free_sequence_name(schema: &str, table: &str, column: &str) -> String {
    let [schema, table, column] = [schema, table, column].map(c_string);
    // SAFETY: the strings end in NUL; a schema that is not there raises an error.
    unsafe {
        let name = pg_sys::ChooseRelationName(
            table.as_ptr(),
            column.as_ptr(),
            c"seq".as_ptr(),
            pg_sys::get_namespace_oid(schema.as_ptr(), false),
            false,
        );
        string(name)
    }
}

/// A type as SQL, with its modifier. Those of pg_catalog are qualified, too: the query that
/// names it may run where a temporary type of that name is found first.
pub fn sql_type(of: pg_sys::Oid, modifier: i32) -> String {
    let flags = pg_sys::FORMAT_TYPE_FORCE_QUALIFY | pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN;
    // SAFETY: the result is a palloc'd string; a type that is gone raises an error.
    unsafe {
        let text = pg_sys::format_type_extended(of, modifier, flags as u16);
        string(text)
    }
}
