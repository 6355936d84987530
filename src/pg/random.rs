//! Randomness that nobody can foretell.

use pgrx::pg_sys;

/// 16 random bytes, from the same source as PostgreSQL's own secrets.
pub fn secret() -> [u8; 16] {
    let mut bytes = [0; 16];
    // SAFETY: fills the array, whose length it is told.
    if !unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) } {
        pgrx::error!("could not generate random numbers");
    }
    bytes
}
