//! What the sketches have in common: small summaries of many values, which merge.
//!
//! A sketch has two forms. The sealed one is a value of SQL: canonical (equal sketches
//! have equal bytes), versioned, and checked when it comes from outside. The other is
//! the state of an aggregate: it has room to grow and changes where it lies. Every
//! function reads both.

use std::fmt::Display;

use thiserror::Error;

use crate::error::UserError;

pub(crate) mod sealed;
pub(crate) mod slots;

/// A type of sketches, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The type in SQL.
    pub name: &'static str,
    /// The aggregate that makes one.
    pub maker: &'static str,
}

/// Why there is no sketch.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SketchError {
    /// An argument that no sketch is made with.
    #[error("{what} {given} of a {} is out of range", kind.name)]
    OutOfRange {
        /// The type.
        kind: Kind,
        /// The argument.
        what: &'static str,
        /// What it was.
        given: String,
        /// What it may be.
        range: String,
    },
    /// An argument that is NULL.
    #[error("{what} of a {} must not be NULL", kind.name)]
    Null {
        /// The type.
        kind: Kind,
        /// The argument.
        what: &'static str,
    },
    /// Two sketches that do not belong together.
    #[error("cannot merge a {} of {what} {left} with one of {what} {right}", kind.name)]
    Mismatch {
        /// The type.
        kind: Kind,
        /// In what they differ.
        what: &'static str,
        /// What the lesser one is.
        left: String,
        /// What the greater one is.
        right: String,
    },
    /// A question that has no answer.
    #[error("percentile value {0} is not between 0 and 1")]
    Fraction(String),
    /// More than one value of PostgreSQL holds.
    #[error("{} is too large", .0.name)]
    TooLarge(Kind),
    /// Written by a later version, or no sketch at all.
    #[error("unknown version {version} of {}", kind.name)]
    Version {
        /// The type.
        kind: Kind,
        /// The version.
        version: u8,
    },
    /// Bytes that no sketch is written as.
    #[error("invalid binary form of {}", kind.name)]
    Malformed {
        /// The type.
        kind: Kind,
        /// What is wrong.
        why: &'static str,
    },
    /// Text that no sketch is printed as.
    #[error("invalid input syntax for type {}", .0.name)]
    Syntax(Kind),
}

impl Kind {
    pub(crate) fn malformed(self, why: &'static str) -> SketchError {
        SketchError::Malformed { kind: self, why }
    }

    pub(crate) fn out_of_range(
        self,
        what: &'static str,
        given: impl Display,
        range: String,
    ) -> SketchError {
        SketchError::OutOfRange {
            kind: self,
            what,
            given: given.to_string(),
            range,
        }
    }

    /// The same error whichever of the two came first.
    pub(crate) fn mismatch<T: PartialOrd + Display>(
        self,
        what: &'static str,
        a: T,
        b: T,
    ) -> SketchError {
        let (left, right) = if b < a { (b, a) } else { (a, b) };
        SketchError::Mismatch {
            kind: self,
            what,
            left: left.to_string(),
            right: right.to_string(),
        }
    }
}

impl UserError for SketchError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } | Self::Mismatch { .. } => "22023",
            Self::Null { .. } => "22004",
            Self::Fraction(_) => "22003",
            Self::TooLarge(_) => "54000",
            Self::Version { .. } | Self::Malformed { .. } => "22P03",
            Self::Syntax(_) => "22P02",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Malformed { why, .. } => Some((*why).to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::OutOfRange { what, range, .. } => Some(format!("Use a {what} {range}.")),
            Self::Null { .. } => Some("Leave the argument out for its default.".to_owned()),
            Self::Mismatch { what, .. } => {
                Some(format!("Build both from the values with the same {what}."))
            }
            Self::Version { kind, .. } => {
                Some(format!("Update the extension to read this {}.", kind.name))
            }
            Self::Syntax(kind) => Some(format!(
                "Insert what the type itself printed, or use {}.",
                kind.maker
            )),
            Self::TooLarge(_) => Some("Shorten the values, or group by more.".to_owned()),
            Self::Fraction(_) | Self::Malformed { .. } => None,
        }
    }
}
