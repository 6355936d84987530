//! The types that polymorphic aggregates have in a call.

use super::format::Format;
use crate::pg::Oid;
use crate::pg::encoding::string;
use crate::pg::spi::{self, Arg};
use pganalytics_core::state::{StateError, type_names};
use pgrx::pg_sys;

/// The name of a type, qualified.
pub fn type_name(of: Oid) -> String {
    // SAFETY: the result is a palloc'd string, also for a type that is gone.
    unsafe { string(pg_sys::format_type_be_qualified(of)) }
}

fn is_pseudo(of: Oid) -> bool {
    // SAFETY: reads the catalog.
    unsafe { pg_sys::get_typtype(of) == b'p' as std::ffi::c_char }
}

/// What the declared type `wanted` is, given some actual types and what they are
/// declared as. Types that do not fit each other are an error that PostgreSQL raises.
pub fn resolve(actual: &[Oid], declared: &[Oid], wanted: Oid) -> Oid {
    if !is_pseudo(wanted) {
        return wanted;
    }
    let mut declared = declared[..actual.len().min(declared.len())].to_vec();
    // SAFETY: as many types as it is told; the declared ones are a copy, to be changed.
    unsafe {
        pg_sys::enforce_generic_type_consistency(
            actual.as_ptr(),
            declared.as_mut_ptr(),
            declared.len() as i32,
            wanted,
            false,
        )
    }
}

/// An error unless the argument `argument` has the type that the aggregate has.
pub fn require(argument: &'static str, given: Oid, expected: Oid) -> Result<(), StateError> {
    if given == expected {
        return Ok(());
    }
    Err(StateError::Type {
        argument,
        given: type_name(given),
        expected: type_name(expected),
    })
}

/// The type of a state of this aggregate as SQL has it, if `given` can be one.
pub fn state_type(format: &Format, given: Oid) -> Result<Oid, StateError> {
    let expected = if format.is_internal() {
        pg_sys::BYTEAOID
    } else {
        resolve(&[given], &[format.state], format.state)
    };
    require("state", given, expected)?;
    Ok(if format.is_internal() {
        format.state
    } else {
        expected
    })
}

/// The types of the arguments that an internal state was made of.
pub fn types_of_state(format: &Format, types: &[u8]) -> Result<Vec<Oid>, StateError> {
    if !format.polymorphic {
        return Ok(format.arguments.clone());
    }
    type_names(types)
        .iter()
        .map(|name| {
            let row = spi::latest_kept(
                "SELECT pg_catalog.to_regtype($1)::pg_catalog.oid",
                vec![Arg::Text(name)],
            );
            row.filter(|row| row.text(0).is_some())
                .map(|row| row.oid(0))
                .ok_or_else(|| unknown(format))
        })
        .collect()
}

/// The types of the arguments where only the types of state and result are known.
pub fn types_of_result(format: &Format, state: Oid, result: Oid) -> Result<Vec<Oid>, StateError> {
    let known: Vec<(Oid, Oid)> = [(state, format.state), (result, format.result)]
        .into_iter()
        .filter(|(_, declared)| is_pseudo(*declared) && *declared != pg_sys::INTERNALOID)
        .collect();
    let (actual, declared): (Vec<_>, Vec<_>) = known.into_iter().unzip();
    format
        .arguments
        .iter()
        .map(|argument| {
            if is_pseudo(*argument) && (actual.is_empty() || *argument == pg_sys::ANYOID) {
                return Err(unknown(format));
            }
            Ok(resolve(&actual, &declared, *argument))
        })
        .collect()
}

fn unknown(format: &Format) -> StateError {
    StateError::UnknownTypes {
        aggregate: format.aggregate.clone(),
    }
}
