//! Reads PostgreSQL's stored `numeric` without going through its text.
//!
//! The stored form is: a header of one or two 16-bit words (sign, display scale,
//! weight), then base-10000 digits without zeros at either end. The display scale is
//! dropped here, so that values that compare equal become equal.

/// A `numeric` by its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// A whole number that fits `bigint`.
    Integral(i64),
    /// Any other finite number.
    Digits {
        /// Below zero.
        negative: bool,
        /// The power of 10000 of the first digit.
        weight: i16,
        /// Base-10000 digits, the first and the last of them not zero.
        digits: Vec<i16>,
    },
    /// Not a number.
    NaN,
    /// Positive or, if `true`, negative infinity.
    Infinity(bool),
}

const SIGN_MASK: u16 = 0xC000;
const NEGATIVE: u16 = 0x4000;
const SHORT: u16 = 0x8000;
const SHORT_NEGATIVE: u16 = 0x2000;
const SPECIAL: u16 = 0xC000;
const SPECIAL_MASK: u16 = 0xF000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
const BASE: i128 = 10_000;

impl Number {
    /// Reads the bytes behind the length word of a stored `numeric`.
    /// `None` if they are none.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.as_chunks::<2>() else {
            return None;
        };
        let (&header, rest) = words.split_first()?;
        let header = u16::from_ne_bytes(header);
        match header & SIGN_MASK {
            SPECIAL => Some(match header & SPECIAL_MASK {
                POSITIVE_INFINITY => Self::Infinity(false),
                NEGATIVE_INFINITY => Self::Infinity(true),
                _ => Self::NaN,
            }),
            SHORT => Some(Self::from_digits(
                header & SHORT_NEGATIVE != 0,
                short_weight(header),
                rest,
            )),
            sign => {
                let (&weight, digits) = rest.split_first()?;
                Some(Self::from_digits(
                    sign == NEGATIVE,
                    i16::from_ne_bytes(weight),
                    digits,
                ))
            }
        }
    }

    fn from_digits(negative: bool, weight: i16, words: &[[u8; 2]]) -> Self {
        let digits = || words.iter().map(|&word| i16::from_ne_bytes(word));
        match integral(negative, weight, words.len(), digits()) {
            Some(value) => Self::Integral(value),
            None => Self::Digits {
                negative,
                weight,
                digits: digits().collect(),
            },
        }
    }
}

/// Seven bits in two's complement.
fn short_weight(header: u16) -> i16 {
    let low = i16::from(header.to_le_bytes()[0] & 0x3F);
    if header & 0x40 == 0 { low } else { low - 64 }
}

/// The value, if every digit lies left of the point and it fits `bigint`.
fn integral(
    negative: bool,
    weight: i16,
    count: usize,
    digits: impl Iterator<Item = i16>,
) -> Option<i64> {
    if count == 0 {
        return Some(0);
    }
    // Five digits reach 10^20, past bigint; more cannot fit.
    let places = usize::try_from(weight).ok()? + 1;
    if count > places || places > 5 {
        return None;
    }
    let value = digits
        .chain(std::iter::repeat(0))
        .take(places)
        .fold(0, |value, digit| value * BASE + i128::from(digit));
    i64::try_from(if negative { -value } else { value }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn read(words: &[u16]) -> Option<Number> {
        Number::from_stored(&stored(words))
    }

    #[test]
    fn whole_numbers_become_integers() {
        assert_eq!(read(&[0x8000]), Some(Number::Integral(0)));
        assert_eq!(read(&[0x8000, 42]), Some(Number::Integral(42)));
        assert_eq!(read(&[0xA000, 42]), Some(Number::Integral(-42)));
        assert_eq!(read(&[0x8100, 42]), Some(Number::Integral(42)), "42.00");
        assert_eq!(read(&[0x8001, 7]), Some(Number::Integral(70_000)));
        assert_eq!(
            read(&[0x0000, 1, 1, 2]),
            Some(Number::Integral(10_002)),
            "long header"
        );
        assert_eq!(
            read(&[0x4000, 0, 1]),
            Some(Number::Integral(-1)),
            "long header"
        );
        let max = [0x8004, 922, 3372, 368, 5477, 5807];
        assert_eq!(read(&max), Some(Number::Integral(i64::MAX)));
        let min = [0xA004, 922, 3372, 368, 5477, 5808];
        assert_eq!(read(&min), Some(Number::Integral(i64::MIN)));
    }

    #[test]
    fn other_numbers_keep_their_digits() {
        let half = Number::Digits {
            negative: false,
            weight: -1,
            digits: vec![5000],
        };
        assert_eq!(read(&[0x80FF, 5000]), Some(half.clone()), "0.5");
        assert_eq!(read(&[0x817F, 5000]), Some(half.clone()), "0.50");
        assert_eq!(read(&[0x0002, 0xFFFF, 5000]), Some(half), "long header");
        let above = [0x8004, 922, 3372, 368, 5477, 5808];
        assert!(matches!(
            read(&above),
            Some(Number::Digits { weight: 4, .. })
        ));
        assert!(matches!(
            read(&[0x8005, 1]),
            Some(Number::Digits { weight: 5, .. })
        ));
    }

    #[test]
    fn specials_and_garbage() {
        assert_eq!(read(&[0xC000]), Some(Number::NaN));
        assert_eq!(read(&[0xD000]), Some(Number::Infinity(false)));
        assert_eq!(read(&[0xF000]), Some(Number::Infinity(true)));
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x0000]), None, "a long header without its weight");
        assert_eq!(Number::from_stored(&[0, 0x80, 1]), None, "half a digit");
        let mut state = 1u64;
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length % 40)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    state.to_le_bytes()[7]
                })
                .collect();
            let _ = Number::from_stored(&bytes);
        }
    }
}
