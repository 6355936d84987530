//! Text to look at: one character for each value, or a bar.
//!
//! Drawn with block elements (U+2581 …), or with ASCII where the encoding of the database
//! has none. What is not known leaves a gap; what is beyond the scale is drawn at its end,
//! infinities too, which have no part in choosing it.

use std::ops::RangeInclusive;

use thiserror::Error;

use crate::error::UserError;

/// How many cells a bar may take.
pub const WIDTHS: RangeInclusive<i32> = 1..=1000;

/// Why nothing is drawn.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum ChartError {
    /// A bar of no cells, or of too many.
    #[error("width must be from 1 to 1000, not {0}")]
    Width(i32),
    /// A scale that ends before it begins, or without end.
    #[error("a sparkline cannot be drawn from {0} to {1}")]
    Scale(f64, f64),
}

impl UserError for ChartError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Width(_) => None,
            Self::Scale(..) => Some(
                "Give finite numbers, the lower first, or NULL for that of the values themselves."
                    .to_owned(),
            ),
        }
    }
}

/// What there is to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Block elements.
    Blocks,
    /// Characters of every encoding.
    Ascii,
}

/// One character for each value, in eight heights from `low` to `high`; where these are
/// not given, from the least value or to the greatest. If all is one height, it is the
/// middle. Not known, NaN too: a space.
///
/// # Errors
/// A given scale that is none.
pub fn sparkline(
    values: &[Option<f64>],
    low: Option<f64>,
    high: Option<f64>,
    ink: Ink,
) -> Result<String, ChartError> {
    let finite = || values.iter().flatten().copied().filter(|x| x.is_finite());
    let low = low.unwrap_or_else(|| finite().fold(high.unwrap_or(f64::MAX), f64::min));
    let high = high.unwrap_or_else(|| finite().fold(low, f64::max));
    if !(low.is_finite() && high.is_finite() && low <= high) {
        return Err(ChartError::Scale(low, high));
    }
    let heights = match ink {
        Ink::Blocks => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Ink::Ascii => ['.', ':', '-', '=', '+', '*', '#', '@'],
    };
    Ok(values
        .iter()
        .map(|value| match *value {
            Some(x) if !x.is_nan() => heights[height(x, low, high)],
            _ => ' ',
        })
        .collect())
}

/// Which of eight equal parts of the scale holds it.
fn height(x: f64, low: f64, high: f64) -> usize {
    if x < low {
        0
    } else if x > high {
        7
    } else if low == high {
        3
    } else {
        // Scaled so that nothing overflows, multiplied first so that borders are exact.
        let part = (x / 16.0 - low / 16.0) * 8.0 / (high / 16.0 - low / 16.0);
        (part as usize).min(7)
    }
}

/// A bar of `width` cells for `max`, in eighths of cells. What is more than `max` is drawn as
/// that, what is not above 0 not at all. What is between shows at least an eighth, and one
/// is missing.
///
/// # Errors
/// A width outside of [`WIDTHS`].
pub fn bar(value: f64, max: f64, width: i32, ink: Ink) -> Result<String, ChartError> {
    if !WIDTHS.contains(&width) {
        return Err(ChartError::Width(width));
    }
    let all = 8 * width.unsigned_abs() as usize;
    let eighths = if value > 0.0 && value >= max {
        all
    } else if value > 0.0 && value < max {
        // Multiplied first, so that borders are exact (0.57 times 800 is less than 456), and
        // scaled for that, so that nothing overflows.
        #[expect(clippy::cast_precision_loss, reason = "at most 8000")]
        let part = (value / 8192.0 * all as f64 / (max / 8192.0)) as usize;
        part.clamp(1, all - 1)
    } else {
        0
    };
    Ok(match ink {
        Ink::Blocks => {
            let full = "█".repeat(eighths / 8);
            let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
            full + rest[eighths % 8]
        }
        Ink::Ascii => "#".repeat(eighths.div_ceil(8)),
    })
}

#[cfg(test)]
mod tests;
