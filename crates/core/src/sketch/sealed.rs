//! The sealed form, version 1, and its text.
//!
//! | bytes | |
//! |---|---|
//! | 0 | version: 1 |
//! | 1 | what the type makes of it |
//! | 2 | the form, likewise |
//! | 3–6 | low half of the XXH3 of the rest, seeded with the first three bytes |
//! | 7… | payload |
//!
//! A state of an aggregate begins alike, but has other things in bytes 3 to 6. Its form is
//! more than one bit away from those that are sealed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Kind, SketchError};

const VERSION: u8 = 1;
/// Bytes before the payload.
pub(crate) const HEADER: usize = 7;

/// What a sketch begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) tag: u8,
    pub(crate) form: u8,
    /// The checksum, or what a state keeps there.
    pub(crate) number: u32,
}

impl Head {
    /// Header and payload.
    pub(crate) fn read(kind: Kind, bytes: &[u8]) -> Result<(Self, &[u8]), SketchError> {
        if let Some(&version) = bytes.first().filter(|&&version| version != VERSION) {
            return Err(SketchError::Version { kind, version });
        }
        let Some((&[_, tag, form, a, b, c, d], payload)) = bytes.split_first_chunk::<HEADER>()
        else {
            return Err(kind.malformed("It is too short."));
        };
        let number = u32::from_le_bytes([a, b, c, d]);
        Ok((Self { tag, form, number }, payload))
    }

    /// Puts it at the front of a state.
    pub(crate) fn write(self, room: &mut [u8]) {
        let [a, b, c, d] = self.number.to_le_bytes();
        room[..HEADER].copy_from_slice(&[VERSION, self.tag, self.form, a, b, c, d]);
    }

    /// Whether the payload is what was sealed.
    pub(crate) fn check(self, kind: Kind, payload: &[u8]) -> Result<(), SketchError> {
        if self.number == checksum(self.tag, self.form, payload) {
            return Ok(());
        }
        Err(kind.malformed("The checksum does not match."))
    }
}

/// A header, and zeros to make it so many bytes.
pub(crate) fn room(tag: u8, form: u8, bytes: usize) -> Vec<u8> {
    let mut room = vec![0; bytes.max(HEADER)];
    let number = 0;
    Head { tag, form, number }.write(&mut room);
    room
}

/// Completes the header of a sketch whose payload is there.
pub(crate) fn seal(bytes: &mut [u8]) {
    if let Some((&mut [_, tag, form, ..], payload)) = bytes.split_first_chunk_mut::<HEADER>() {
        let number = checksum(tag, form, payload);
        Head { tag, form, number }.write(bytes);
    }
}

fn checksum(tag: u8, form: u8, payload: &[u8]) -> u32 {
    let seed = u64::from_le_bytes([VERSION, tag, form, 0, 0, 0, 0, 0]);
    let [a, b, c, d, ..] = xxh3_64_with_seed(payload, seed).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The text: the version in decimal, a colon, and all bytes in base64. The version is
/// the first byte, repeated for the reader.
pub(crate) fn print(bytes: &[u8]) -> String {
    let version = bytes.first().copied().unwrap_or_default();
    format!("{version}:{}", STANDARD.encode(bytes))
}

/// The inverse.
pub(crate) fn parse(kind: Kind, text: &str) -> Result<Vec<u8>, SketchError> {
    let bytes = || {
        let (version, body) = text.trim().split_once(':')?;
        let version: u8 = version.parse().ok()?;
        let bytes = STANDARD.decode(body).ok()?;
        (bytes.first() == Some(&version)).then_some(bytes)
    };
    bytes().ok_or(SketchError::Syntax(kind))
}

/// Bytes that the LEB128 form of a number takes.
pub(crate) const fn varint_length(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Appends a number as LEB128.
pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The shortest LEB128 form of a number, and nothing else.
pub(crate) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(length);
    if length > 1 && digits.last() == Some(&0) {
        return None;
    }
    let value = digits
        .iter()
        .rev()
        .fold(0u128, |value, byte| value << 7 | u128::from(byte & 0x7F));
    Some((u64::try_from(value).ok()?, rest))
}
