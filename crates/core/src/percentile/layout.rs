//! What a sketch is stored as (see [`crate::sketch::sealed`] for the header; the byte
//! after the version is how often buckets have merged). Everything is little-endian.
//!
//! | form | payload |
//! |---|---|
//! | 0, sealed | the error asked for, least value, greatest value (8 bytes each); for each bucket, in order, the difference of its key to the one before and its count, both as LEB128 |
//! | 6, state | the same three, buckets for each power of two, and a hash table of keys (4 bytes) and counts (8); their number in the header |
//!
//! A key is the number of a bucket plus 2^31; none is zero. Of no values, least is NaN,
//! which is the greatest of all, and greatest -infinity. -0 is 0, and every NaN is one.

use super::mapping::{Accuracy, LEVELS, merged};
use super::{DEFAULT_ERROR, Ordered};
use crate::sketch::sealed::{HEADER, Head, parse, print, read_varint, room, seal, write_varint};
use crate::sketch::{Kind, SketchError, slots};

pub(super) const KIND: Kind = Kind {
    name: "percentile_sketch",
    maker: "percentile_sketch() of numbers",
};

pub(super) const SEALED: u8 = 0;
pub(super) const STATE: u8 = 6;

const NUMBER: usize = 8;
/// Where least and greatest lie.
pub(super) const LEAST: usize = HEADER + NUMBER;
pub(super) const GREATEST: usize = LEAST + NUMBER;
const PER_POWER: usize = GREATEST + NUMBER;
/// Where the table of a state begins.
pub(super) const TABLE: usize = PER_POWER + NUMBER;
/// Bytes of its slots: key and count.
pub(super) const SLOT: usize = 12;
pub(super) type Slot = [u8; SLOT];

/// Values that are counted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    pub(super) place: i32,
    pub(super) count: u64,
}

impl Bucket {
    pub(super) const fn key(place: i32) -> u32 {
        place as u32 ^ 1 << 31
    }

    pub(super) const fn place(key: u32) -> i32 {
        (key ^ 1 << 31) as i32
    }

    pub(super) fn of_slot(slot: &Slot) -> Self {
        let mut count = [0; NUMBER];
        count.copy_from_slice(&slot[4..]);
        Self {
            place: Self::place(slots::key(slot)),
            count: u64::from_le_bytes(count),
        }
    }

    pub(super) fn slot(self) -> Slot {
        let mut slot = [0; SLOT];
        slot[..4].copy_from_slice(&Self::key(self.place).to_le_bytes());
        slot[4..].copy_from_slice(&self.count.to_le_bytes());
        slot
    }
}

/// Where to look for a key: consecutive ones are common.
pub(super) const fn home(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1)
}

pub(super) fn number(bytes: &[u8], at: usize) -> Option<f64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(f64::from_le_bytes(*bytes))
}

/// A number as it is stored: -0 is 0, and every NaN is one.
pub(super) fn plain(value: f64) -> f64 {
    if value.is_nan() {
        // The bits of f64::NAN depend on the machine.
        f64::from_bits(0x7FF8 << 48)
    } else {
        value + 0.0
    }
}

/// A sketch in any form, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) level: u8,
    pub(super) accuracy: Accuracy,
    pub(super) least: f64,
    pub(super) greatest: f64,
    listed: &'a [u8],
    slots: &'a [Slot],
}

