//! Numbers over time: how far one has come, how it goes on the whole, and whether the
//! newest is out of the ordinary.

mod anomaly;
mod counter;
mod decay;
mod ends;
mod smooth;
mod z_score;

use thiserror::Error;

pub use self::anomaly::AnomalyScore;
pub use self::counter::{BITS, counted, reading};
pub use self::decay::{Decayed, half_life};
pub use self::ends::{Ends, Float, difference, micros, per_second};
pub use self::smooth::smooth;
pub use self::z_score::ZScore;
use crate::error::UserError;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum SeriesError {
    /// No weight of the newest value.
    #[error("alpha must be greater than 0 and at most 1, not {0}")]
    Alpha(f64),
    /// Months have no fixed length.
    #[error("half_life must not be in months")]
    Months,
    /// Zero or negative.
    #[error("half_life must be greater than zero")]
    NotPositive,
    /// Rows of one group with different ones.
    #[error("half_life must be the same for all rows of a group")]
    HalfLives,
    /// An argument that is no value of the series is NULL.
    #[error("argument \"{0}\" must not be null")]
    Null(&'static str),
    /// Beyond what a float8 holds, of values that it does.
    #[error("value out of range: overflow")]
    Overflow,
    /// A state that the aggregate did not make.
    #[error("invalid state of aggregate \"{0}\"")]
    State(&'static str),
}

impl UserError for SeriesError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Null(_) => "22004",
            Self::Overflow => "22003",
            _ => "22023",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Alpha(_) => {
                "Of a moving average over n rows it is about 2 / (n + 1): 0.25 for a week of days."
            }
            Self::Months | Self::NotPositive => "Use days and time, like '30 days'.",
            Self::HalfLives | Self::Null(_) => "Give a constant.",
            Self::Overflow => "Divide the values by a large number first.",
            Self::State(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// The rows of a frame, of which the newest is judged by the others. Rows leave it in the
/// order in which they came.
pub trait Score: Default {
    /// Adds a row.
    fn push(&mut self, value: Option<f64>);

    /// Takes back the oldest row, which had this value.
    fn pop(&mut self, value: Option<f64>);

    /// How far the newest is from what is usual; `None` if it is null or judged by fewer
    /// than two.
    ///
    /// # Errors
    /// Finite values too far apart.
    fn score(&self) -> Result<Option<f64>, SeriesError>;
}

/// How many units a value is away; of none, 0 or infinitely many.
fn in_units(away: f64, unit: f64, value: f64) -> Result<f64, SeriesError> {
    if value.is_finite() && !away.is_finite() {
        return Err(SeriesError::Overflow);
    }
    Ok(if away == 0.0 { 0.0 } else { away / unit })
}

/// A mean of two with weights that add up to 1, never outside of the two: it neither
/// overflows nor moves away from values that stay the same.
fn between(a: f64, weight_a: f64, b: f64, weight_b: f64) -> f64 {
    let mean = a * weight_a + b * weight_b;
    if a.is_finite() && b.is_finite() {
        mean.clamp(a.min(b), a.max(b))
    } else {
        mean
    }
}

#[cfg(test)]
mod tests;
