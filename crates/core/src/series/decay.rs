//! `ewma(value, ts, half_life)`: the mean of all values, where one that is a half-life
//! older than the newest weighs half as much.
//!
//! Weights depend on time alone, so rows may come in any order, two at one time weigh the
//! same, and averages merge: what is kept is the time of the newest, the sum of weights as
//! of then, and the mean.

use super::{Float, SeriesError, between};
use crate::window::Width;

/// A half-life in microseconds.
///
/// # Errors
/// One in months, or not above zero.
pub fn half_life(width: Width) -> Result<f64, SeriesError> {
    match (width.months, width.span()) {
        #[expect(clippy::cast_precision_loss, reason = "a double has 15 digits")]
        (0, span @ 1..) => Ok(span as f64),
        (0, _) => Err(SeriesError::NotPositive),
        _ => Err(SeriesError::Months),
    }
}

/// A mean of values that lose weight with age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decayed {
    half_life: f64,
    newest: i64,
    weight: f64,
    mean: f64,
}

impl Decayed {
    /// Of one value.
    #[must_use]
    pub fn new(half_life: f64, ts: i64, value: f64) -> Self {
        Self {
            half_life,
            newest: ts,
            weight: 1.0,
            mean: Float::from(value).get(),
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Adds the values of another.
    ///
    /// # Errors
    /// One of another half-life.
    pub fn merge(&mut self, other: Self) -> Result<(), SeriesError> {
        if self.half_life != other.half_life {
            return Err(SeriesError::HalfLives);
        }
        let (new, old) = if self.newest >= other.newest {
            (*self, other)
        } else {
            (other, *self)
        };
        let age = i128::from(new.newest) - i128::from(old.newest);
        #[expect(clippy::cast_precision_loss, reason = "a double has 15 digits")]
        let left = old.weight * (-(age as f64) / self.half_life).exp2();
        *self = new;
        if left > 0.0 {
            self.weight = new.weight + left;
            let share = left / self.weight;
            self.mean = between(new.mean, 1.0 - share, old.mean, share);
        }
        Ok(())
    }

    /// As the four numbers that are kept.
    #[must_use]
    pub fn to_words(&self) -> [i64; 4] {
        let bits = |value: f64| value.to_bits().cast_signed();
        [
            bits(self.half_life),
            self.newest,
            bits(self.weight),
            bits(self.mean),
        ]
    }

    /// Reads what [`Decayed::to_words`] wrote; `None` if that is none of its states.
    #[must_use]
    pub fn from_words([half_life, newest, weight, mean]: [i64; 4]) -> Option<Self> {
        let value = |bits: i64| f64::from_bits(bits.cast_unsigned());
        let (half_life, weight) = (value(half_life), value(weight));
        let is_sound = half_life > 0.0 && weight >= 1.0 && weight.is_finite();
        is_sound.then(|| Self {
            half_life,
            newest,
            weight,
            mean: value(mean),
        })
    }
}
