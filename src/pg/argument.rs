//! Arguments of simple types, as the core takes them.

use super::Datum;
use pganalytics_core::window::Width;
use pgrx::pg_sys;

/// A double precision.
pub(super) fn float(datum: Datum) -> f64 {
    f64::from_bits(datum.value() as u64)
}

/// An interval, in its three fields.
///
/// # Safety
/// `datum` is an interval.
pub(super) unsafe fn width(datum: Datum) -> Width {
    // SAFETY: as the caller promises; an interval is passed by reference.
    let interval = unsafe { &*datum.cast_mut_ptr::<pg_sys::Interval>() };
    Width {
        months: interval.month,
        days: interval.day,
        micros: interval.time,
    }
}
