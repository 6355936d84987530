//! Which bucket a value falls into, and what a bucket stands for.
//!
//! Buckets are numbered so that their numbers are in the order of their values: 0 for
//! zero, from [`ONE`] on for values above 1, the infinities and NaN at the ends.
//!
//! In the place of the logarithm to base 2 stands the exponent plus a polynomial of the
//! fraction ("cubically interpolated" in the authors' own programs): one hundredth more
//! buckets, no logarithm for each value, and, as it but adds and multiplies, the same
//! buckets on every machine.

/// The bucket that ends with 1. At the least error the least number there is falls into
/// one 3.8 million before it.
const ONE: i32 = 1 << 23;
const INFINITY: i32 = i32::MAX - 1;
const NAN: i32 = i32::MAX;
/// Orders of magnitude that buckets are kept for.
const MAGNITUDES: f64 = 18.0;
/// How often buckets can merge in pairs until one holds all numbers.
pub(super) const LEVELS: u8 = 24;

/// The polynomial: P(0) = 0, P(1) = 1, and (1 + s) P'(s) is never less than 10 / 7.
const CUBIC: [f64; 3] = [10.0 / 7.0, -3.0 / 5.0, 6.0 / 35.0];
const FRACTION_BITS: i32 = 52;

/// About the logarithm to base 2 of a positive number.
fn log(value: f64) -> f64 {
    let (value, shift) = if value < f64::MIN_POSITIVE {
        (value * (1u64 << FRACTION_BITS) as f64, FRACTION_BITS)
    } else {
        (value, 0)
    };
    let bits = value.to_bits();
    let exponent = (bits >> FRACTION_BITS) as i32 - 1023 - shift;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let s = f64::from_bits(fraction | 1023 << FRACTION_BITS) - 1.0;
    f64::from(exponent) + ((CUBIC[2] * s + CUBIC[1]) * s + CUBIC[0]) * s
}

/// The inverse, as far as there are numbers.
fn exp(log: f64) -> f64 {
    let exponent = log.floor();
    let wanted = log - exponent;
    // Newton's method: the slope is between 0.7 and 1.5.
    let mut s = wanted;
    for _ in 0..8 {
        let there = ((CUBIC[2] * s + CUBIC[1]) * s + CUBIC[0]) * s;
        let slope = (3.0 * CUBIC[2] * s + 2.0 * CUBIC[1]) * s + CUBIC[0];
        s -= (there - wanted) / slope;
    }
    let power = match exponent as i32 {
        1024.. => return f64::MAX,
        exponent @ -1022.. => f64::from_bits(((exponent + 1023) as u64) << FRACTION_BITS),
        exponent @ -1074.. => f64::from_bits(1 << (exponent + 1074)),
        _ => return f64::from_bits(1),
    };
    ((1.0 + s) * power).min(f64::MAX)
}

/// What a sketch was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Accuracy {
    pub(super) error: f64,
    /// Buckets for each power of two: so many that none ends with more than γ times what
    /// it begins with.
    pub(super) per_power: f64,
}

impl Accuracy {
    /// For this relative error.
    pub(super) fn of(error: f64) -> Self {
        // ln γ = 2 artanh α, the same on every machine. The error is 0.5 at most.
        let square = error * error;
        let ln_gamma = (0..40)
            .rev()
            .fold(0.0, |sum, i| sum * square + 2.0 / f64::from(2 * i + 1))
            * error;
        let per_power = 0.7 / ln_gamma;
        Self { error, per_power }
    }

    /// As it was computed before.
    pub(super) const fn known(error: f64, per_power: f64) -> Self {
        Self { error, per_power }
    }

    /// How many buckets there may be: those of the magnitudes, of which the first and the
    /// last may be cut, zero, the infinities and NaN.
    pub(super) fn limit(self) -> usize {
        5 + (MAGNITUDES * std::f64::consts::LOG2_10 * self.per_power).ceil() as usize
    }

    /// The error after buckets have merged so often.
    pub(super) fn error_at(self, level: u8) -> f64 {
        (0..level).fold(self.error, |error, _| 2.0 * error / (1.0 + error * error))
    }

    /// The bucket of a value.
    pub(super) fn place(self, value: f64, level: u8) -> i32 {
        let size = value.abs();
        let place = if size == 0.0 {
            0
        } else if size < f64::INFINITY {
            let buckets = log(size) * self.per_power;
            let below = buckets as i32;
            let first = below.saturating_add(i32::from(buckets > f64::from(below)));
            merged(ONE.saturating_add(first), level)
        } else if size.is_nan() {
            return NAN;
        } else {
            INFINITY
        };
        if value < 0.0 { -place } else { place }
    }

    /// What the values in a bucket are about: its ends are off by the same share.
    pub(super) fn estimate(self, place: i32, level: u8) -> f64 {
        let size = match place.saturating_abs() {
            0 => 0.0,
            NAN => return f64::NAN,
            INFINITY => f64::INFINITY,
            place => {
                let width = f64::from(1u32 << level.min(LEVELS));
                let number = f64::from(place.saturating_sub(ONE));
                let [begin, end] =
                    [number - 1.0, number].map(|number| exp(number * width / self.per_power));
                (begin / (begin / end + 1.0)).min(f64::MAX / 2.0) * 2.0
            }
        };
        if place < 0 { -size } else { size }
    }
}

/// The bucket that a bucket is part of once they have merged in pairs so often: number i
/// becomes i / 2, rounded up, counted from [`ONE`].
pub(super) fn merged(place: i32, levels: u8) -> i32 {
    let size = place.saturating_abs();
    if size == 0 || size >= INFINITY {
        return place;
    }
    // An arithmetic shift rounds down.
    let merged = ONE - ((ONE - size) >> levels.min(31));
    if place < 0 { -merged } else { merged }
}
