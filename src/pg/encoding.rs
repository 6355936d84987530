//! Text between the encoding of the database and that of Rust, UTF-8. What one has no
//! characters for is PostgreSQL's own error (22P05, or 22021 of bytes that are no text).

use super::trigger::{Bytes, text};
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ops::Deref;

const UTF8: c_int = pg_sys::pg_enc::PG_UTF8 as c_int;

/// Whether it has all characters that Rust has.
pub fn is_utf8() -> bool {
    // SAFETY: reads what the database was created with.
    unsafe { pg_sys::GetDatabaseEncoding() == UTF8 }
}

type Conversion = unsafe fn(*const c_char, c_int, c_int) -> *mut c_char;

/// `None`: the bytes are the same in both.
fn converted(bytes: &[u8], convert: Conversion) -> Option<Vec<u8>> {
    if is_utf8() || bytes.is_ascii() {
        return None;
    }
    let given = bytes.as_ptr().cast::<c_char>();
    // SAFETY: reads so many bytes, of which no text has more than an int says; what it
    // returns ends in NUL, unless that is what it was given.
    unsafe {
        let made = convert(given, bytes.len() as c_int, UTF8);
        (!std::ptr::eq(made, given)).then(|| {
            let copy = CStr::from_ptr(made).to_bytes().to_vec();
            pg_sys::pfree(made.cast());
            copy
        })
    }
}

/// Text of the database.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match converted(bytes, pg_sys::pg_server_to_any) {
        Some(made) => String::from_utf8_lossy(&made).into_owned().into(),
        None => String::from_utf8_lossy(bytes),
    }
}

/// Text for the database.
pub fn encoded(text: &str) -> Cow<'_, [u8]> {
    match converted(text.as_bytes(), pg_sys::pg_any_to_server) {
        Some(made) => made.into(),
        None => text.as_bytes().into(),
    }
}

/// Text for messages, which pgrx sends as they are: characters beyond ASCII by their numbers
/// where the encoding is not that of Rust.
pub fn shown(text: String) -> String {
    if is_utf8() || text.is_ascii() {
        return text;
    }
    let shown = |character: char| match character {
        '\0'..='\x7F' => character.to_string(),
        _ => character.escape_unicode().to_string(),
    };
    text.chars().map(shown).collect()
}

/// A message of PostgreSQL's as pgrx has it, for the database: what was beyond ASCII is lost
/// where the encoding is not that of Rust, and not even its mark can be written.
pub fn caught(message: &str) -> String {
    if is_utf8() {
        message.to_owned()
    } else {
        message.replace(char::REPLACEMENT_CHARACTER, "?")
    }
}

/// Text for the database as C has it. No text of PostgreSQL's has a NUL byte in it: what is behind one is
/// left out.
pub fn c_string(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(encoded(text)).unwrap_or_default()
}

/// Text of the database as C has it.
///
/// # Safety
/// It ends in NUL.
pub unsafe fn string(text: *const c_char) -> String {
    // SAFETY: as the caller promises.
    decoded(unsafe { CStr::from_ptr(text) }.to_bytes()).into_owned()
}

/// An argument or result of type `text`. (pgrx reads such as `&str` only where the encoding
/// is UTF-8 or all characters are of ASCII, and writes a `String` as it is.)
pub struct Text<'a>(Cow<'a, str>);

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text) -> Self {
        text.0.into_owned()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

// SAFETY: reads the argument as the variable-length value that a text is.
unsafe impl<'fcx> ArgAbi<'fcx> for Text<'fcx> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: as the caller promises.
        Self(decoded(unsafe { <&[u8]>::unbox_arg_unchecked(arg) }))
    }
}

// SAFETY: returns a new text.
unsafe impl BoxRet for Text<'_> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: as the caller promises.
        unsafe { fcinfo.return_raw_datum(text(&encoded(&self.0))) }
    }
}

// SAFETY: stands for an argument or result of type text.
unsafe impl SqlTranslatable for Text<'_> {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(Text);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("text"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("text")));
}

impl Bytes {
    /// As text.
    pub fn to_text(&self) -> String {
        decoded(self.as_slice()).into_owned()
    }
}
