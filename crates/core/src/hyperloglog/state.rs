//! A sketch that changes where it lies: the state of an aggregate.
//!
//! What changes it returns `None` if that could be done in the room there was, else what
//! the state is from now on.

use super::layout::{
    Content, REGISTER, REGISTER_BITS, REGISTERS, REGISTERS_PER_WORD, TABLE, View, Word,
    bytes_of_list, code_of, decode, home, list_limit, raise, rank,
};
use super::{DEFAULT_PRECISION, KIND, PRECISIONS};
use crate::sketch::sealed::{HEADER, Head, room};
use crate::sketch::{SketchError, slots};

/// What a state takes at first; from then on it doubles. With PostgreSQL's four bytes
/// before it that is a power of two, of which nothing is lost.
const FIRST_BYTES: usize = 60;

/// The state of no values.
#[must_use]
pub fn begin(precision: Option<u8>) -> Vec<u8> {
    room(precision.unwrap_or(DEFAULT_PRECISION), TABLE, FIRST_BYTES)
}

/// Adds a hash to a state, of this `precision` if one is given.
///
/// # Errors
/// Bytes that are no sketch, or one of another precision.
pub fn add(
    state: &mut [u8],
    precision: Option<u8>,
    hash: u64,
) -> Result<Option<Vec<u8>>, SketchError> {
    let (head, _) = Head::read(KIND, state)?;
    if let Some(precision) = precision.filter(|precision| *precision != head.tag) {
        return Err(KIND.mismatch("precision", head.tag, precision));
    }
    match head.form {
        // Most rows of large sets end here. A state of another length than registers have
        // does no harm: `raise` keeps to it.
        REGISTERS if PRECISIONS.contains(&head.tag) => {
            let words = state[HEADER..].as_chunks_mut::<4>().0;
            let register = (hash >> (64 - head.tag)) as u32;
            raise(words, register, rank(hash, head.tag));
            Ok(None)
        }
        TABLE if PRECISIONS.contains(&head.tag) => {
            Ok(add_code(state, head, code_of(hash, head.tag)))
        }
        _ => {
            let mut thawed = thawed(View::read(state)?);
            let replaced = add(&mut thawed, precision, hash)?;
            Ok(Some(replaced.unwrap_or(thawed)))
        }
    }
}

/// Adds the hashes of another sketch, in any form, to a state.
///
/// # Errors
/// Bytes that are no sketches, or sketches of different precision.
pub fn merge(state: &mut [u8], other: &[u8]) -> Result<Option<Vec<u8>>, SketchError> {
    let (ours, theirs) = (View::read(state)?, View::read(other)?);
    if ours.precision != theirs.precision {
        return match (ours.is_empty(), theirs.is_empty()) {
            (false, false) => Err(KIND.mismatch("precision", ours.precision, theirs.precision)),
            // Of two that are empty the less precise, whichever comes first.
            (true, true) if ours.precision < theirs.precision => Ok(None),
            (true, _) => Ok(Some(thawed(theirs))),
            (false, true) => Ok(None),
        };
    }
    match (ours.content, theirs.content) {
        (Content::Registers(_), Content::Registers(theirs)) => {
            state[2] = REGISTERS;
            let words = state[HEADER..].as_chunks_mut::<4>().0;
            for (ours, theirs) in words.iter_mut().zip(theirs) {
                *ours = greatest(u32::from_le_bytes(*ours), u32::from_le_bytes(*theirs));
            }
            Ok(None)
        }
        (Content::Registers(_), codes) => {
            state[2] = REGISTERS;
            let words = state[HEADER..].as_chunks_mut::<4>().0;
            for code in codes.codes() {
                let (register, rank) = decode(code, theirs.precision);
                raise(words, register, rank);
            }
            Ok(None)
        }
        (codes, Content::Registers(_)) => {
            let mut merged = theirs.registers();
            let words = merged[HEADER..].as_chunks_mut::<4>().0;
            for code in codes.codes() {
                let (register, rank) = decode(code, ours.precision);
                raise(words, register, rank);
            }
            Ok(Some(merged))
        }
        (_, codes) => merge_codes(state, codes.codes()),
    }
}

