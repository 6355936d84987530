//! Session windows: how far a session reaches.
//!
//! Works on PostgreSQL's own numbers, as [`crate::window`] does.

use crate::window::{END_TIMESTAMP, MICROS_PER_DAY, MIN_TIMESTAMP, Width};

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
    }
}
