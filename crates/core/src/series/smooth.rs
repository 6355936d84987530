//! `ewma(value, alpha)`: the newest value counts alpha, all before it the rest.

use super::{SeriesError, between};

/// The average after one more value; the first value is the average of itself.
///
/// # Errors
/// An alpha outside of (0, 1].
pub fn smooth(average: Option<f64>, value: f64, alpha: f64) -> Result<f64, SeriesError> {
    if !(alpha > 0.0 && alpha <= 1.0) {
        return Err(SeriesError::Alpha(alpha));
    }
    Ok(match average {
        // Not by the formula: 0 times infinity would be no number.
        Some(average) if alpha < 1.0 => between(value, alpha, average, 1.0 - alpha),
        _ => value,
    })
}
