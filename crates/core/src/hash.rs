//! The 64-bit hash of a value, as sketches count it.
//!
//! Values that compare equal hash alike whatever type they come in: all integer types,
//! whole `numeric`s and whole floating-point numbers; `text`, `varchar`, `name` and
//! `char(n)` without its padding; intervals of equal length. It is XXH3 of the value in
//! little-endian form with the family of types as seed, and so **the same on every
//! machine and in every version**: sketches are stored and merged years later. What is
//! here may be added to, never changed; the tests pin it.
//!
//! Equality is that of bytes: collations that call different texts equal are not asked.
//! A number with a fraction hashes by its type: 0.1 is not the same in binary and decimal.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::numeric::Number;

/// A value, reduced to what its type compares.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `boolean`.
    Bool(bool),
    /// `smallint`, `integer`, `bigint`, `oid`.
    Integer(i64),
    /// `real`, `double precision`.
    Float(f64),
    /// `numeric`.
    Numeric(&'a Number),
    /// `text`, `varchar`, `name`.
    Text(&'a [u8]),
    /// `char(n)`.
    PaddedText(&'a [u8]),
    /// `bytea`.
    Bytes(&'a [u8]),
    /// `uuid`.
    Uuid(&'a [u8]),
    /// `timestamp with time zone`, in microseconds since 2000-01-01 UTC.
    TimestampTz(i64),
    /// `timestamp`, in microseconds since 2000-01-01.
    Timestamp(i64),
    /// `date`, in days since 2000-01-01.
    Date(i32),
    /// `time`, in microseconds since midnight.
    Time(i64),
    /// `interval`: months, days, microseconds.
    Interval(i32, i32, i64),
    /// Any other type, by its text output.
    Output(&'a [u8]),
}

/// The seeds: one per family of types that compare with each other.
mod family {
    pub const BOOL: u64 = 1;
    pub const INTEGER: u64 = 2;
    pub const FLOAT: u64 = 3;
    pub const NUMERIC: u64 = 4;
    pub const TEXT: u64 = 5;
    pub const BYTES: u64 = 6;
    pub const UUID: u64 = 7;
    pub const TIMESTAMP_TZ: u64 = 8;
    pub const TIMESTAMP: u64 = 9;
    pub const DATE: u64 = 10;
    pub const TIME: u64 = 11;
    pub const INTERVAL: u64 = 12;
    pub const OUTPUT: u64 = 13;
}

/// The hash of a value. Where the family is known only that of the family remains.
#[inline(always)]
#[must_use]
pub fn hash(value: Value<'_>) -> u64 {
    match value {
        Value::Bool(value) => xxh3_64_with_seed(&[u8::from(value)], family::BOOL),
        Value::Integer(value) => hash_i64(value, family::INTEGER),
        Value::Float(value) => hash_float(value),
        Value::Numeric(value) => hash_numeric(value),
        Value::Text(bytes) => xxh3_64_with_seed(bytes, family::TEXT),
        Value::PaddedText(bytes) => xxh3_64_with_seed(unpadded(bytes), family::TEXT),
        Value::Bytes(bytes) => xxh3_64_with_seed(bytes, family::BYTES),
        Value::Uuid(bytes) => xxh3_64_with_seed(bytes, family::UUID),
        Value::TimestampTz(micros) => hash_i64(micros, family::TIMESTAMP_TZ),
        Value::Timestamp(micros) => hash_i64(micros, family::TIMESTAMP),
        Value::Date(days) => hash_i64(i64::from(days), family::DATE),
        Value::Time(micros) => hash_i64(micros, family::TIME),
        Value::Interval(months, days, micros) => {
            let span = interval_span(months, days, micros);
            xxh3_64_with_seed(&span.to_le_bytes(), family::INTERVAL)
        }
        Value::Output(text) => xxh3_64_with_seed(text, family::OUTPUT),
    }
}

/// The bits that stand for every NaN; those of `f64::NAN` depend on the machine.
const QUIET_NAN: u64 = 0x7FF8_0000_0000_0000;

fn hash_i64(value: i64, family: u64) -> u64 {
    xxh3_64_with_seed(&value.to_le_bytes(), family)
}

/// -0 is 0, and every NaN is one value, as PostgreSQL compares them.
fn hash_float(value: f64) -> u64 {
    // 2^63 is exact in binary and the first number past bigint.
    let limit = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && (-limit..limit).contains(&value) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within bigint"
        )]
        return hash_i64(value as i64, family::INTEGER);
    }
    let bits = if value.is_nan() {
        QUIET_NAN
    } else {
        value.to_bits()
    };
    xxh3_64_with_seed(&bits.to_le_bytes(), family::FLOAT)
}

fn hash_numeric(value: &Number) -> u64 {
    match value {
        Number::Integral(value) => hash_i64(*value, family::INTEGER),
        Number::NaN => hash_float(f64::NAN),
        Number::Infinity(false) => hash_float(f64::INFINITY),
        Number::Infinity(true) => hash_float(f64::NEG_INFINITY),
        Number::Digits {
            negative,
            weight,
            digits,
        } => {
            let mut bytes = Vec::with_capacity(3 + 2 * digits.len());
            bytes.push(u8::from(*negative));
            bytes.extend(weight.to_le_bytes());
            bytes.extend(digits.iter().flat_map(|digit| digit.to_le_bytes()));
            xxh3_64_with_seed(&bytes, family::NUMERIC)
        }
    }
}

fn unpadded(bytes: &[u8]) -> &[u8] {
    let padding = bytes.iter().rev().take_while(|&&byte| byte == b' ').count();
    &bytes[..bytes.len() - padding]
}

/// PostgreSQL compares intervals with months of 30 days and days of 24 hours.
fn interval_span(months: i32, days: i32, micros: i64) -> i128 {
    (i128::from(months) * 30 + i128::from(days)) * 86_400_000_000 + i128::from(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_hash_alike() {
        for value in [0i64, 1, -1, 42, 1 << 40, -(1 << 52)] {
            let expected = hash(Value::Integer(value));
            #[expect(clippy::cast_precision_loss, reason = "small enough to be exact")]
            let float = value as f64;
            assert_eq!(hash(Value::Float(float)), expected);
            assert_eq!(hash(Value::Numeric(&Number::Integral(value))), expected);
        }
        assert_eq!(hash(Value::Float(-0.0)), hash(Value::Integer(0)));
        assert_eq!(
            hash(Value::Float(-9_223_372_036_854_775_808.0)),
            hash(Value::Integer(i64::MIN))
        );
        assert_ne!(
            hash(Value::Float(9_223_372_036_854_775_808.0)),
            hash(Value::Integer(i64::MAX))
        );
        assert_eq!(
            hash(Value::Float(-f64::NAN)),
            hash(Value::Numeric(&Number::NaN))
        );
        assert_eq!(
            hash(Value::Float(f64::NEG_INFINITY)),
            hash(Value::Numeric(&Number::Infinity(true)))
        );
        assert_ne!(hash(Value::Float(0.5)), hash(Value::Integer(0)));
    }

    #[test]
    fn padding_and_months_do_not_count() {
        assert_eq!(hash(Value::PaddedText(b"ab  ")), hash(Value::Text(b"ab")));
        assert_eq!(hash(Value::PaddedText(b"   ")), hash(Value::Text(b"")));
        assert_ne!(hash(Value::Text(b"ab ")), hash(Value::Text(b"ab")));
        assert_eq!(
            hash(Value::Interval(1, 0, 0)),
            hash(Value::Interval(0, 30, 0))
        );
        assert_eq!(
            hash(Value::Interval(0, 1, 0)),
            hash(Value::Interval(0, 0, 86_400_000_000))
        );
    }

    #[test]
    fn families_are_apart() {
        assert_ne!(hash(Value::Integer(1)), hash(Value::Timestamp(1)));
        assert_ne!(hash(Value::Text(b"1")), hash(Value::Bytes(b"1")));
        assert_ne!(hash(Value::Text(b"1")), hash(Value::Output(b"1")));
    }

    /// Stored sketches hold these: a failure here is a broken promise, not a wrong test.
    #[test]
    fn hashes_never_change() {
        let half = Number::Digits {
            negative: false,
            weight: -1,
            digits: vec![5000],
        };
        let uuid: Vec<u8> = (0..16).collect();
        for (value, expected) in [
            (Value::Bool(true), 0x0E08_A51C_8536_156C),
            (Value::Integer(42), 0x26A2_5328_C505_B63E),
            (Value::Float(0.5), 0x5C7B_2A8E_D48F_A3B2),
            (Value::Numeric(&half), 0x6069_6B69_BE95_1CDC),
            (Value::Text(b"event"), 0x2FC2_C0ED_5F3B_61C0),
            (Value::Bytes(b"event"), 0xF744_ED81_3FA3_E8E9),
            (Value::Uuid(&uuid), 0xEE0B_9003_ECE2_CFF1),
            (Value::TimestampTz(1), 0x60C4_AE9C_9E1B_8864),
            (Value::Timestamp(1), 0x30F3_23A5_F7B6_A8C0),
            (Value::Date(1), 0x4267_5113_CD4B_0E56),
            (Value::Time(1), 0x4CE4_4812_FFCC_CDCF),
            (Value::Interval(0, 1, 0), 0x70B6_B2F9_2B76_8DD6),
            (Value::Output(b"{1,2}"), 0x1CEA_A240_4037_6645),
        ] {
            assert_eq!(hash(value), expected, "{value:?}");
        }
    }
}
