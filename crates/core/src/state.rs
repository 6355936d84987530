//! Internal states of aggregates as bytes: what an aggregate's serialize function wrote,
//! sealed.
//!
//! A deserialize function trusts its input: bytes that are not of its own making take
//! the server down. States lie in tables and are handed to functions that readers may
//! call, so each carries a keyed hash over itself and over what it is a state of.
//!
//! ```text
//! version 1 | seal 16 | length of types 2 | types | payload
//! ```

use crate::error::UserError;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use thiserror::Error;

/// The secret of a database.
pub type Key = [u8; 16];

const VERSION: u8 = 1;
const SEAL: usize = 16;
const HEADER: usize = 1 + SEAL + 2;

/// What is wrong with a state, or with what is to be done with it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Not made by this database for this aggregate.
    #[error("not a state of aggregate {aggregate}")]
    Foreign {
        /// The aggregate it was taken for.
        aggregate: String,
    },
    /// A function was named that is no aggregate.
    #[error("function {function} is not an aggregate")]
    NotAnAggregate {
        /// The function.
        function: String,
    },
    /// There is no way to merge its states, or to read them.
    #[error("states of aggregate {aggregate} cannot be merged")]
    Unmergeable {
        /// The aggregate.
        aggregate: String,
    },
    /// An argument of another type than the aggregate's.
    #[error("argument \"{argument}\" is of type {given}, not {expected}")]
    Type {
        /// Its name.
        argument: &'static str,
        /// Its type.
        given: String,
        /// The type that the aggregate has.
        expected: String,
    },
    /// The types of polymorphic arguments cannot be told.
    #[error("could not determine the argument types of aggregate {aggregate}")]
    UnknownTypes {
        /// The aggregate.
        aggregate: String,
    },
    /// A support function called as an ordinary one.
    #[error("aggregate support function called outside of an aggregate")]
    OutsideAggregate,
    /// A set has states of several aggregates.
    #[error("cannot merge states of different aggregates")]
    TwoAggregates,
    /// The secret is gone.
    #[error("the key of aggregate states is missing")]
    NoKey,
}

impl UserError for StateError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Foreign { .. } | Self::TwoAggregates => "22023",
            Self::NotAnAggregate { .. } => "42809",
            Self::Unmergeable { .. } => "0A000",
            Self::Type { .. } | Self::UnknownTypes { .. } => "42804",
            Self::OutsideAggregate | Self::NoKey => "55000",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Foreign { .. } => Some(
                "It is damaged, made up, or the state of another aggregate or database.".into(),
            ),
            Self::Unmergeable { .. } => Some(
                "The aggregate has no combine function, or an internal state that cannot be serialized.".into(),
            ),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey => Some(
                "Restore the tables of schema pganalytics_data together with the states.".into(),
            ),
            _ => None,
        }
    }
}

/// The seal: SipHash-2-4 with 128 bits.
fn seal_of(key: &Key, format: &[u8], types_and_payload: &[u8]) -> [u8; SEAL] {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write(&[VERSION]);
    hasher.write(&(format.len() as u64).to_le_bytes());
    hasher.write(format);
    hasher.write(types_and_payload);
    hasher.finish128().as_bytes()
}

/// Seals what a serialize function wrote. `format` says whose functions wrote it, `types`
/// (see [`types_of`]) what a polymorphic aggregate was called with.
#[must_use]
pub fn seal(key: &Key, format: &[u8], types: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + types.len() + payload.len());
    bytes.push(VERSION);
    bytes.extend([0; SEAL]);
    bytes.extend((types.len() as u16).to_le_bytes());
    bytes.extend(types);
    bytes.extend(payload);
    let seal = seal_of(key, format, &bytes[1 + SEAL..]);
    bytes[1..=SEAL].copy_from_slice(&seal);
    bytes
}

/// A state whose seal is right.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What a polymorphic aggregate was called with; see [`type_names`].
    pub types: &'a [u8],
    /// What the serialize function wrote.
    pub payload: &'a [u8],
}

/// Opens a state; `None` if it was not sealed with this key for this format.
///
/// Whoever could measure the comparison byte by byte would have to guess 16 bytes that
/// change with everything else: there is nothing to be learnt from its time.
#[must_use]
pub fn open<'a>(key: &Key, format: &[u8], bytes: &'a [u8]) -> Option<Opened<'a>> {
    if bytes.len() < HEADER || bytes[0] != VERSION {
        return None;
    }
    if bytes[1..=SEAL] != seal_of(key, format, &bytes[1 + SEAL..]) {
        return None;
    }
    let length = u16::from_le_bytes([bytes[1 + SEAL], bytes[2 + SEAL]]);
    let (types, payload) = bytes[HEADER..].split_at_checked(length.into())?;
    Some(Opened { types, payload })
}

/// Names of types as they are kept with a state.
#[must_use]
pub fn types_of(names: &[String]) -> Vec<u8> {
    let mut types = vec![];
    for name in names {
        types.extend((name.len() as u16).to_le_bytes());
        types.extend(name.as_bytes());
    }
    types
}

/// The names in the types of an opened state.
#[must_use]
pub fn type_names(mut types: &[u8]) -> Vec<String> {
    let mut names = vec![];
    while let Some((length, rest)) = types.split_at_checked(2) {
        let length = u16::from_le_bytes([length[0], length[1]]);
        let (name, rest) = rest.split_at(usize::from(length).min(rest.len()));
        names.push(String::from_utf8_lossy(name).into_owned());
        types = rest;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: Key = *b"0123456789abcdef";

    proptest! {
        #[test]
        fn a_state_is_opened_as_it_was_sealed(
            format in any::<Vec<u8>>(), types in prop::collection::vec(".*", 0..4), payload in any::<Vec<u8>>()
        ) {
            let sealed = seal(&KEY, &format, &types_of(&types), &payload);
            let opened = open(&KEY, &format, &sealed).unwrap();
            prop_assert_eq!(opened.payload, &payload[..]);
            prop_assert_eq!(type_names(opened.types), types);
        }

        #[test]
        fn a_changed_bit_is_noticed(payload in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), bit in 0..8) {
            let mut sealed = seal(&KEY, b"format", &types_of(&["text".into()]), &payload);
            let at = at.index(sealed.len());
            sealed[at] ^= 1u8 << bit;
            prop_assert_eq!(open(&KEY, b"format", &sealed), None);
        }

        #[test]
        fn a_cut_or_longer_state_is_refused(payload in any::<Vec<u8>>(), length in any::<prop::sample::Index>(), more in 1u8..) {
            let mut sealed = seal(&KEY, b"format", &[], &payload);
            prop_assert_eq!(open(&KEY, b"format", &sealed[..length.index(sealed.len())]), None);
            sealed.push(more);
            prop_assert_eq!(open(&KEY, b"format", &sealed), None);
        }

        #[test]
        fn anything_else_is_refused(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(open(&KEY, b"format", &bytes), None);
        }
    }

    #[test]
    fn another_key_or_aggregate_does_not_open_it() {
        let sealed = seal(&KEY, b"hll", &[], b"payload");
        assert_eq!(open(&KEY, b"tdigest", &sealed), None);
        assert_eq!(open(b"0123456789abcdeg", b"hll", &sealed), None);
        // The end of the format is not the beginning of the payload.
        assert_eq!(open(&KEY, b"hl", &sealed), None);
    }
}
