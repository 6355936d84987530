//! Counting distinct values in little memory: a HyperLogLog++ sketch.
//!
//! The counting is the crate `hyperloglogplus`; this module gives it hashes that are
//! stable (see [`crate::hash`]) and a binary form of its own. A sketch is a function of
//! the *set* of hashes added: in any order, merged from any parts, it has the same
//! estimate and the same bytes. The standard error is 1.04 / sqrt(2^precision); small
//! sets are kept as a list and counted almost exactly.
//!
//! Sketches of different precision do not merge: folding down would give another error
//! than the one asked for, silently.

mod layout;
mod registers;
mod text;

use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
use thiserror::Error;

use self::registers::{Mirror, PassThrough};
use crate::error::UserError;

/// The precision of sketches made without one: 16384 registers, 0.8 % standard error.
pub const DEFAULT_PRECISION: u8 = 14;
/// The precisions that can be had.
pub const PRECISIONS: std::ops::RangeInclusive<u8> = 4..=18;

/// Why there is no sketch.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SketchError {
    /// Outside [`PRECISIONS`].
    #[error("precision {0} of a hyperloglog is out of range")]
    Precision(u8),
    /// Two sketches of different precision.
    #[error("cannot merge hyperloglogs of different precision")]
    Mismatch {
        /// That of the first.
        left: u8,
        /// That of the second.
        right: u8,
    },
    /// Written by a later version, or no sketch at all.
    #[error("unknown version {0} of hyperloglog")]
    Version(u8),
    /// Bytes that no sketch is written as.
    #[error("invalid binary form of hyperloglog")]
    Malformed(&'static str),
    /// Text that no sketch is printed as.
    #[error("invalid input syntax for type hyperloglog")]
    Syntax,
    /// The mirror of the crate's private fields does not fit: a fault of ours.
    #[error("hyperloglog state cannot be read")]
    Mirror,
}

impl UserError for SketchError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Precision(_) | Self::Mismatch { .. } => "22023",
            Self::Version(_) | Self::Malformed(_) => "22P03",
            Self::Syntax => "22P02",
            Self::Mirror => "XX000",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Mismatch { left, right } => {
                Some(format!("The precisions are {left} and {right}."))
            }
            Self::Malformed(what) => Some((*what).to_owned()),
            Self::Precision(_) | Self::Version(_) | Self::Syntax | Self::Mirror => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Precision(_) => Some(format!(
                "Use a precision from {} to {}.",
                PRECISIONS.start(),
                PRECISIONS.end()
            )),
            Self::Mismatch { .. } => {
                Some("Build both from the values with the same precision.".to_owned())
            }
            Self::Version(_) => Some("Update the extension to read this sketch.".to_owned()),
            Self::Syntax => Some("Insert what the type itself printed, or use hll().".to_owned()),
            Self::Malformed(_) | Self::Mirror => None,
        }
    }
}

/// A set of hashes, remembered approximately.
#[derive(Clone, Debug)]
pub struct Sketch {
    precision: u8,
    counter: HyperLogLogPlus<u64, PassThrough>,
}

impl Sketch {
    /// The empty set.
    ///
    /// # Errors
    /// A precision outside [`PRECISIONS`].
    pub fn new(precision: u8) -> Result<Self, SketchError> {
        let counter = HyperLogLogPlus::new(precision, PassThrough)
            .map_err(|_| SketchError::Precision(precision))?;
        Ok(Self { precision, counter })
    }

    /// The number of bits of a hash that choose its register.
    #[must_use]
    pub fn precision(&self) -> u8 {
        self.precision
    }

    /// Adds the hash of a value.
    pub fn add(&mut self, hash: u64) {
        self.counter.insert(&hash);
    }

    /// Adds every hash of the other sketch.
    ///
    /// # Errors
    /// Sketches of different precision.
    pub fn merge(&mut self, other: &Self) -> Result<(), SketchError> {
        self.counter
            .merge(&other.counter)
            .map_err(|_| SketchError::Mismatch {
                left: self.precision,
                right: other.precision,
            })
    }

    /// The estimated number of distinct hashes. Takes `&mut self` because the crate
    /// sorts its list first; the set stays the same.
    pub fn cardinality(&mut self) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "far below 2^63, and saturating"
        )]
        let estimate = self.counter.count().round() as i64;
        estimate
    }

    /// The binary form. Equal sets give equal bytes.
    ///
    /// # Errors
    /// [`SketchError::Mirror`] only.
    pub fn to_bytes(&mut self) -> Result<Vec<u8>, SketchError> {
        // Counting settles the list: sorted, and in registers if it has grown too long.
        self.counter.count();
        Ok(layout::write(&Mirror::of(&self.counter)?))
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// Bytes that [`Sketch::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SketchError> {
        let mirror = layout::read(bytes)?;
        Ok(Self {
            precision: mirror.precision(),
            counter: mirror.into_counter()?,
        })
    }

    /// Reads the text form and checks it; returns the binary form.
    ///
    /// # Errors
    /// Text that [`Sketch::text_of`] does not print.
    pub fn bytes_of(text: &str) -> Result<Vec<u8>, SketchError> {
        let bytes = text::parse(text)?;
        Self::checked(&bytes)?;
        Ok(bytes)
    }

    /// The text form of a binary form: the version, a colon and base64.
    #[must_use]
    pub fn text_of(bytes: &[u8]) -> String {
        text::print(bytes)
    }

    /// Checks a binary form that comes from outside.
    ///
    /// # Errors
    /// Bytes that [`Sketch::to_bytes`] does not write.
    pub fn checked(bytes: &[u8]) -> Result<(), SketchError> {
        layout::read(bytes).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
