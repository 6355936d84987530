//! `jsonb` values as PostgreSQL has them: parsed by Rust, numbers would lose digits.

use pgrx::pg_sys::{self, Datum};

/// `object`, `array`, `string`, `number`, `boolean` or `null`.
pub fn type_of(jsonb: Datum) -> String {
    // SAFETY: the function takes one jsonb, which may be toasted.
    let name =
        unsafe { pgrx::direct_function_call::<String>(pg_sys::jsonb_typeof, &[Some(jsonb)]) };
    name.unwrap_or_default()
}

/// The value where reading it again and again costs nothing.
pub fn detoasted(jsonb: Datum) -> Datum {
    // SAFETY: a jsonb is of variable length.
    Datum::from(unsafe { pg_sys::pg_detoast_datum(jsonb.cast_mut_ptr()) })
}
