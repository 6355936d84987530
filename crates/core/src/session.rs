//! Session windows: how far a session reaches, and which event begins one.
//!
//! A session ends when nothing happens for longer than a gap: events that are exactly the
//! gap apart are in one. Events at one infinity are, too, and in none with others.
//!
//! Works on PostgreSQL's own numbers, as [`crate::window`] does.

use thiserror::Error;

use crate::error::UserError;
use crate::window::{END_TIMESTAMP, MICROS_PER_DAY, MIN_TIMESTAMP, Width};

mod query;

pub use query::Sessions;

/// What a gap must be.
pub const GAP_HINT: &str =
    "Give an interval of days or time, such as '30 minutes'; months have no fixed length.";

/// A gap that is none.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("session gap must be a time above zero")]
pub struct GapError;

impl UserError for GapError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn hint(&self) -> Option<String> {
        Some(GAP_HINT.into())
    }
}

/// `ts` moved by so many microseconds, at most to PostgreSQL's first or last
/// timestamp: whoever looks for neighbours there finds them, and no error. The
/// infinities stay where they are, with no neighbours but themselves.
#[must_use]
pub fn shift(ts: i64, micros: i64) -> i64 {
    if ts == i64::MIN || ts == i64::MAX {
        return ts;
    }
    ts.saturating_add(micros)
        .clamp(MIN_TIMESTAMP, END_TIMESTAMP - 1)
}

/// The gap between sessions in microseconds; `None` if it has no fixed length, is
/// not above zero or longer than all time.
#[must_use]
pub fn gap(width: Width) -> Option<i64> {
    let days = i64::from(width.days).checked_mul(MICROS_PER_DAY)?;
    let micros = days.checked_add(width.micros)?;
    (width.months == 0 && micros > 0).then_some(micros)
}

/// Events that come by in another order than that of their times.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("rows of a partition are not in the order of their times")]
pub struct OrderError;

impl UserError for OrderError {
    fn sqlstate(&self) -> &'static str {
        "42P20"
    }

    fn hint(&self) -> Option<String> {
        Some("Say sessionize(ts, gap) OVER (PARTITION BY ... ORDER BY ts).".into())
    }
}

/// The sessions of one entity, numbered from 1 as its events come by, in the order of
/// their times, rising or falling. All zeros before the first.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Numbering {
    number: i64,
    last: i64,
    /// Above zero once the times have risen, below once they have fallen.
    direction: i64,
}

impl Numbering {
    /// The number of the session that the next event belongs to.
    ///
    /// # Errors
    /// A time that falls after others have risen, or rises after others have fallen.
    pub fn next(&mut self, ts: i64, gap: i64) -> Result<i64, OrderError> {
        if self.number == 0 {
            self.number = 1;
        } else {
            let direction = ts.cmp(&self.last) as i64;
            if direction * self.direction < 0 {
                return Err(OrderError);
            }
            self.direction += direction;
            self.number += i64::from(is_apart(self.last, ts, gap));
        }
        self.last = ts;
        Ok(self.number)
    }
}

fn is_apart(before: i64, ts: i64, gap: i64) -> bool {
    let is_infinite = |ts| ts == i64::MIN || ts == i64::MAX;
    before != ts
        && (before.abs_diff(ts) > gap.unsigned_abs() || is_infinite(before) || is_infinite(ts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_a_fixed_time_above_zero() {
        let width = |months, days, micros| Width {
            months,
            days,
            micros,
        };
        assert_eq!(gap(width(0, 1, 1)), Some(MICROS_PER_DAY + 1));
        assert_eq!(gap(width(0, 1, -1)), Some(MICROS_PER_DAY - 1));
        for refused in [
            width(1, 0, 0),
            width(1, -30, 1),
            width(0, 0, 0),
            width(0, 0, -1),
            width(0, i32::MAX, 0),
        ] {
            assert_eq!(gap(refused), None);
        }
    }

    proptest! {
        /// As far as there are timestamps, `b` is at most a gap after `a` exactly if
        /// it does not lie beyond `shift(a, gap)`, seen from both sides.
        #[test]
        fn neighbours_are_found_from_both_sides(
            a in MIN_TIMESTAMP..END_TIMESTAMP, distance in 0i64..END_TIMESTAMP, gap in 1i64..i64::MAX
        ) {
            let b = a.saturating_add(distance).min(END_TIMESTAMP - 1);
            let near = i128::from(b) - i128::from(a) <= i128::from(gap);
            prop_assert_eq!(b <= shift(a, gap), near);
            prop_assert_eq!(a >= shift(b, -gap), near);
            for infinity in [i64::MIN, i64::MAX] {
                prop_assert_eq!(shift(infinity, gap), infinity);
                prop_assert!(!(shift(a, -gap)..=shift(a, gap)).contains(&infinity));
            }
        }

        /// As lag() and a running sum() number them.
        #[test]
        fn sessions_are_numbered_where_a_gap_is_exceeded(
            mut times in prop::collection::vec(prop_oneof![0i64..60, any::<i64>(), Just(i64::MIN), Just(i64::MAX)], 0..40),
            gap in prop_oneof![1i64..9, Just(i64::MAX)],
            falls in any::<bool>(),
        ) {
            times.sort_unstable();
            if falls {
                times.reverse();
            }
            let mut numbering = Numbering::default();
            let found: Result<Vec<_>, _> = times.iter().map(|ts| numbering.next(*ts, gap)).collect();
            let opens = |place: usize| {
                let ends = (i64::MIN, i64::MAX);
                let (a, b) = (times[place - 1].min(times[place]), times[place - 1].max(times[place]));
                a != b && (a == ends.0 || b == ends.1 || i128::from(b) - i128::from(a) > i128::from(gap))
            };
            let mut number = 0;
            for (place, found) in found.unwrap().into_iter().enumerate() {
                number += i64::from(place == 0 || opens(place));
                prop_assert_eq!(found, number);
            }
        }

        #[test]
        fn times_must_rise_or_fall(times in prop::collection::vec(0i64..4, 0..6)) {
            let mut numbering = Numbering::default();
            let found: Result<Vec<_>, _> = times.iter().map(|ts| numbering.next(*ts, 1)).collect();
            let is_ordered = times.is_sorted() || times.iter().rev().is_sorted();
            prop_assert_eq!(found.is_ok(), is_ordered);
        }
    }
}
