//! A sketch that changes where it lies: the state of an aggregate. What changes it returns
//! `None` if that could be done in the room there was, else what the state is from now on.

use super::layout::{
    Bucket, GREATEST, KIND, LEAST, SLOT, STATE, TABLE, View, added_up, empty_state, home, known,
    number, plain,
};
use super::mapping::{Accuracy, merged};
use super::{DEFAULT_ERROR, Ordered};
use crate::sketch::sealed::Head;
use crate::sketch::{SketchError, slots};

/// The state of no values.
#[must_use]
pub fn begin(error: Option<f64>) -> Vec<u8> {
    empty_state(Accuracy::of(error.unwrap_or(DEFAULT_ERROR)))
}

/// Adds a value to a state, of this error if one is given.
///
/// # Errors
/// Bytes that are no state, or one of another error.
pub fn add(
    state: &mut [u8],
    error: Option<f64>,
    value: f64,
) -> Result<Option<Vec<u8>>, SketchError> {
    let (head, _) = Head::read(KIND, state)?;
    if head.form != STATE {
        let mut thawed = View::read(state)?.thawed(0);
        let replaced = add(&mut thawed, error, value)?;
        return Ok(Some(replaced.unwrap_or(thawed)));
    }
    let accuracy = known(state).ok_or(KIND.malformed("It is too short."))?;
    if let Some(asked) = error.filter(|asked| *asked != accuracy.error) {
        return Err(KIND.mismatch("relative error", accuracy.error, asked));
    }
    let value = plain(value);
    widen(state, value, value)?;
    let place = accuracy.place(value, head.tag);
    add_bucket(state, head, Bucket { place, count: 1 })
}

/// Adds the values of another sketch, in any form, to a state.
///
/// # Errors
/// Bytes that are no sketches, sketches of different errors, or of more values than can be
/// counted.
pub fn merge(state: &mut [u8], other: &[u8]) -> Result<Option<Vec<u8>>, SketchError> {
    let (ours, theirs) = (View::read(state)?, View::read(other)?);
    let (a, b) = (ours.accuracy.error, theirs.accuracy.error);
    if a != b {
        return match (ours.is_empty(), theirs.is_empty()) {
            (false, false) => Err(KIND.mismatch("relative error", a, b)),
            // Of two that are empty the less accurate, whichever comes first.
            (true, true) if a > b => Ok(None),
            (true, _) => Ok(Some(theirs.thawed(0))),
            (false, true) => Ok(None),
        };
    }
    let total = ours.buckets().chain(theirs.buckets());
    let total: u128 = total.map(|bucket| u128::from(bucket.count)).sum();
    if total > i64::MAX as u128 {
        return Err(SketchError::TooLarge(KIND));
    }
    let is_ready = state[2] == STATE && ours.level >= theirs.level;
    let mut replaced = (!is_ready).then(|| ours.thawed(theirs.level));
    widen(
        replaced.as_deref_mut().unwrap_or(state),
        theirs.least,
        theirs.greatest,
    )?;
    for bucket in theirs.buckets() {
        let state: &mut [u8] = replaced.as_deref_mut().unwrap_or(state);
        let (head, _) = Head::read(KIND, state)?;
        let place = merged(bucket.place, head.tag.saturating_sub(theirs.level));
        let grown = add_bucket(state, head, Bucket { place, ..bucket })?;
        replaced = grown.or(replaced);
    }
    Ok(replaced)
}

/// Has a sketch keep other ends if they are beyond its own.
fn widen(state: &mut [u8], low: f64, high: f64) -> Result<(), SketchError> {
    let ends = number(state, LEAST).zip(number(state, GREATEST));
    let (least, greatest) = ends.ok_or(KIND.malformed("It is too short."))?;
    if low.is_less(least) {
        state[LEAST..LEAST + 8].copy_from_slice(&low.to_le_bytes());
    }
    if greatest.is_less(high) {
        state[GREATEST..GREATEST + 8].copy_from_slice(&high.to_le_bytes());
    }
    Ok(())
}

/// Counts more values of a bucket.
fn add_bucket(state: &mut [u8], head: Head, more: Bucket) -> Result<Option<Vec<u8>>, SketchError> {
    let room = state
        .get_mut(TABLE..)
        .ok_or(KIND.malformed("It is too short."))?;
    let table = room.as_chunks_mut::<SLOT>().0;
    let key = Bucket::key(more.place);
    let found = slots::find(table, home(key), |slot| slots::key(slot) == key);
    if let Some(slot) = found.and_then(|place| table.get_mut(place))
        && slots::key(slot) == key
    {
        let count = Bucket::of_slot(slot).count.saturating_add(more.count);
        *slot = Bucket { count, ..more }.slot();
        return Ok(None);
    }
    let count = head.number as usize + 1;
    let has_room = !slots::is_full(count, table.len());
    if let Some(place) = found.filter(|_| has_room) {
        table[place] = more.slot();
        let number = head.number + 1;
        Head { number, ..head }.write(state);
        let view = View::read(state)?;
        let fits = count <= view.accuracy.limit();
        return Ok((!fits).then(|| view.settled(view.sorted())));
    }
    let view = View::read(state)?;
    let buckets = view.buckets().chain([more]).collect();
    Ok(Some(view.settled(added_up(buckets))))
}
