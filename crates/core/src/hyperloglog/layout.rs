//! What a sketch is stored as (see [`crate::sketch::sealed`] for the header; the byte
//! after the version is the precision). Everything is little-endian.
//!
//! | form | payload |
//! |---|---|
//! | 0, sealed list | rising hash codes as LEB128 differences |
//! | 1, sealed registers | words of 32 bits, five registers of six bits in each from the lowest bit up, the last two bits zero |
//! | 6, table of a state | hash codes in a hash table, their number in the header |
//! | 7, registers of a state | as sealed ones, without a checksum |
//!
//! A hash code stands for the first 25 bits of a hash, the index. If the bits of the
//! index behind the precision are not all zero, it is the index times two, else the
//! index, its rank (six bits), and a one. No code is zero.
//! A list longer than the registers would be becomes registers: that depends on the set
//! only, as a list grows with it.

use super::{KIND, precision};
use crate::sketch::SketchError;
use crate::sketch::sealed::{HEADER, Head, read_varint, room, seal, varint_length, write_varint};

pub(super) const LIST: u8 = 0;
pub(super) const SEALED_REGISTERS: u8 = 1;
pub(super) const TABLE: u8 = 6;
pub(super) const REGISTERS: u8 = 7;

/// Bits of a hash that a code keeps.
const INDEX_BITS: u8 = 25;
/// Places that the index tells apart.
pub(super) const PLACES: f64 = (1u32 << INDEX_BITS) as f64;
/// Bits of a register, and registers in a word.
pub(super) const REGISTER_BITS: usize = 6;
pub(super) const REGISTERS_PER_WORD: usize = 5;
pub(super) const REGISTER: u32 = (1 << REGISTER_BITS) - 1;

pub(super) type Word = [u8; 4];

/// Bytes of a sketch with registers.
pub(super) fn bytes_of_registers(precision: u8) -> usize {
    HEADER + 4 * (1usize << precision).div_ceil(REGISTERS_PER_WORD)
}

/// The most bytes a list may take.
pub(super) fn list_limit(precision: u8) -> usize {
    4 * (1 << precision) / REGISTERS_PER_WORD
}

/// The code of a hash.
pub(super) fn code_of(hash: u64, precision: u8) -> u32 {
    let index = (hash >> (64 - INDEX_BITS)) as u32;
    if index << (32 - INDEX_BITS + precision) == 0 {
        index << 7 | rank(hash, INDEX_BITS) << 1 | 1
    } else {
        index << 1
    }
}

/// The rank that `hash` has behind its first `bits`.
pub(super) fn rank(hash: u64, bits: u8) -> u32 {
    (hash << bits | 1 << (bits - 1)).leading_zeros() + 1
}

/// Register and rank that a code stands for.
pub(super) fn decode(code: u32, precision: u8) -> (u32, u32) {
    let behind = INDEX_BITS - precision;
    if code & 1 == 1 {
        let rank = (code >> 1 & REGISTER) + u32::from(behind);
        (code >> (7 + behind), rank)
    } else {
        let index = code >> 1;
        let rest = index << (32 - behind);
        (index >> behind, rest.leading_zeros() + 1)
    }
}

/// Where to look for a code in a table: by its index, so that a table is nearly in order.
pub(super) fn home(code: u32) -> u32 {
    let index = if code & 1 == 1 { code >> 7 } else { code >> 1 };
    index << (32 - INDEX_BITS)
}

/// Whether some hash has this code.
fn is_code(precision: u8, code: u32) -> bool {
    let behind_precision = (1u32 << (INDEX_BITS - precision)) - 1;
    if code & 1 == 1 {
        let rank = code >> 1 & REGISTER;
        (code >> 7) & behind_precision == 0 && (1..=65 - u32::from(INDEX_BITS)).contains(&rank)
    } else {
        code >> (INDEX_BITS + 1) == 0 && (code >> 1) & behind_precision != 0
    }
}