fn merge_codes(
    state: &mut [u8],
    codes: impl Iterator<Item = u32>,
) -> Result<Option<Vec<u8>>, SketchError> {
    let mut replaced = match Head::read(KIND, state)?.0.form {
        TABLE => None,
        _ => Some(thawed(View::read(state)?)),
    };
    for code in codes {
        let state: &mut [u8] = replaced.as_deref_mut().unwrap_or(state);
        let (head, _) = Head::read(KIND, state)?;
        let grown = match head.form {
            TABLE => add_code(state, head, code),
            _ => {
                let (register, rank) = decode(code, head.tag);
                raise(state[HEADER..].as_chunks_mut::<4>().0, register, rank);
                None
            }
        };
        replaced = grown.or(replaced);
    }
    Ok(replaced)
}

/// Adds a code to a table.
fn add_code(state: &mut [u8], head: Head, code: u32) -> Option<Vec<u8>> {
    let table = state[HEADER..].as_chunks_mut::<4>().0;
    let count = head.number as usize;
    let found = slots::find(table, home(code), |slot| slots::key(slot) == code);
    if let Some(place) = found {
        if table[place] == code.to_le_bytes() {
            return None;
        }
        if !slots::is_full(count + 1, table.len()) {
            table[place] = code.to_le_bytes();
            let number = head.number + 1;
            Head { number, ..head }.write(state);
            return None;
        }
    }
    let view = View {
        precision: head.tag,
        content: Content::Table(table),
    };
    let mut codes = view.sorted();
    if let Err(place) = codes.binary_search(&code) {
        codes.insert(place, code);
    }
    if bytes_of_list(&codes) > list_limit(head.tag) {
        let mut registers = view.registers();
        let (register, rank) = decode(code, head.tag);
        raise(registers[HEADER..].as_chunks_mut::<4>().0, register, rank);
        return Some(registers);
    }
    Some(table_of(head.tag, &codes, 2 * (state.len() + 4) - 4))
}

/// A table of `codes` in so many bytes, or as many as it takes.
fn table_of(precision: u8, codes: &[u32], mut bytes: usize) -> Vec<u8> {
    while slots::is_full(codes.len(), (bytes - HEADER) / 4) {
        bytes = 2 * (bytes + 4) - 4;
    }
    let mut state = room(precision, TABLE, bytes);
    let table = state[HEADER..].as_chunks_mut::<4>().0;
    for code in codes {
        let free = slots::find(table, home(*code), |_| false);
        if let Some(slot) = free.and_then(|place| table.get_mut(place)) {
            *slot = code.to_le_bytes();
        }
    }
    Head {
        tag: precision,
        form: TABLE,
        number: codes.len() as u32,
    }
    .write(&mut state);
    state
}

/// A state of what a sketch holds.
fn thawed(view: View) -> Vec<u8> {
    match view.content {
        Content::Registers(_) => view.registers(),
        _ => table_of(view.precision, &view.sorted(), FIRST_BYTES),
    }
}

/// The greater of each register of two words. A bit above each, in every other one of
/// them at a time, tells which is.
fn greatest(a: u32, b: u32) -> Word {
    const EVEN: u32 = REGISTER | REGISTER << (2 * REGISTER_BITS) | REGISTER << (4 * REGISTER_BITS);
    const ABOVE: u32 = (EVEN & EVEN >> (REGISTER_BITS - 1)) << REGISTER_BITS;
    const _: () = assert!(5 == REGISTERS_PER_WORD);
    let half = |a: u32, b: u32| {
        // The bit above stays where a is not less than b.
        let is_a = (((a | ABOVE) - b) & ABOVE) >> REGISTER_BITS;
        let mask = is_a * REGISTER;
        a & mask | b & !mask & EVEN
    };
    let even = half(a & EVEN, b & EVEN);
    let odd = half(a >> REGISTER_BITS & EVEN, b >> REGISTER_BITS & EVEN);
    (even | odd << REGISTER_BITS).to_le_bytes()
}
