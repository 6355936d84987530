//! When each of some conditions held for one entity: what funnels and sequences are
//! read from.
//!
//! The stored form grows in place (see [`Growing`]), so that an aggregate appends a
//! moment without a copy and PostgreSQL passes its state between workers as a plain
//! value. Moments are put in order only when they are read: the same moments, added in
//! any order and merged from any parts, are the same timeline.

mod layout;
#[cfg(test)]
pub(crate) mod tests;
mod text;

use thiserror::Error;

use self::layout::Header;
pub use self::layout::{Growing, canonical, checked};
pub use self::text::{bytes_of, text_of};
use crate::error::UserError;
use crate::interrupt::Work;

/// How many conditions a timeline takes.
pub const CONDITIONS: std::ops::RangeInclusive<usize> = 1..=64;

/// A moment at which something happened to the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// In microseconds since 2000-01-01 UTC, the infinities as PostgreSQL has them.
    pub at: i64,
    /// The conditions that held, the first in the lowest bit. None held: something else
    /// happened.
    pub held: u64,
}

/// Why there is no timeline.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TimelineError {
    /// None, or more than fit.
    #[error("a timeline takes 1 to 64 conditions, not {0}")]
    Conditions(usize),
    /// Two that do not belong together.
    #[error("cannot merge timelines of different {0}")]
    Mismatch(&'static str),
    /// More than one value of PostgreSQL holds.
    #[error("timeline is too long")]
    TooLong,
    /// Written by a later version, or no timeline at all.
    #[error("unknown version {0} of timeline")]
    Version(u8),
    /// Bytes that no timeline is written as.
    #[error("invalid binary form of timeline")]
    Malformed(&'static str),
    /// Text that no timeline is printed as.
    #[error("invalid input syntax for type timeline")]
    Syntax,
}

impl UserError for TimelineError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Conditions(_) | Self::Mismatch(_) => "22023",
            Self::TooLong => "54000",
            Self::Version(_) | Self::Malformed(_) => "22P03",
            Self::Syntax => "22P02",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Malformed(what) => Some((*what).to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Conditions(_) => "Put conditions that count as the same step together with OR.",
            Self::Mismatch(_) => "Build both with the same arguments.",
            Self::TooLong => "Group by more, or leave rows out with FILTER (WHERE …).",
            Self::Version(_) => "Update the extension to read this timeline.",
            Self::Syntax => "Insert what the type itself printed, or use timeline().",
            Self::Malformed(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// A timeline as it is stored, read.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    header: Header,
    question: &'a [u8],
    moments: &'a [u8],
}

impl<'a> Timeline<'a> {
    /// Of the stored form.
    ///
    /// # Errors
    /// Bytes that are no timeline.
    pub fn read(bytes: &'a [u8]) -> Result<Self, TimelineError> {
        let (header, question, moments) = layout::split(bytes)?;
        Ok(Self {
            header,
            question,
            moments,
        })
    }

    /// How many conditions its moments tell of.
    #[must_use]
    pub fn conditions(&self) -> usize {
        usize::from(self.header.conditions)
    }

    /// What the aggregate that made it was asked: kept for its final function, opaque here.
    #[must_use]
    pub fn question(&self) -> &'a [u8] {
        self.question
    }

    /// How many moments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.moments.len() / self.header.width()
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// The moments in order of time, into `sorted`, which is cleared first: memory that a
    /// caller with many timelines keeps.
    pub fn sort_into(&self, sorted: &mut Vec<Moment>) {
        sorted.clear();
        layout::read_into(self.header, self.moments, sorted);
        if !self.header.is_ordered {
            sort(sorted);
        }
    }

    /// The moments in order of time.
    #[must_use]
    pub fn sorted(&self) -> Vec<Moment> {
        let mut sorted = Vec::new();
        self.sort_into(&mut sorted);
        sorted
    }
}

/// So many moments are sorted in a fraction of a second; counting steps would slow it down.
const SOON_SORTED: usize = 1 << 20;

fn sort(moments: &mut [Moment]) {
    if moments.len() <= SOON_SORTED {
        moments.sort_unstable();
        return;
    }
    let mut work = Work::default();
    moments.sort_unstable_by(|one, other| {
        work.done(1);
        one.cmp(other)
    });
}