impl<'a> View<'a> {
    /// Of stored bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, SketchError> {
        let (head, payload) = Head::read(KIND, bytes)?;
        let (listed, slots) = match head.form {
            SEALED => {
                head.check(KIND, payload)?;
                (bytes.get(PER_POWER..), &[][..])
            }
            STATE => (Some(&[][..]), table(bytes)),
            _ => return Err(KIND.malformed("The form is unknown.")),
        };
        let read = || {
            let error = super::error(number(bytes, HEADER)).ok()?;
            Some(Self {
                level: head.tag,
                accuracy: Accuracy::of(error),
                least: number(bytes, LEAST)?,
                greatest: number(bytes, GREATEST)?,
                listed: listed?,
                slots,
            })
        };
        read()
            .filter(|view| view.level <= LEVELS)
            .ok_or(KIND.malformed("Its header is wrong."))
    }

    /// The buckets as they lie.
    pub(super) fn buckets(self) -> impl Iterator<Item = Bucket> + 'a {
        let (mut rest, mut key) = (self.listed, 0u32);
        let listed = std::iter::from_fn(move || {
            let (step, after) = read_varint(rest)?;
            let (count, after) = read_varint(after)?;
            rest = after;
            key = key.checked_add(u32::try_from(step).ok()?)?;
            let place = Bucket::place(key);
            Some(Bucket { place, count })
        });
        let filled = self.slots.iter().filter(|slot| slots::key(slot) != 0);
        listed.chain(filled.map(Bucket::of_slot))
    }

    /// The buckets in order.
    pub(super) fn sorted(self) -> Vec<Bucket> {
        let mut buckets: Vec<_> = self.buckets().collect();
        buckets.sort_unstable();
        buckets
    }

    /// Whether there are no values.
    pub(super) fn is_empty(self) -> bool {
        self.buckets().next().is_none()
    }

    fn sealed(self) -> Vec<u8> {
        let mut bytes = self.begun(SEALED, PER_POWER);
        let mut last = 0;
        for Bucket { place, count } in self.sorted() {
            let key = Bucket::key(place);
            write_varint(&mut bytes, u64::from(key.wrapping_sub(last)));
            write_varint(&mut bytes, count);
            last = key;
        }
        seal(&mut bytes);
        bytes
    }

    /// Header, error, least and greatest of so many bytes.
    fn begun(self, form: u8, length: usize) -> Vec<u8> {
        let mut bytes = room(self.level, form, length.max(PER_POWER));
        let numbers = [self.accuracy.error, self.least, self.greatest];
        for (place, number) in bytes[HEADER..].chunks_exact_mut(NUMBER).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// A state with these buckets instead, with room for as many as that again, or for as
    /// many as there may be.
    pub(super) fn state_of(self, buckets: &[Bucket]) -> Vec<u8> {
        let most = (2 * buckets.len()).clamp(4, self.accuracy.limit().max(buckets.len()));
        let mut slots = 4 * (most + 1) / 3;
        while slots::is_full(most, slots) {
            slots += 1;
        }
        let mut state = self.begun(STATE, TABLE + SLOT * slots);
        state[PER_POWER..TABLE].copy_from_slice(&self.accuracy.per_power.to_le_bytes());
        let table = state[TABLE..].as_chunks_mut::<SLOT>().0;
        for bucket in buckets {
            let free = slots::find(table, home(Bucket::key(bucket.place)), |_| false);
            if let Some(slot) = free.and_then(|place| table.get_mut(place)) {
                *slot = bucket.slot();
            }
        }
        let head = Head {
            tag: self.level,
            form: STATE,
            number: buckets.len() as u32,
        };
        head.write(&mut state);
        state
    }

    /// A state of these buckets instead, in which no more have merged than must.
    pub(super) fn settled(mut self, mut buckets: Vec<Bucket>) -> Vec<u8> {
        while buckets.len() > self.accuracy.limit() && self.level < LEVELS {
            self = self.at_level(self.level + 1);
            for bucket in &mut buckets {
                bucket.place = merged(bucket.place, 1);
            }
            buckets = added_up(buckets);
        }
        self.state_of(&buckets)
    }

    fn at_level(self, level: u8) -> Self {
        Self { level, ..self }
    }

    /// A state in which buckets have merged at least so often.
    pub(super) fn thawed(self, level: u8) -> Vec<u8> {
        let level = level.max(self.level);
        let mut buckets = self.sorted();
        for bucket in &mut buckets {
            bucket.place = merged(bucket.place, level - self.level);
        }
        self.at_level(level).settled(added_up(buckets))
    }
}

/// Buckets in order, each once.
pub(super) fn added_up(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    buckets.sort_unstable();
    buckets.dedup_by(|next, kept| {
        let is_same = next.place == kept.place;
        if is_same {
            kept.count = kept.count.saturating_add(next.count);
        }
        is_same
    });
    buckets
}

/// The table of a state.
fn table(state: &[u8]) -> &[Slot] {
    let table = state.get(TABLE..).unwrap_or_default();
    table.as_chunks::<SLOT>().0
}

/// What a state was made for, as far as it takes to add to it.
pub(super) fn known(state: &[u8]) -> Option<Accuracy> {
    let (error, per_power) = number(state, HEADER).zip(number(state, PER_POWER))?;
    Some(Accuracy::known(error, per_power))
}

/// A state of no values.
pub(super) fn empty_state(accuracy: Accuracy) -> Vec<u8> {
    of_nothing(accuracy).state_of(&[])
}

fn of_nothing<'a>(accuracy: Accuracy) -> View<'a> {
    View {
        level: 0,
        accuracy,
        least: plain(f64::NAN),
        greatest: f64::NEG_INFINITY,
        listed: &[],
        slots: &[],
    }
}

/// The sealed form: the same values give the same bytes.
///
/// # Errors
/// Bytes that are no sketch.
pub fn sealed(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    View::read(bytes).map(View::sealed)
}

/// The sealed sketch of no values.
#[must_use]
pub fn empty() -> Vec<u8> {
    of_nothing(Accuracy::of(DEFAULT_ERROR)).sealed()
}

/// Checks what comes from outside; returns the sealed form.
///
/// # Errors
/// Bytes that no sketch is written as.
pub fn checked(bytes: &[u8]) -> Result<Vec<u8>, SketchError> {
    let view = View::read(bytes)?;
    let buckets = view.sorted();
    let total: u128 = buckets.iter().map(|bucket| u128::from(bucket.count)).sum();
    let place = |value| view.accuracy.place(value, view.level);
    let ends = match (buckets.first(), buckets.last()) {
        (Some(first), Some(last)) => {
            place(view.least) == first.place
                && place(view.greatest) == last.place
                && !view.greatest.is_less(view.least)
        }
        _ => view.sealed() == of_nothing(view.accuracy).sealed(),
    };
    let is_sound = ends
        && buckets.is_sorted_by(|a, b| a.place < b.place)
        && buckets.iter().all(|bucket| bucket.count > 0)
        && buckets.len() <= view.accuracy.limit()
        && total <= i64::MAX as u128
        && [view.least, view.greatest]
            .iter()
            .all(|value| plain(*value).to_bits() == value.to_bits());
    let sealed = view.sealed();
    if is_sound && (sealed.len() == bytes.len() || bytes[2] == STATE) {
        return Ok(sealed);
    }
    Err(KIND.malformed("The payload is damaged."))
}

/// Reads the text form.
///
/// # Errors
/// Text that [`text_of`] does not print.
pub fn bytes_of(text: &str) -> Result<Vec<u8>, SketchError> {
    checked(&parse(KIND, text)?)
}

/// The text form: the version, a colon and base64.
///
/// # Errors
/// Bytes that are no sketch.
pub fn text_of(bytes: &[u8]) -> Result<String, SketchError> {
    Ok(print(&sealed(bytes)?))
}
