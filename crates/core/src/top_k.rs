//! The most frequent values in bounded memory, each with its count and how far that may
//! be too high.
//!
//! A sketch of capacity k counts up to k values. Of a counted one it knows `count` and
//! `error`: it occurred at most `count` times and at least `count - error`. Of all others
//! it knows that none occurred more than `missed` times. That is no more than n / (k + 1)
//! of n values, so every value that makes up more than this share is counted. As long as
//! there are no more than k different values all counts are exact.
//!
//! A value that comes in uncounted is counted from `missed` + 1 on, with an error of
//! `missed`, as in Space-Saving (Metwally et al. 2005); when too many are counted only the k
//! greatest stay, and the greatest count that went is `missed`. That is Misra and Gries'
//! algorithm (1982), whose counters are `count - missed`, and so sketches merge as Agarwal
//! et al. (2012) show: counts and errors add up, with `missed` for a value that one of them
//! does not count. Room for twice as many makes that rare enough.
//!
//! Which of the values with a small count stay depends on the order of rows and on how
//! they were merged, the promises do not. Of equal counts the value that comes first, byte
//! by byte, stays. Values are what they are as text.

mod layout;
mod state;
mod text;

use self::layout::{Entry, KIND, View};
pub use self::layout::{checked, empty, sealed};
pub use self::state::{add, begin, merge};
pub use self::text::{bytes_of, text_of};
use crate::sketch::SketchError;

/// How many values sketches made without a capacity count.
pub const DEFAULT_CAPACITY: u32 = 100;
/// The capacities that can be had.
pub const CAPACITIES: std::ops::RangeInclusive<u32> = 1..=65_536;

/// A capacity that a user asked for.
///
/// # Errors
/// One outside [`CAPACITIES`], or NULL.
pub fn capacity(asked: Option<i32>) -> Result<u32, SketchError> {
    let what = "capacity";
    let asked = asked.ok_or(SketchError::Null { kind: KIND, what })?;
    u32::try_from(asked)
        .ok()
        .filter(|capacity| CAPACITIES.contains(capacity))
        .ok_or_else(|| {
            let range = format!("from {} to {}", CAPACITIES.start(), CAPACITIES.end());
            KIND.out_of_range(what, asked, range)
        })
}

/// A counted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// As text, in the encoding of the database.
    pub value: &'a [u8],
    /// It occurred no more often.
    pub count: i64,
    /// It occurred at least so much less often.
    pub error: i64,
}

/// The values with the greatest counts, greatest first, of equal ones in the order of
/// their bytes.
///
/// # Errors
/// Bytes that are no sketch.
pub fn top(bytes: &[u8], most: usize) -> Result<Vec<Counted<'_>>, SketchError> {
    let entries = View::read(bytes)?.pruned().entries;
    Ok(entries.into_iter().take(most).map(counted).collect())
}

/// The same with as many values as a user asks for.
///
/// # Errors
/// Less than none, too.
pub fn top_asked(bytes: &[u8], most: i32) -> Result<Vec<Counted<'_>>, SketchError> {
    let range = || "that is not negative".to_owned();
    let most =
        usize::try_from(most).map_err(|_| KIND.out_of_range("number of values", most, range()))?;
    top(bytes, most)
}

fn counted(entry: Entry<'_>) -> Counted<'_> {
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Counted {
        value: entry.value,
        count: signed(entry.count),
        error: signed(entry.error),
    }
}

/// How many values there were, repeated ones each time.
///
/// # Errors
/// Bytes that are no sketch.
pub fn value_count(bytes: &[u8]) -> Result<i64, SketchError> {
    Ok(i64::try_from(View::read(bytes)?.rows).unwrap_or(i64::MAX))
}

/// The sealed sketch of the values in either.
///
/// # Errors
/// Bytes that are no sketches, or sketches of different capacity.
pub fn union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, SketchError> {
    let mut state = left.to_vec();
    let merged = merge(&mut state, right)?;
    sealed(&merged.unwrap_or(state))
}

#[cfg(test)]
mod tests;
