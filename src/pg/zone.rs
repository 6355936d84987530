//! Time zones, by the very functions behind `AT TIME ZONE`: names, abbreviations and
//! POSIX forms are PostgreSQL's, and so are their rules.

use super::Datum;
use super::encoding::encoded;
use pganalytics_core::window::{END_TIMESTAMP, MICROS_PER_DAY, MIN_TIMESTAMP, Utc, Zone};
use pgrx::pg_sys;
use pgrx::varlena::set_varsize_4b;

/// A time zone by name. One that PostgreSQL does not know is its own error (22023) once a
/// time is converted.
pub enum PgZone {
    /// Nothing to ask PostgreSQL for.
    Utc,
    /// A value of type text, aligned as such.
    Named(Box<[u64]>),
}

impl PgZone {
    /// The zone of this name.
    pub fn named(name: &str) -> Self {
        if name == "UTC" {
            return Self::Utc;
        }
        let name = encoded(name);
        let length = pg_sys::VARHDRSZ + name.len();
        let mut text = vec![0u64; length.div_ceil(size_of::<u64>())].into_boxed_slice();
        // SAFETY: the memory is at least as long as the header says.
        unsafe {
            let start = text.as_mut_ptr().cast::<u8>();
            set_varsize_4b(start.cast(), length as i32);
            let bytes = start.add(pg_sys::VARHDRSZ);
            bytes.copy_from_nonoverlapping(name.as_ptr(), name.len());
        }
        Self::Named(text)
    }
}

impl Zone for PgZone {
    fn local(&self, ts: i64) -> i64 {
        match self {
            Self::Utc => Utc.local(ts),
            Self::Named(name) => converted(pg_sys::timestamptz_zone, name, ts),
        }
    }

    fn instant(&self, local: i64) -> i64 {
        match self {
            Self::Utc => Utc.instant(local),
            Self::Named(name) => converted(pg_sys::timestamp_zone, name, local),
        }
    }

    fn is_steady(&self) -> bool {
        matches!(self, Self::Utc)
    }
}

/// A call with two arguments, as PostgreSQL lays it out.
#[repr(C)]
struct Call {
    head: pg_sys::FunctionCallInfoBaseData,
    arguments: [pg_sys::NullableDatum; 2],
}

/// Within a day of the first and last timestamp, as a day away from them: what PostgreSQL
/// cannot show is out of its range all the same, and the caller's to refuse.
fn converted(
    function: unsafe fn(pg_sys::FunctionCallInfo) -> Datum,
    name: &[u64],
    time: i64,
) -> i64 {
    let away = if time < MIN_TIMESTAMP + MICROS_PER_DAY {
        MICROS_PER_DAY
    } else if time >= END_TIMESTAMP - MICROS_PER_DAY {
        -MICROS_PER_DAY
    } else {
        0
    };
    let given = |value| pg_sys::NullableDatum {
        value,
        isnull: false,
    };
    let mut call = Call {
        head: pg_sys::FunctionCallInfoBaseData {
            nargs: 2,
            ..Default::default()
        },
        arguments: [
            given(Datum::from(name.as_ptr())),
            given(Datum::from(time + away)),
        ],
    };
    // SAFETY: the two functions take a text and a timestamp, look at nothing else of their
    // call, and return a timestamp by value.
    let time = unsafe { function((&raw mut call).cast()) };
    time.value() as i64 - away
}