/// What a sketch holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    /// Codes in order.
    List(&'a [u8]),
    /// Codes, and free places.
    Table(&'a [Word]),
    /// Registers.
    Registers(&'a [Word]),
}

impl<'a> Content<'a> {
    /// The codes of a list or table.
    pub(super) fn codes(self) -> impl Iterator<Item = u32> + 'a {
        let (mut list, table) = match self {
            Content::List(bytes) => (bytes, &[][..]),
            Content::Table(slots) => (&[][..], slots),
            Content::Registers(_) => (&[][..], &[][..]),
        };
        let mut last = 0;
        let listed = std::iter::from_fn(move || {
            let (step, rest) = read_varint(list)?;
            list = rest;
            last = u32::try_from(step)
                .ok()
                .and_then(|step| step.checked_add(last))?;
            Some(last)
        });
        let placed = table.iter().map(|slot| u32::from_le_bytes(*slot));
        listed.chain(placed.filter(|code| *code != 0))
    }

    /// The ranks of registers.
    pub(super) fn ranks(words: &'a [Word], precision: u8) -> impl Iterator<Item = u32> + 'a {
        let places = (0..REGISTERS_PER_WORD).map(|place| place * REGISTER_BITS);
        words
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .flat_map(move |word| places.clone().map(move |shift| word >> shift & REGISTER))
            .take(1 << precision)
    }
}

/// A sketch in any form, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) precision: u8,
    pub(super) content: Content<'a>,
}

impl<'a> View<'a> {
    /// Of stored bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, SketchError> {
        let (head, payload) = Head::read(KIND, bytes)?;
        precision(Some(i32::from(head.tag)))?;
        let words = payload.as_chunks::<4>().0;
        let are_registers = bytes.len() == bytes_of_registers(head.tag);
        let content = match head.form {
            LIST => Content::List(payload),
            TABLE => Content::Table(words),
            SEALED_REGISTERS | REGISTERS if are_registers => Content::Registers(words),
            SEALED_REGISTERS | REGISTERS => return Err(KIND.malformed("Its length is wrong.")),
            _ => return Err(KIND.malformed("The form is unknown.")),
        };
        if matches!(head.form, LIST | SEALED_REGISTERS) {
            head.check(KIND, payload)?;
        }
        let precision = head.tag;
        Ok(Self { precision, content })
    }

    /// Whether it is the sketch of no values.
    pub(super) fn is_empty(self) -> bool {
        match self.content {
            Content::Registers(_) => false,
            codes => codes.codes().next().is_none(),
        }
    }

    /// The codes of a list or table, in order.
    pub(super) fn sorted(self) -> Vec<u32> {
        let mut codes: Vec<u32> = self.content.codes().collect();
        codes.sort_unstable();
        codes
    }

    /// The codes in order, unless it has registers or is to be counted as if it had.
    pub(super) fn listed(self) -> Option<Vec<u32>> {
        let codes = match self.content {
            Content::Registers(_) => return None,
            _ => self.sorted(),
        };
        (bytes_of_list(&codes) <= list_limit(self.precision)).then_some(codes)
    }

    /// Registers of it, as a state has them.
    pub(super) fn registers(self) -> Vec<u8> {
        let mut state = room(
            self.precision,
            REGISTERS,
            bytes_of_registers(self.precision),
        );
        let words = state[HEADER..].as_chunks_mut::<4>().0;
        match self.content {
            Content::Registers(from) => words.copy_from_slice(from),
            codes => {
                for code in codes.codes() {
                    let (register, rank) = decode(code, self.precision);
                    raise(words, register, rank);
                }
            }
        }
        state
    }

    /// The sealed form.
    pub(super) fn sealed(self) -> Vec<u8> {
        let mut bytes = match self.content {
            Content::List(list) => [&room(self.precision, LIST, HEADER), list].concat(),
            Content::Registers(_) => self.registers(),
            Content::Table(_) => match self.listed() {
                None => self.registers(),
                Some(codes) => {
                    let mut list = room(self.precision, LIST, HEADER);
                    let mut last = 0;
                    for code in codes {
                        write_varint(&mut list, u64::from(code - last));
                        last = code;
                    }
                    list
                }
            },
        };
        if bytes[2] == REGISTERS {
            bytes[2] = SEALED_REGISTERS;
        }
        seal(&mut bytes);
        bytes
    }

    /// The sealed form of something that may have been made by hand.
    pub(super) fn checked(self) -> Result<Vec<u8>, SketchError> {
        let Self { precision, content } = self;
        let is_sound = match content {
            Content::Registers(words) => {
                let spare = words.len() * REGISTERS_PER_WORD - (1 << precision);
                let used = (REGISTERS_PER_WORD - spare) * REGISTER_BITS;
                let all = REGISTERS_PER_WORD * REGISTER_BITS;
                let last = words.len() - 1;
                let mut words_and_places = words.iter().enumerate();
                let no_other_bit = words_and_places.all(|(place, word)| {
                    let bits = if place == last { used } else { all };
                    u32::from_le_bytes(*word) >> bits == 0
                });
                no_other_bit
                    && Content::ranks(words, precision)
                        .all(|rank| rank <= 65 - u32::from(precision))
            }
            Content::List(list) => {
                let codes: Vec<u32> = content.codes().collect();
                list.len() <= list_limit(precision)
                    && bytes_of_list(&codes) == list.len()
                    && codes.is_sorted_by(|a, b| a < b)
                    && codes.iter().all(|code| is_code(precision, *code))
            }
            Content::Table(_) => {
                let codes = self.sorted();
                codes.is_sorted_by(|a, b| a < b)
                    && codes.iter().all(|code| is_code(precision, *code))
            }
        };
        if is_sound {
            return Ok(self.sealed());
        }
        Err(KIND.malformed("The payload is damaged."))
    }
}

/// Bytes that codes, in order, take as a list.
pub(super) fn bytes_of_list(codes: &[u32]) -> usize {
    let mut last = 0;
    let lengths = codes.iter().map(|code| {
        let step = code.wrapping_sub(last);
        last = *code;
        varint_length(u64::from(step))
    });
    lengths.sum()
}

/// Has a register keep a rank if it is greater.
#[inline]
pub(super) fn raise(words: &mut [Word], register: u32, rank: u32) {
    const PER_WORD: u32 = REGISTERS_PER_WORD as u32;
    let shift = register % PER_WORD * REGISTER_BITS as u32;
    let Some(bytes) = words.get_mut((register / PER_WORD) as usize) else {
        return;
    };
    let word = u32::from_le_bytes(*bytes);
    if rank > word >> shift & REGISTER {
        *bytes = (word & !(REGISTER << shift) | rank << shift).to_le_bytes();
    }
}
