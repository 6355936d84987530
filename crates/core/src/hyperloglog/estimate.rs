//! How many distinct hashes there were.

use super::layout::{Content, PLACES, Word};
use std::f64::consts::LN_2;

/// Of so many different codes: how many values fill so many of all places.
pub(super) fn of_codes(count: usize) -> f64 {
    -PLACES * (-(count as f64) / PLACES).ln_1p()
}

/// Ertl's improved raw estimator: the harmonic mean of the registers, with the zeros and
/// the greatest possible ranks put in at what is expected of them.
pub(super) fn of_registers(words: &[Word], precision: u8) -> f64 {
    let registers = f64::from(1u32 << precision);
    let mut ranks = [0u32; 64];
    for rank in Content::ranks(words, precision) {
        ranks[rank as usize] += 1;
    }
    let greatest = 65 - usize::from(precision);
    let mut sum = registers * tau(1.0 - f64::from(ranks[greatest]) / registers);
    for count in ranks[1..greatest].iter().rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += registers * sigma(f64::from(ranks[0]) / registers);
    registers / (2.0 * LN_2) * registers / sum
}

/// x + the sum of x^(2^k) 2^(k-1) over k from 1 up.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut sum, mut weight) = (x, 1.0);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum <= before {
            return sum;
        }
    }
}

/// A third of 1 - x - the sum of (1 - x^(2^-k))^2 2^-k over k from 1 up.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut rest, mut weight) = (1.0 - x, 1.0);
    loop {
        x = x.sqrt();
        let before = rest;
        weight *= 0.5;
        rest -= (1.0 - x) * (1.0 - x) * weight;
        if rest >= before {
            return rest / 3.0;
        }
    }
}
