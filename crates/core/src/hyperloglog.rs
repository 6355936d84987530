//! Counting distinct values in little memory: a HyperLogLog sketch.
//!
//! Values are hashed to 64 bits (see [`crate::hash`]). Of a hash the first `precision`
//! bits choose a register, which keeps the greatest rank seen: one more than the zeros
//! that follow (Flajolet et al. 2007). As long as that takes less room, the sketch keeps
//! the hashes themselves, cut to 25 bits and a rank (the sparse mode of HyperLogLog++,
//! Heule et al. 2013), and counts almost exactly. Registers are counted by the improved
//! raw estimator of Ertl 2017 ("New cardinality estimation algorithms for HyperLogLog
//! sketches"), which needs no tables of measured bias. The standard error is
//! 1.04 / sqrt(2^precision).
//!
//! A sketch is a function of the *set* of hashes added: in any order, merged from any
//! parts, it has the same estimate and the same bytes. Sketches of different precision
//! do not merge: folding down would give another error than the one asked for, silently.
//! The empty sketch merges with any.

mod estimate;
mod layout;
mod state;

use self::layout::{Content, View};
pub use self::state::{add, begin, merge};
use crate::sketch::{Kind, SketchError, sealed};

/// The precision of sketches made without one: 16384 registers, 0.8 % standard error.
pub const DEFAULT_PRECISION: u8 = 14;
/// The precisions that can be had.
pub const PRECISIONS: std::ops::RangeInclusive<u8> = 4..=18;

const KIND: Kind = Kind {
    name: "hyperloglog",
    maker: "hll()",
};

/// A precision that a user asked for.
///
/// # Errors
/// One outside [`PRECISIONS`], or NULL.
pub fn precision(asked: Option<i32>) -> Result<u8, SketchError> {
    let asked = asked.ok_or(SketchError::Null {
        kind: KIND,
        what: "precision",
    })?;
    u8::try_from(asked)
        .ok()
        .filter(|precision| PRECISIONS.contains(precision))
        .ok_or_else(|| {
            let range = format!("from {} to {}", PRECISIONS.start(), PRECISIONS.end());
            KIND.out_of_range("precision", asked, range)
        })
}

/// The estimated number of distinct hashes in a sketch.
///
/// # Errors
/// Bytes that are no sketch.
pub fn cardinality(bytes: &[u8]) -> Result<i64, SketchError> {
    let view = View::read(bytes)?;
    let estimate = match (view.content, view.listed()) {
        (Content::Registers(words), _) => estimate::of_registers(words, view.precision),
        (_, Some(codes)) => estimate::of_codes(codes.len()),
        (_, None) => return cardinality(&view.registers()),
    };
    Ok(estimate.round() as i64)
}

/// The sealed form: equal sets give equal bytes.
///
/// # Errors
/// Bytes that are no sketch.
pub fn sealed(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    View::read(bytes).map(|view| view.sealed())
}

/// The sealed sketch of no values.
#[must_use]
pub fn empty() -> Vec<u8> {
    View {
        precision: DEFAULT_PRECISION,
        content: Content::List(&[]),
    }
    .sealed()
}

/// The sealed sketch of the values in either.
///
/// # Errors
/// Bytes that are no sketches, or sketches of different precision.
pub fn union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, SketchError> {
    let mut state = left.to_vec();
    let merged = merge(&mut state, right)?;
    sealed(&merged.unwrap_or(state))
}

/// Checks what comes from outside; returns the sealed form.
///
/// # Errors
/// Bytes that no sketch is written as.
pub fn checked(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    View::read(bytes)?.checked()
}

/// Reads the text form.
///
/// # Errors
/// Text that [`text_of`] does not print.
pub fn bytes_of(text: &str) -> Result<Vec<u8>, SketchError> {
    checked(&sealed::parse(KIND, text)?)
}

/// The text form: the version, a colon and base64.
///
/// # Errors
/// Bytes that are no sketch.
pub fn text_of(bytes: &[u8]) -> Result<String, SketchError> {
    Ok(sealed::print(&sealed(bytes)?))
}

#[cfg(test)]
mod tests;
