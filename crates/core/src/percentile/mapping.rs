//! Which bucket a value falls into, and what a bucket stands for.
//!
//! Buckets are numbered so that their numbers are in the order of their values: 0 for
//! zero, from [`ONE`] for values around 1, the infinities and NaN at the ends.

use std::f64::consts::{LN_2, LN_10};

/// The bucket that ends with 1. At the least error the least number there is falls into
/// one 3.8 million before it.
const ONE: i32 = 1 << 23;
const INFINITY: i32 = i32::MAX - 1;
const NAN: i32 = i32::MAX;
/// Orders of magnitude that buckets are kept for.
const MAGNITUDES: f64 = 18.0;
/// How often buckets can merge in pairs until one holds all numbers.
pub(super) const LEVELS: u8 = 24;

/// What a sketch was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Accuracy {
    pub(super) error: f64,
    /// 1 / ln γ.
    pub(super) per_ln: f64,
}

impl Accuracy {
    /// For this relative error.
    pub(super) fn of(error: f64) -> Self {
        let per_ln = 1.0 / libm::log((1.0 + error) / (1.0 - error));
        Self { error, per_ln }
    }

    /// As it was computed before.
    pub(super) const fn known(error: f64, per_ln: f64) -> Self {
        Self { error, per_ln }
    }

    /// How many buckets there may be: those of the magnitudes, of which the first and the
    /// last may be cut, zero, the infinities and NaN.
    pub(super) fn limit(self) -> usize {
        5 + (MAGNITUDES * LN_10 * self.per_ln).ceil() as usize
    }

    /// The error after buckets have merged so often.
    pub(super) fn error_at(self, level: u8) -> f64 {
        (0..level).fold(self.error, |error, _| 2.0 * error / (1.0 + error * error))
    }

    /// The bucket of a value.
    pub(super) fn place(self, value: f64, level: u8) -> i32 {
        if value.is_nan() {
            return NAN;
        }
        let size = value.abs();
        let place = if size == 0.0 {
            0
        } else if size.is_infinite() {
            INFINITY
        } else {
            // `libm` counts alike on every machine.
            let first = (libm::log(size) * self.per_ln).ceil() as i32;
            merged(ONE.saturating_add(first), level)
        };
        if value < 0.0 { -place } else { place }
    }

    /// What the values in a bucket are about.
    pub(super) fn estimate(self, place: i32, level: u8) -> f64 {
        let size = match place.saturating_abs() {
            0 => 0.0,
            NAN => return f64::NAN,
            INFINITY => f64::INFINITY,
            place => {
                // 2 γ^i / (γ + 1), where γ itself may be past all numbers.
                let ln_gamma = f64::from(1u32 << level.min(LEVELS)) / self.per_ln;
                let end = f64::from(place.saturating_sub(ONE)) * ln_gamma;
                let middle = end + LN_2 - ln_gamma - libm::log1p(libm::exp(-ln_gamma));
                libm::exp(middle).clamp(f64::from_bits(1), f64::MAX)
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
