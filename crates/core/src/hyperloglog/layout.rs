//! The binary form, version 1. Everything is little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 0 | version: 1 |
//! | 1 | precision |
//! | 2 | mode: 0 list, 1 registers |
//! | 3–6 | low half of the XXH3 of the rest, seeded with the first three bytes |
//! | 7… | list: rising hash codes as LEB128 differences; registers: words of 32 bits, five registers of six bits in each from the lowest bit up, the last two bits zero |
//!
//! A hash code stands for the first 25 bits of a hash, the index. If the bits of the
//! index behind the precision are not all zero, it is the index times two, else the
//! index, the number of zeros that follow it plus one (six bits), and a one.
//! Reading checks everything: what comes in may have been made by hand.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::registers::{Content, Mirror, REGISTER_BITS, REGISTERS_PER_WORD, list_limit};
use super::{PRECISIONS, SketchError};

const VERSION: u8 = 1;
const LIST: u8 = 0;
const REGISTERS: u8 = 1;
/// Bits of a hash that a hash code keeps.
const INDEX_BITS: u8 = 25;

pub(super) fn write(mirror: &Mirror) -> Vec<u8> {
    let (mode, payload) = match mirror.content() {
        Content::List(bytes) => (LIST, bytes.to_vec()),
        Content::Registers(words) => (
            REGISTERS,
            words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        ),
    };
    let head = [VERSION, mirror.precision(), mode];
    let mut bytes = Vec::with_capacity(7 + payload.len());
    bytes.extend(head);
    bytes.extend(checksum(head, &payload));
    bytes.extend(payload);
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Result<Mirror, SketchError> {
    let malformed = SketchError::Malformed;
    if let Some(&version) = bytes.first().filter(|&&version| version != VERSION) {
        return Err(SketchError::Version(version));
    }
    let (&head, rest) = bytes
        .split_first_chunk::<3>()
        .ok_or(malformed("It is too short."))?;
    let (&sum, payload) = rest
        .split_first_chunk::<4>()
        .ok_or(malformed("It is too short."))?;
    let [_, precision, mode] = head;
    if !PRECISIONS.contains(&precision) {
        return Err(SketchError::Precision(precision));
    }
    if sum != checksum(head, payload) {
        return Err(malformed("The checksum does not match."));
    }
    match mode {
        LIST => read_list(precision, payload).ok_or(malformed("The list is damaged.")),
        REGISTERS => {
            read_registers(precision, payload).ok_or(malformed("The registers are damaged."))
        }
        _ => Err(malformed("The mode is unknown.")),
    }
}

fn checksum([version, precision, mode]: [u8; 3], payload: &[u8]) -> [u8; 4] {
    let seed = u64::from_le_bytes([version, precision, mode, 0, 0, 0, 0, 0]);
    let [a, b, c, d, ..] = xxh3_64_with_seed(payload, seed).to_le_bytes();
    [a, b, c, d]
}

fn read_list(precision: u8, payload: &[u8]) -> Option<Mirror> {
    if payload.len() > list_limit(precision) {
        return None;
    }
    let (mut count, mut last, mut rest) = (0, 0u32, payload);
    while !rest.is_empty() {
        let (step, tail) = read_varint(rest)?;
        last = last
            .checked_add(step)
            .filter(|&code| step > 0 && is_code(precision, code))?;
        count += 1;
        rest = tail;
    }
    Some(Mirror::from_list(precision, count, last, payload))
}

/// The shortest LEB128 form of a number, and nothing else.
fn read_varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let length = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(length);
    if length > 1 && digits.last() == Some(&0) {
        return None;
    }
    let value = digits
        .iter()
        .rev()
        .fold(0u64, |value, byte| value << 7 | u64::from(byte & 0x7F));
    Some((u32::try_from(value).ok()?, rest))
}

/// Whether some hash has this code.
fn is_code(precision: u8, code: u32) -> bool {
    let behind_precision = (1u32 << (INDEX_BITS - precision)) - 1;
    if code & 1 == 1 {
        let zeros = code >> 1 & 0x3F;
        (code >> 7) & behind_precision == 0 && (1..=65 - u32::from(INDEX_BITS)).contains(&zeros)
    } else {
        code >> (INDEX_BITS + 1) == 0 && (code >> 1) & behind_precision != 0
    }
}

fn read_registers(precision: u8, payload: &[u8]) -> Option<Mirror> {
    let count = 1usize << precision;
    let (chunks, []) = payload.as_chunks::<4>() else {
        return None;
    };
    if chunks.len() != count.div_ceil(REGISTERS_PER_WORD) {
        return None;
    }
    let words: Vec<u32> = chunks
        .iter()
        .map(|&chunk| u32::from_le_bytes(chunk))
        .collect();
    let greatest = 65 - u32::from(precision);
    let (mut zeros, mut left) = (0, count);
    for &word in &words {
        let here = left.min(REGISTERS_PER_WORD);
        if u64::from(word) >> (here * REGISTER_BITS) != 0 {
            return None;
        }
        for place in 0..here {
            let register = word >> (place * REGISTER_BITS) & 0x3F;
            if register > greatest {
                return None;
            }
            zeros += usize::from(register == 0);
        }
        left -= here;
    }
    Some(Mirror::from_registers(precision, zeros, words))
}
