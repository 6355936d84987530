//! A sketch that changes where it lies: the state of an aggregate. What changes it returns
//! `None` if that could be done in the room there was, else what the state is from now on.

use std::collections::HashMap;

use super::DEFAULT_CAPACITY;
use super::layout::{Entry, KIND, PartsMut, STATE, View, capacity};
use crate::sketch::SketchError;
use crate::sketch::sealed::Head;

/// The state of no values.
///
/// # Errors
/// None: a state of none is not too large.
pub fn begin(capacity: Option<u32>) -> Result<Vec<u8>, SketchError> {
    View::of_nothing(capacity.unwrap_or(DEFAULT_CAPACITY)).state()
}

/// Adds a value to a state, of this capacity if one is given.
///
/// # Errors
/// Bytes that are no state, one of another capacity, or one that would be too large.
pub fn add(
    state: &mut [u8],
    asked: Option<u32>,
    value: &[u8],
) -> Result<Option<Vec<u8>>, SketchError> {
    let malformed = KIND.malformed("It is too short.");
    let (head, _) = Head::read(KIND, state)?;
    let ours = capacity(state).ok_or(malformed.clone())?;
    if let Some(asked) = asked.filter(|asked| *asked != ours) {
        return Err(KIND.mismatch("capacity", ours, asked));
    }
    if head.form == STATE {
        let is_full = head.number >= ours.saturating_mul(2);
        let mut parts = PartsMut::of(state).ok_or(malformed)?;
        if parts.count(value) || !is_full && parts.begin(value) {
            parts.count_row();
            return Ok(None);
        }
    }
    let mut view = View::read(state)?;
    if view.entries.len() >= 2 * view.capacity as usize {
        view = view.pruned();
    }
    view.rows = view.rows.saturating_add(1);
    match view.entries.iter_mut().find(|entry| entry.value == value) {
        Some(entry) => entry.count = entry.count.saturating_add(1),
        None => view.entries.push(Entry {
            value,
            count: view.missed.saturating_add(1),
            error: view.missed,
        }),
    }
    view.state().map(Some)
}

/// Adds the values of another sketch, in any form, to a state.
///
/// # Errors
/// Bytes that are no sketches, sketches of different capacity, or of more values than can
/// be counted.
pub fn merge(state: &mut [u8], other: &[u8]) -> Result<Option<Vec<u8>>, SketchError> {
    let (ours, theirs) = (View::read(state)?, View::read(other)?);
    let (a, b) = (ours.capacity, theirs.capacity);
    if a != b {
        return match (ours.rows == 0, theirs.rows == 0) {
            (false, false) => Err(KIND.mismatch("capacity", a, b)),
            // Of two that are empty the lesser, whichever comes first.
            (true, true) if a < b => Ok(None),
            (true, _) => theirs.state().map(Some),
            (false, true) => Ok(None),
        };
    }
    let rows = ours.rows.checked_add(theirs.rows);
    let rows = rows.filter(|rows| *rows <= i64::MAX as u64);
    let missed = ours.missed.checked_add(theirs.missed);
    let (Some(rows), Some(missed)) = (rows, missed) else {
        return Err(SketchError::TooLarge(KIND));
    };
    let mut entries: HashMap<&[u8], Entry> = HashMap::with_capacity(ours.entries.len());
    for entry in &ours.entries {
        entries.insert(entry.value, plus(*entry, theirs.missed));
    }
    for entry in &theirs.entries {
        entries
            .entry(entry.value)
            .and_modify(|both| {
                // Counted by both: what the other may have missed is known.
                both.count = both
                    .count
                    .saturating_sub(theirs.missed)
                    .saturating_add(entry.count);
                both.error = both
                    .error
                    .saturating_sub(theirs.missed)
                    .saturating_add(entry.error);
            })
            .or_insert_with(|| plus(*entry, ours.missed));
    }
    let merged = View {
        capacity: a,
        rows,
        missed,
        entries: entries.into_values().collect(),
    };
    merged.state().map(Some)
}

/// Of a value that the other sketch does not count: so often it may have been there.
fn plus(entry: Entry<'_>, missed: u64) -> Entry<'_> {
    Entry {
        count: entry.count.saturating_add(missed),
        error: entry.error.saturating_add(missed),
        ..entry
    }
}
