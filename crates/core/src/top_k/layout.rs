//! What a sketch is stored as (see [`crate::sketch::sealed`] for the header; the byte
//! after the version is zero). Everything is little-endian.
//!
//! | form | payload |
//! |---|---|
//! | 0, sealed | capacity (4 bytes), number of values and `missed` (8 each); for each counted value, the greatest count first, count, error and length as LEB128, and the value |
//! | 6, state | the same three; the number of slots of a hash table and the bytes in use after it (4 each); the slots: hash and place (4 each); and for each counted value, where its place is, count and error (8 each), length (4) and the value. The header has the number of counted values |

use std::cmp::Reverse;

use xxhash_rust::xxh3::xxh3_64;

use super::{CAPACITIES, DEFAULT_CAPACITY};
use crate::sketch::sealed::{HEADER, Head, read_varint, room, seal, write_varint};
use crate::sketch::{Kind, SketchError, slots};

pub(super) const KIND: Kind = Kind {
    name: "top_k_sketch",
    maker: "top_k()",
};

pub(super) const SEALED: u8 = 0;
pub(super) const STATE: u8 = 6;

const CAPACITY: usize = HEADER;
const ROWS: usize = CAPACITY + 4;
const MISSED: usize = ROWS + 8;
const ENTRIES: usize = MISSED + 8;
const SLOTS: usize = ENTRIES;
const USED: usize = SLOTS + 4;
const TABLE: usize = USED + 4;
pub(super) const SLOT: usize = 8;
pub(super) type Slot = [u8; SLOT];
/// Bytes of a counted value in a state, but for the value.
pub(super) const COUNTERS: usize = 20;
/// What a state may take: PostgreSQL's values end at 1 GB, and one that grows is there twice.
const MOST_BYTES: usize = 1 << 29;

pub(super) fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn small(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = *bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

/// The key of a value in a hash table.
pub(super) fn key_of(value: &[u8]) -> u32 {
    xxh3_64(value) as u32 | 1
}

/// A counted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) value: &'a [u8],
    pub(super) count: u64,
    pub(super) error: u64,
}

impl<'a> Entry<'a> {
    /// At the front of what a sealed sketch holds.
    fn listed(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (count, bytes) = read_varint(bytes)?;
        let (error, bytes) = read_varint(bytes)?;
        let (length, bytes) = read_varint(bytes)?;
        let (value, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        let entry = Self {
            value,
            count,
            error,
        };
        Some((entry, rest))
    }

    /// At a place in what a state holds.
    pub(super) fn placed(bytes: &'a [u8], place: usize) -> Option<Self> {
        let begin = place.checked_add(COUNTERS)?;
        let length = small(bytes, place.checked_add(16)?)?;
        Some(Self {
            value: bytes.get(begin..begin.checked_add(length)?)?,
            count: number(bytes, place)?,
            error: number(bytes, place + 8)?,
        })
    }

    /// Bytes in a state.
    pub(super) fn bytes(&self) -> usize {
        COUNTERS + self.value.len()
    }

    fn order(&self) -> (Reverse<u64>, &'a [u8]) {
        (Reverse(self.count), self.value)
    }
}

/// A sketch in any form, read.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) capacity: u32,
    pub(super) rows: u64,
    pub(super) missed: u64,
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> View<'a> {
    /// A sketch of no values.
    pub(super) const fn of_nothing(capacity: u32) -> Self {
        Self {
            capacity,
            rows: 0,
            missed: 0,
            entries: Vec::new(),
        }
    }

