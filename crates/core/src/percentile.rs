//! Percentiles with a relative error: a `DDSketch` (Masson, Rim, Lee 2019) whose buckets
//! collapse uniformly, as in `UDDSketch` (Epicoco et al. 2020).
//!
//! A sketch made with the relative error α counts values in buckets: each ends with no more
//! than γ = (1 + α) / (1 - α) times what it begins with, negative ones alike; zeros,
//! infinities and NaN are in buckets of their own. The estimate of a bucket from l to u,
//! 2 l u / (l + u), is off by no more than α times any value in it. Least and greatest
//! value are kept as they are.
//!
//! The percentile of a fraction f is an estimate of what `percentile_disc(f)` is: of n
//! values in order that of number ceil(f n), the first for 0. NaN is the greatest of all, as
//! PostgreSQL has it. NULLs are no values.
//!
//! Memory is bounded: there are buckets enough for positive (or negative) values over 18
//! orders of magnitude. When more are needed, all buckets merge in pairs, and the error
//! becomes 2 α / (1 + α²), about twice what it was: the sketch tells which it has. So
//! a sketch is a function of the multiset of values: in any order, merged from any parts.
//! Sketches made with different errors do not merge; one of no values merges with any.

mod layout;
mod mapping;
mod state;

use self::layout::{KIND, View};
pub use self::layout::{bytes_of, checked, empty, sealed, text_of};
pub use self::state::{add, begin, merge};
use crate::sketch::SketchError;

/// The relative error of sketches made without one: 1 %.
pub const DEFAULT_ERROR: f64 = 0.01;
/// The errors that can be had.
pub const ERRORS: std::ops::RangeInclusive<f64> = 0.0001..=0.5;

/// A relative error that a user asked for.
///
/// # Errors
/// One outside [`ERRORS`], or NULL.
pub fn error(asked: Option<f64>) -> Result<f64, SketchError> {
    let what = "relative error";
    let asked = asked.ok_or(SketchError::Null { kind: KIND, what })?;
    if ERRORS.contains(&asked) {
        return Ok(asked);
    }
    let range = format!("from {} to {}", ERRORS.start(), ERRORS.end());
    Err(KIND.out_of_range(what, asked, range))
}

/// The sealed sketch of the values in either.
///
/// # Errors
/// Bytes that are no sketches, or sketches of different errors.
pub fn union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, SketchError> {
    let mut state = left.to_vec();
    let merged = merge(&mut state, right)?;
    sealed(&merged.unwrap_or(state))
}

/// How many values there were.
///
/// # Errors
/// Bytes that are no sketch.
pub fn value_count(bytes: &[u8]) -> Result<i64, SketchError> {
    let counts = View::read(bytes)?.buckets().map(|bucket| bucket.count);
    let count = counts.fold(0, u64::saturating_add);
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The relative error that estimates have: what was asked for, unless buckets had to merge.
///
/// # Errors
/// Bytes that are no sketch.
pub fn relative_error(bytes: &[u8]) -> Result<f64, SketchError> {
    let view = View::read(bytes)?;
    Ok(view.accuracy.error_at(view.level))
}

/// The percentile of each fraction, if there are any values; NULL of NULL.
///
/// # Errors
/// A fraction that is not between 0 and 1, or bytes that are no sketch.
pub fn percentiles(
    bytes: &[u8],
    fractions: &[Option<f64>],
) -> Result<Vec<Option<f64>>, SketchError> {
    if let Some(wrong) = fractions
        .iter()
        .flatten()
        .find(|f| !(0.0..=1.0).contains(*f))
    {
        return Err(SketchError::Fraction(wrong.to_string()));
    }
    let view = View::read(bytes)?;
    let buckets = view.sorted();
    let mut reached = 0u64;
    let ends: Vec<u64> = buckets
        .iter()
        .map(|bucket| {
            reached = bucket.count.saturating_add(reached);
            reached
        })
        .collect();
    let percentile = |fraction: f64| {
        // The number of the value, from 1 on.
        let number = ((fraction * reached as f64).ceil() as u64).clamp(1, reached.max(1));
        if number == 1 {
            return view.least;
        } else if number == reached {
            return view.greatest;
        }
        let place = ends.partition_point(|end| *end < number);
        let bucket = buckets.get(place).map_or(0, |bucket| bucket.place);
        view.accuracy
            .estimate(bucket, view.level)
            .clamp_total(view.least, view.greatest)
    };
    let answer = |fraction: &Option<f64>| fraction.filter(|_| reached > 0).map(percentile);
    Ok(fractions.iter().map(answer).collect())
}

/// The percentile of one fraction.
///
/// # Errors
/// As [`percentiles`].
pub fn percentile(bytes: &[u8], fraction: f64) -> Result<Option<f64>, SketchError> {
    Ok(percentiles(bytes, &[Some(fraction)])?
        .into_iter()
        .next()
        .flatten())
}

/// Comparing as PostgreSQL does.
trait Ordered: Copy {
    fn is_less(self, other: Self) -> bool;
    fn clamp_total(self, least: Self, greatest: Self) -> Self;
}

impl Ordered for f64 {
    /// NaN is greater than all else and equal to itself.
    fn is_less(self, other: Self) -> bool {
        self < other || !self.is_nan() && other.is_nan()
    }

    fn clamp_total(self, least: Self, greatest: Self) -> Self {
        if self.is_less(least) {
            least
        } else if greatest.is_less(self) {
            greatest
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests;
