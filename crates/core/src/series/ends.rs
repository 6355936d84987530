//! Where a series begins and ends: for `delta` and `rate`.
//!
//! The difference is that of the last value and the first, by time. Of several values at
//! one time the greatest counts, at either end: so the order of rows does not matter, a
//! series that is one moment long has not moved, and the differences of stretches that
//! share their ends add up. What merges is the four numbers, in any order.

use std::cmp::Ordering;

use super::SeriesError;

/// First and last reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends<V> {
    /// Time and value of the first.
    pub first: (i64, V),
    /// Time and value of the last.
    pub last: (i64, V),
}

impl<V: Ord + Clone> Ends<V> {
    /// Of one reading.
    pub fn at(time: i64, value: V) -> Self {
        Self {
            first: (time, value.clone()),
            last: (time, value),
        }
    }

    /// Adds the readings of another stretch. Whether anything changed.
    pub fn merge(&mut self, other: Self) -> bool {
        let begins = match other.first.0.cmp(&self.first.0) {
            Ordering::Less => true,
            Ordering::Equal => other.first.1 > self.first.1,
            Ordering::Greater => false,
        };
        let ends = other.last > self.last;
        if begins {
            self.first = other.first;
        }
        if ends {
            self.last = other.last;
        }
        begins || ends
    }
}

/// A float8 in PostgreSQL's order: NaN equals itself and comes last, and so do both zeros
/// equal each other. Equal ones have the same bits.
#[derive(Clone, Copy, Debug)]
pub struct Float(f64);

impl Float {
    /// The float8.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl From<f64> for Float {
    fn from(value: f64) -> Self {
        // Adding 0 makes -0 the other zero.
        Self(if value.is_nan() {
            f64::NAN
        } else {
            value + 0.0
        })
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl Ends<Float> {
    /// As the four numbers that are kept.
    #[must_use]
    pub fn to_words(&self) -> [i64; 4] {
        let bits = |value: Float| value.0.to_bits().cast_signed();
        let (first, last) = (self.first, self.last);
        [first.0, bits(first.1), last.0, bits(last.1)]
    }

    /// Reads what [`Ends::to_words`] wrote.
    #[must_use]
    pub fn from_words([begin, first, end, last]: [i64; 4]) -> Self {
        let value = |bits: i64| Float::from(f64::from_bits(bits.cast_unsigned()));
        Self {
            first: (begin, value(first)),
            last: (end, value(last)),
        }
    }
}

/// The last value less the first.
///
/// # Errors
/// A difference of finite values that is not.
pub fn difference(ends: &Ends<Float>) -> Result<f64, SeriesError> {
    let (first, last) = (ends.first.1.0, ends.last.1.0);
    finite_if(first.is_finite() && last.is_finite(), last - first)
}

/// That for each second; `None` if no time has passed, or without end.
///
/// # Errors
/// A rate of finite values that is not.
pub fn per_second(ends: &Ends<Float>) -> Result<Option<f64>, SeriesError> {
    let Some(elapsed) = micros(ends) else {
        return Ok(None);
    };
    let difference = difference(ends)?;
    #[expect(clippy::cast_precision_loss, reason = "a double has 15 digits")]
    let rate = difference / (elapsed as f64 / 1e6);
    finite_if(difference.is_finite(), rate).map(Some)
}

/// The microseconds from the first reading to the last; `None` if there are none or if one
/// end is an infinity.
#[must_use]
pub fn micros<V>(ends: &Ends<V>) -> Option<i128> {
    let (begin, end) = (ends.first.0, ends.last.0);
    let is_finite = begin != i64::MIN && end != i64::MAX;
    (is_finite && begin < end).then(|| i128::from(end) - i128::from(begin))
}

fn finite_if(inputs_are: bool, result: f64) -> Result<f64, SeriesError> {
    if inputs_are && !result.is_finite() {
        return Err(SeriesError::Overflow);
    }
    Ok(result)
}
