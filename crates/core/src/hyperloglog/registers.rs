//! The way into the crate's counter. Its registers and its list are private, but it
//! implements serde: a struct of the same shape takes them out and puts them in.
//! The bytes in between never leave this file, and nothing derived (counts, the number
//! of zero registers) is ever read from outside: it is computed here, so that a state
//! cannot contradict itself. The crate's version is pinned for this.

use std::hash::{BuildHasher, Hasher};

use hyperloglogplus::HyperLogLogPlus;
use serde::{Deserialize, Serialize};

use super::SketchError;

/// The counter of a sketch.
type Counter = HyperLogLogPlus<u64, PassThrough>;

/// Bits of a register, and registers in a word.
pub(super) const REGISTER_BITS: usize = 6;
pub(super) const REGISTERS_PER_WORD: usize = 5;
/// The crate's measure for its list of hashes: 2^24 places.
const LIST_PLACES: usize = 1 << 24;

/// Values are hashed before they come here.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct PassThrough;

impl BuildHasher for PassThrough {
    type Hasher = Forward;

    fn build_hasher(&self) -> Forward {
        Forward(0)
    }
}

/// Gives back the one number written to it.
pub(super) struct Forward(u64);

impl Hasher for Forward {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// `HyperLogLogPlus`, field by field.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Mirror {
    builder: PassThrough,
    precision: u8,
    counts: (usize, usize, usize),
    /// Hashes not yet sorted into the list.
    unsorted: Vec<u32>,
    list: List,
    registers: Option<Registers>,
    phantom: (),
}

/// Sorted hash codes as LEB128 differences.
#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    count: usize,
    last: u32,
    bytes: Vec<u8>,
}

/// Words of five registers of six bits.
#[derive(Debug, Serialize, Deserialize)]
struct Registers {
    words: Vec<u32>,
    count: usize,
    zeros: usize,
}

/// What a settled counter holds.
#[derive(Debug)]
pub(super) enum Content<'a> {
    List(&'a [u8]),
    Registers(&'a [u32]),
}

impl Mirror {
    pub(super) fn of(counter: &Counter) -> Result<Self, SketchError> {
        let bytes = postcard::to_allocvec(counter).map_err(|_| SketchError::Mirror)?;
        postcard::from_bytes(&bytes).map_err(|_| SketchError::Mirror)
    }

    pub(super) fn into_counter(self) -> Result<Counter, SketchError> {
        let bytes = postcard::to_allocvec(&self).map_err(|_| SketchError::Mirror)?;
        postcard::from_bytes(&bytes).map_err(|_| SketchError::Mirror)
    }

    /// From a list of `count` codes, the greatest of them `last`.
    pub(super) fn from_list(precision: u8, count: usize, last: u32, bytes: &[u8]) -> Self {
        Self {
            list: List {
                count,
                last,
                bytes: bytes.to_vec(),
            },
            ..Self::empty(precision)
        }
    }

    /// From registers, `zeros` of them zero.
    pub(super) fn from_registers(precision: u8, zeros: usize, words: Vec<u32>) -> Self {
        let registers = Some(Registers {
            words,
            count: 1 << precision,
            zeros,
        });
        Self {
            registers,
            ..Self::empty(precision)
        }
    }

    fn empty(precision: u8) -> Self {
        Self {
            builder: PassThrough,
            precision,
            counts: (1 << precision, LIST_PLACES, list_limit(precision)),
            unsorted: Vec::new(),
            list: List::default(),
            registers: None,
            phantom: (),
        }
    }

    pub(super) fn precision(&self) -> u8 {
        self.precision
    }

    pub(super) fn content(&self) -> Content<'_> {
        match &self.registers {
            Some(registers) => Content::Registers(&registers.words),
            None => Content::List(&self.list.bytes),
        }
    }
}

/// The most bytes a list may take before it becomes registers.
pub(super) fn list_limit(precision: u8) -> usize {
    4 * (1 << precision) / REGISTERS_PER_WORD
}