    /// Of stored bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, SketchError> {
        let (head, payload) = Head::read(KIND, bytes)?;
        let entries = match head.form {
            SEALED => {
                head.check(KIND, payload)?;
                let mut rest = bytes.get(ENTRIES..).unwrap_or_default();
                let next = || {
                    let (entry, after) = Entry::listed(rest)?;
                    rest = after;
                    Some(entry)
                };
                std::iter::from_fn(next).collect()
            }
            STATE => Parts::of(bytes)
                .map(|parts| parts.entries())
                .unwrap_or_default(),
            _ => return Err(KIND.malformed("The form is unknown.")),
        };
        let read = || {
            Some(Self {
                capacity: capacity(bytes)?,
                rows: number(bytes, ROWS)?,
                missed: number(bytes, MISSED)?,
                entries,
            })
        };
        read()
            .filter(|view| CAPACITIES.contains(&view.capacity))
            .ok_or(KIND.malformed("Its header is wrong."))
    }

    /// In order, and no more of them than there may be.
    pub(super) fn pruned(mut self) -> Self {
        self.entries.sort_unstable_by_key(Entry::order);
        let most = self.capacity as usize;
        if let Some(first) = self.entries.get(most) {
            self.missed = self.missed.max(first.count);
            self.entries.truncate(most);
        }
        self
    }

    /// Header and numbers, in so many bytes.
    fn begun(&self, form: u8, length: usize) -> Vec<u8> {
        let mut bytes = room(0, form, length.max(ENTRIES));
        bytes[CAPACITY..ROWS].copy_from_slice(&self.capacity.to_le_bytes());
        bytes[ROWS..MISSED].copy_from_slice(&self.rows.to_le_bytes());
        bytes[MISSED..ENTRIES].copy_from_slice(&self.missed.to_le_bytes());
        bytes
    }

    pub(super) fn sealed(self) -> Vec<u8> {
        let view = self.pruned();
        let mut bytes = view.begun(SEALED, ENTRIES);
        for entry in view.entries {
            write_varint(&mut bytes, entry.count);
            write_varint(&mut bytes, entry.error);
            write_varint(&mut bytes, entry.value.len() as u64);
            bytes.extend(entry.value);
        }
        seal(&mut bytes);
        bytes
    }

    /// A state with room for as many entries as there are again, or as many as there may
    /// be: twice the capacity.
    pub(super) fn state(mut self) -> Result<Vec<u8>, SketchError> {
        let most = 2 * self.capacity as usize;
        if self.entries.len() > most {
            self = self.pruned();
        }
        let count = self.entries.len();
        let used: usize = self.entries.iter().map(Entry::bytes).sum();
        let slots = 4 * (2 * count).min(most).max(count).max(4) / 3 + 2;
        let length = TABLE + SLOT * slots + (2 * used).max(96);
        if length > MOST_BYTES {
            return Err(SketchError::TooLarge(KIND));
        }
        let mut state = self.begun(STATE, length);
        state[SLOTS..USED].copy_from_slice(&(slots as u32).to_le_bytes());
        if let Some(mut parts) = PartsMut::of(&mut state) {
            for entry in &self.entries {
                parts.place(entry);
            }
        }
        Ok(state)
    }
}

/// The capacity of a sketch.
pub(super) fn capacity(bytes: &[u8]) -> Option<u32> {
    small(bytes, CAPACITY).and_then(|capacity| u32::try_from(capacity).ok())
}

/// The table and the entries of a state.
struct Parts<'a> {
    table: &'a [Slot],
    entries: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(state: &'a [u8]) -> Option<Self> {
        let length = small(state, SLOTS)?.checked_mul(SLOT)?;
        let (table, entries) = state.get(TABLE..)?.split_at_checked(length)?;
        let table = table.as_chunks().0;
        Some(Self { table, entries })
    }

    fn entries(self) -> Vec<Entry<'a>> {
        let filled = self.table.iter().filter(|slot| slots::key(slot) != 0);
        filled
            .filter_map(|slot| Entry::placed(self.entries, small(slot, 4)?))
            .collect()
    }
}

/// A state, to be changed where it lies.
pub(super) struct PartsMut<'a> {
    head: &'a mut [u8],
    table: &'a mut [Slot],
    entries: &'a mut [u8],
}

impl<'a> PartsMut<'a> {
    pub(super) fn of(state: &'a mut [u8]) -> Option<Self> {
        let length = small(state, SLOTS)?.checked_mul(SLOT)?;
        let (head, rest) = state.split_at_mut_checked(TABLE)?;
        let (table, entries) = rest.split_at_mut_checked(length)?;
        let table = table.as_chunks_mut().0;
        Some(Self {
            head,
            table,
            entries,
        })
    }

