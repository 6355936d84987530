//! A value as a client sends it in binary.

use pgrx::datum::Internal;
use pgrx::pg_sys;

/// All bytes of the value that a type's receive function is called with.
pub fn received(mut message: Internal) -> Vec<u8> {
    // SAFETY: the `internal` argument of a receive function is a StringInfo, and no SQL
    // expression can pass another; the bytes are copied before it goes.
    unsafe {
        let Some(buffer) = message.get_mut::<pg_sys::StringInfoData>() else {
            return Vec::new();
        };
        let length = buffer.len - buffer.cursor;
        let start = pg_sys::pq_getmsgbytes(buffer, length).cast::<u8>();
        std::slice::from_raw_parts(start, usize::try_from(length).unwrap_or_default()).to_vec()
    }
}
