//! What a counter has counted, which only ever rises but for when it begins anew: for
//! `counter_delta` and `counter_rate`.
//!
//! It is the sum of what each reading adds to the one before it, by time. One that is less
//! than the one before it tells of a reset: the counter began again at 0, so it adds all of
//! itself (as Prometheus has it; what was counted between the last reading and the reset is
//! lost). Of several readings at one time the greatest counts.
//!
//! Where the resets are is known only when all readings are in order, so all are kept, as a
//! [`Timeline`]: a reading is a moment whose conditions are the bits of its value.

use super::{Ends, Float};
use crate::timeline::{Moment, Timeline};

/// How many bits, or conditions, there are.
pub const BITS: usize = 64;

/// A reading.
#[must_use]
pub fn reading(ts: i64, value: f64) -> Moment {
    Moment {
        at: ts,
        held: Float::from(value).get().to_bits(),
    }
}

/// The same counter as if it had begun at 0 and never been reset; `None` without readings.
#[must_use]
pub fn counted(timeline: &Timeline) -> Option<Ends<Float>> {
    let moments = timeline.sorted();
    let value = |moment: &Moment| Float::from(f64::from_bits(moment.held));
    let mut readings = moments
        .chunk_by(|a, b| a.at == b.at)
        .filter_map(|same| Some((same.first()?.at, same.iter().map(value).max()?.get())));
    let (begin, mut before) = readings.next()?;
    let (mut end, mut sum) = (begin, 0.0);
    for (at, value) in readings {
        sum += if value < before {
            value
        } else {
            value - before
        };
        (end, before) = (at, value);
    }
    let mut ends = Ends::at(begin, Float::from(0.0));
    ends.last = (end, Float::from(sum));
    Some(ends)
}
