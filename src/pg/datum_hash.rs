//! The hash of a datum of any type. Common types are read as they are stored; all others
//! go through their output function: equal means the same text, as the session prints it.

use std::ffi::CStr;

use crate::pg::argument::{float, width};
use pganalytics_core::hash::{Value, hash};
use pganalytics_core::numeric::Number;
use pganalytics_core::window::Width;
use pgrx::PgMemoryContexts;
use pgrx::pg_sys::{self, BuiltinOid, Datum, Oid, PgOid};
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, varlena_to_byte_slice};

/// How datums of one type are hashed.
pub enum DatumHasher {
    /// From the stored form.
    Stored(unsafe fn(Datum) -> u64),
    /// From what this output function prints.
    Printed(pg_sys::FmgrInfo),
}

impl DatumHasher {
    /// For a type, or what it is a domain over. What is looked up is kept in `context`.
    ///
    /// # Safety
    /// `context` must live as long as the hasher.
    pub unsafe fn new(argument: Oid, context: pg_sys::MemoryContext) -> Self {
        // SAFETY: these look in the catalogs; an unknown type is a PostgreSQL error.
        unsafe {
            let base = pg_sys::getBaseType(argument);
            if let PgOid::BuiltIn(builtin) = PgOid::from(base)
                && let Some(function) = stored(builtin)
            {
                return Self::Stored(function);
            }
            let (mut output, mut is_varlena) = (Oid::INVALID, false);
            pg_sys::getTypeOutputInfo(base, &mut output, &mut is_varlena);
            let mut function = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info_cxt(output, &mut function, context);
            Self::Printed(function)
        }
    }

    /// The hash of a value.
    ///
    /// # Safety
    /// The datum must be one of the hasher's type.
    pub unsafe fn hash(&mut self, datum: Datum) -> u64 {
        // SAFETY: the caller's promise; an output function returns a C string of ours.
        unsafe {
            match self {
                Self::Stored(function) => function(datum),
                Self::Printed(function) => {
                    let text = pg_sys::OutputFunctionCall(function, datum);
                    let value = hash(Value::Output(CStr::from_ptr(text).to_bytes()));
                    pg_sys::pfree(text.cast());
                    value
                }
            }
        }
    }
}

/// The hash of the argument `index` of a running call, which is `datum`. Its type is
/// looked up once per query.
///
/// # Safety
/// `fcinfo` is the call of a function of ours that keeps nothing else in `fn_extra`.
#[inline]
pub unsafe fn hash_of_argument(
    fcinfo: pg_sys::FunctionCallInfo,
    index: usize,
    datum: Datum,
) -> u64 {
    // SAFETY: as the caller promises; `fn_mcxt` lives as long as `fn_extra`.
    unsafe {
        let info = (*fcinfo).flinfo;
        let mut hasher = (*info).fn_extra.cast::<DatumHasher>();
        if hasher.is_null() {
            let argument = pg_sys::get_fn_expr_argtype(info, index as i32);
            let made = DatumHasher::new(argument, (*info).fn_mcxt);
            hasher = PgMemoryContexts::For((*info).fn_mcxt).leak_and_drop_on_delete(made);
            (*info).fn_extra = hasher.cast();
        }
        (*hasher).hash(datum)
    }
}

/// The reader of a type that is hashed from its stored form.
fn stored(builtin: BuiltinOid) -> Option<unsafe fn(Datum) -> u64> {
    use BuiltinOid as Type;
    let function: unsafe fn(Datum) -> u64 = match builtin {
        Type::BOOLOID => |datum| hash(Value::Bool(datum.value() as u8 != 0)),
        Type::INT2OID => |datum| hash(Value::Integer(i64::from(datum.value() as i16))),
        Type::INT4OID => |datum| hash(Value::Integer(i64::from(datum.value() as i32))),
        Type::INT8OID => |datum| hash(Value::Integer(datum.value() as i64)),
        Type::OIDOID => |datum| hash(Value::Integer(i64::from(datum.value() as u32))),
        Type::FLOAT4OID => |datum| {
            hash(Value::Float(f64::from(
                f32::from_bits(datum.value() as u32),
            )))
        },
        Type::FLOAT8OID => |datum| hash(Value::Float(float(datum))),
        Type::TIMESTAMPTZOID => |datum| hash(Value::TimestampTz(datum.value() as i64)),
        Type::TIMESTAMPOID => |datum| hash(Value::Timestamp(datum.value() as i64)),
        Type::DATEOID => |datum| hash(Value::Date(datum.value() as i32)),
        Type::TIMEOID => |datum| hash(Value::Time(datum.value() as i64)),
        Type::NUMERICOID => numeric,
        Type::TEXTOID | Type::VARCHAROID => text,
        Type::BPCHAROID => padded_text,
        Type::BYTEAOID => bytes,
        Type::NAMEOID => name,
        Type::UUIDOID => uuid,
        Type::INTERVALOID => interval,
        _ => return None,
    };
    Some(function)
}

/// # Safety
/// A `numeric`.
unsafe fn numeric(datum: Datum) -> u64 {
    let read = |bytes: &[u8]| match Number::from_stored(bytes) {
        Some(number) => hash(Value::Numeric(&number)),
        None => hash(Value::Bytes(bytes)),
    };
    // SAFETY: the caller's promise.
    unsafe { with_bytes(datum, read) }
}

/// # Safety
/// A `text` or `varchar`.
unsafe fn text(datum: Datum) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { with_bytes(datum, |bytes| hash(Value::Text(bytes))) }
}

/// # Safety
/// A `char(n)`.
unsafe fn padded_text(datum: Datum) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { with_bytes(datum, |bytes| hash(Value::PaddedText(bytes))) }
}

/// # Safety
/// A `bytea`.
unsafe fn bytes(datum: Datum) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { with_bytes(datum, |bytes| hash(Value::Bytes(bytes))) }
}

/// # Safety
/// A `name`.
unsafe fn name(datum: Datum) -> u64 {
    // SAFETY: the caller's promise; a name ends in a zero byte.
    hash(Value::Text(
        unsafe { CStr::from_ptr(datum.cast_mut_ptr()) }.to_bytes(),
    ))
}

/// # Safety
/// A `uuid`.
unsafe fn uuid(datum: Datum) -> u64 {
    // SAFETY: the caller's promise; a uuid is sixteen bytes.
    hash(Value::Uuid(unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() }))
}

/// # Safety
/// An `interval`.
unsafe fn interval(datum: Datum) -> u64 {
    // SAFETY: the caller's promise.
    let Width {
        months,
        days,
        micros,
    } = unsafe { width(datum) };
    hash(Value::Interval(months, days, micros))
}

/// Reads what a datum of variable length holds, unpacked if it was compressed or moved out.
///
/// # Safety
/// A datum of variable length.
unsafe fn with_bytes(datum: Datum, read: impl FnOnce(&[u8]) -> u64) -> u64 {
    let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: the caller's promise; asking the header first spares most rows the call.
    unsafe {
        if varatt_is_4b_u(pointer) || varatt_is_1b(pointer) && !varatt_is_1b_e(pointer) {
            return read(varlena_to_byte_slice(pointer));
        }
        let unpacked = pg_sys::pg_detoast_datum_packed(pointer);
        let value = read(varlena_to_byte_slice(unpacked));
        pg_sys::pfree(unpacked.cast());
        value
    }
}
