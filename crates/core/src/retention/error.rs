//! What can be wrong with a question about retention.

use crate::error::UserError;
use thiserror::Error;

/// Why there is no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RetentionError {
    /// None, or more than fit.
    #[error("retention takes 1 to 32 conditions, not {0}")]
    Conditions(usize),
    /// No length that periods have.
    #[error("period must be whole months, whole days or whole seconds")]
    Mixed,
    /// Zero, negative or endless.
    #[error("period must be between one second and 100 years")]
    Length,
    /// Out of range.
    #[error("{argument} must be between {least} and {most}, not {given}")]
    Count {
        /// Which argument.
        argument: &'static str,
        /// The least it may be.
        least: i32,
        /// The most it may be.
        most: i32,
        /// What it was.
        given: i32,
    },
    /// Neither of the two.
    #[error("unknown mode \"{0}\"")]
    Mode(String),
}

impl UserError for RetentionError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Conditions(_) => "Put conditions that count as the same one together with OR.",
            Self::Mixed => "Months differ in length: use either, like '1 month' or '30 days'.",
            Self::Length => "Use a period such as '1 day', '1 week' or '1 month'.",
            Self::Mode(_) => "Use 'calendar' or 'rolling'.",
            Self::Count { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// A count within its bounds.
pub fn within(
    argument: &'static str,
    given: i32,
    bounds: std::ops::RangeInclusive<i32>,
) -> Result<i32, RetentionError> {
    if bounds.contains(&given) {
        return Ok(given);
    }
    Err(RetentionError::Count {
        argument,
        least: *bounds.start(),
        most: *bounds.end(),
        given,
    })
}
