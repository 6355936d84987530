//! Paths: which events follow each other, asked of a log in SQL.
//!
//! The events of an entity are taken in order of time; those of the same time by position
//! if the relation has one, then by name. What has no entity, no name or no time is left
//! out. A pause of more than the gap ends a *visit*; without a gap, all events of an entity
//! are one. A visit has one path at most: it begins with the first event of the visit, or,
//! where a start is asked for, with the first such event in the range of time; it has so
//! many events as asked for, fewer if the visit ends before. It belongs to the range if its
//! first event does: what follows may lie beyond.

mod query;

pub use query::{Follows, Paths, Source};

use crate::error::UserError;
use crate::session;
use crate::window::Width;
use thiserror::Error;

/// The longest pause within a visit, in microseconds.
///
/// # Errors
/// One without a fixed length, or not above zero.
pub fn gap(width: Width) -> Result<i64, PathError> {
    session::gap(width).ok_or(PathError::Gap)
}

/// What cannot be asked.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// A gap of months, or none at all.
    #[error("gap must be a fixed time above zero")]
    Gap,
    /// No events.
    #[error("depth must be at least 1, not {0}")]
    Depth(i32),
    /// Less than nothing.
    #[error("limit must not be negative")]
    Limit,
}

impl UserError for PathError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Gap => "Use days or time, like '30 minutes', or NULL for no gap.",
            Self::Depth(_) => "It is the number of events in a path; NULL for all of them.",
            Self::Limit => "It is the number of rows; NULL for all of them.",
        };
        Some(hint.to_owned())
    }
}