    fn set(&mut self, at: usize, number: u64) {
        self.head[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }

    /// Counts another row.
    pub(super) fn count_row(&mut self) {
        let rows = number(self.head, ROWS).unwrap_or_default();
        self.set(ROWS, rows.saturating_add(1));
    }

    /// Counts a value once more, if it is counted.
    pub(super) fn count(&mut self, value: &[u8]) -> bool {
        let key = key_of(value);
        let entries = &*self.entries;
        let is_it = |slot: &Slot| {
            let at = || Entry::placed(entries, small(slot, 4)?);
            slots::key(slot) == key && at().is_some_and(|entry| entry.value == value)
        };
        let Some(slot) = slots::find(self.table, key, is_it).map(|place| self.table[place]) else {
            return false;
        };
        let place = small(&slot, 4).filter(|_| slots::key(&slot) != 0);
        let Some(count) = place.and_then(|place| self.entries.get_mut(place..place + 8)) else {
            return false;
        };
        let more = number(count, 0).unwrap_or_default().saturating_add(1);
        count.copy_from_slice(&more.to_le_bytes());
        true
    }

    /// Counts a value that is not counted yet from `missed` + 1 on; `false` if there is no
    /// room for it.
    pub(super) fn begin(&mut self, value: &[u8]) -> bool {
        let missed = number(self.head, MISSED).unwrap_or_default();
        self.place(&Entry {
            value,
            count: missed.saturating_add(1),
            error: missed,
        })
    }

    /// Puts an entry where it goes; `false` if there is no room for it.
    fn place(&mut self, entry: &Entry) -> bool {
        let used = small(self.head, USED).unwrap_or_default();
        let Ok((head, _)) = Head::read(KIND, self.head) else {
            return false;
        };
        let end = used.saturating_add(entry.bytes());
        if slots::is_full(head.number as usize + 1, self.table.len()) {
            return false;
        }
        let key = key_of(entry.value);
        let Some(slot) = slots::find(self.table, key, |_| false) else {
            return false;
        };
        let Some(place) = self.entries.get_mut(used..end) else {
            return false;
        };
        place[..8].copy_from_slice(&entry.count.to_le_bytes());
        place[8..16].copy_from_slice(&entry.error.to_le_bytes());
        place[16..COUNTERS].copy_from_slice(&(entry.value.len() as u32).to_le_bytes());
        place[COUNTERS..].copy_from_slice(entry.value);
        self.table[slot][..4].copy_from_slice(&key.to_le_bytes());
        self.table[slot][4..].copy_from_slice(&(used as u32).to_le_bytes());
        self.head[USED..TABLE].copy_from_slice(&(end as u32).to_le_bytes());
        let number = head.number + 1;
        Head { number, ..head }.write(self.head);
        true
    }
}

/// The sealed form: in order, and no more values than the capacity.
///
/// # Errors
/// Bytes that are no sketch.
pub fn sealed(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    View::read(bytes).map(View::sealed)
}

/// The sealed sketch of no values.
#[must_use]
pub fn empty() -> Vec<u8> {
    View::of_nothing(DEFAULT_CAPACITY).sealed()
}

/// Checks what comes from outside; returns the sealed form.
///
/// # Errors
/// Bytes that no sketch is written as.
pub fn checked(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    let view = View::read(bytes)?;
    let mut values: Vec<_> = view.entries.iter().map(|entry| entry.value).collect();
    values.sort_unstable();
    // The promise about what is missed, in the counters of Misra and Gries.
    let counters = view
        .entries
        .iter()
        .map(|entry| u128::from(entry.count.saturating_sub(view.missed)));
    let share = (u128::from(view.capacity) + 1) * u128::from(view.missed);
    let is_sound = values.is_sorted_by(|a, b| a < b)
        && values.iter().all(|value| !value.contains(&0))
        && view.entries.iter().all(|entry| {
            entry.error < entry.count && entry.error <= view.missed && entry.count >= view.missed
        })
        && counters.sum::<u128>() + share <= u128::from(view.rows)
        && view.rows <= i64::MAX as u64;
    let sealed = view.sealed();
    // Equal: in order, not too many, each number as short as can be and nothing behind.
    if is_sound && (bytes[2] == STATE || sealed == bytes) {
        return Ok(sealed);
    }
    Err(KIND.malformed("The payload is damaged."))
}
