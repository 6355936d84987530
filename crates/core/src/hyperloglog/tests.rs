//! Estimates against theory, merging against set union, and bytes against vandals.

use std::collections::BTreeSet;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::layout::{LIST, REGISTERS, SEALED_REGISTERS, TABLE, code_of, decode, rank};
use super::*;
use crate::error::UserError;
use crate::hash::{Value, hash};

/// A state, not sealed.
fn state_of(precision: u8, hashes: impl IntoIterator<Item = u64>) -> Vec<u8> {
    hashes
        .into_iter()
        .fold(begin(Some(precision)), |mut state, hash| {
            add(&mut state, None, hash).unwrap().unwrap_or(state)
        })
}

fn sketch_of(precision: u8, hashes: impl IntoIterator<Item = u64>) -> Vec<u8> {
    sealed(&state_of(precision, hashes)).unwrap()
}

fn random(seed: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |value| xxh3_64_with_seed(&value.to_le_bytes(), seed))
}

/// Merged as states, whatever the forms; sealed.
fn merged(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut state = left.to_vec();
    let merged = merge(&mut state, right).unwrap().unwrap_or(state);
    sealed(&merged).unwrap()
}

/// Mean and root of the mean square of the relative errors over 100 seeds, in sigmas, and
/// how many are beyond three.
fn errors(precision: u8, count: u64) -> (f64, f64, usize) {
    let sigma = 1.04 / f64::from(1u32 << precision).sqrt();
    let errors: Vec<f64> = (1000..1100)
        .map(|seed| cardinality(&state_of(precision, random(seed, count))).unwrap())
        .map(|estimate| (estimate as f64 / count as f64 - 1.0) / sigma)
        .collect();
    let mean = errors.iter().sum::<f64>() / 100.0;
    let square = (errors.iter().map(|error| error * error).sum::<f64>() / 100.0).sqrt();
    let beyond = errors.iter().filter(|error| error.abs() > 3.0).count();
    (mean, square, beyond)
}

/// Over 100 seeds the mean lies within 3 sigma / sqrt(100) of the truth, the root of
/// the mean square within a fifth of sigma, and no more than two estimates are off by
/// more than 3 sigma: where a list has just become registers, where estimators of old
/// changed over, and far above.
#[test]
fn the_error_is_that_of_the_theory() {
    for precision in [6, 9, 11, 13] {
        let registers = 1u64 << precision;
        for count in [
            registers / 2,
            registers,
            5 * registers / 2,
            5 * registers,
            12 * registers,
        ] {
            let (mean, square, beyond) = errors(precision, count);
            println!("{precision} {count}: mean {mean:.3} rms {square:.3} beyond {beyond}");
            assert!(mean.abs() < 0.3, "{precision} {count}: mean {mean} sigma");
            assert!(square < 1.2, "{precision} {count}: {square} sigma");
            assert!(
                beyond <= 2,
                "{precision} {count}: {beyond} of 100 beyond 3 sigma"
            );
        }
    }
}

#[test]
fn small_sets_are_counted_almost_exactly() {
    assert_eq!(cardinality(&begin(None)).unwrap(), 0);
    assert_eq!(cardinality(&empty()).unwrap(), 0);
    for count in [1, 2, 10, 100, 1000] {
        for seed in 0..20 {
            assert_eq!(
                cardinality(&sketch_of(14, random(seed, count))).unwrap(),
                count as i64
            );
        }
    }
    let five_thousand = cardinality(&sketch_of(14, random(1, 5000))).unwrap();
    assert!((4995..=5005).contains(&five_thousand), "{five_thousand}");
}

#[test]
fn every_precision_works() {
    for precision in PRECISIONS {
        let sigma = 1.04 / f64::from(1u32 << precision).sqrt();
        for count in [10u64, 1000, 100_000] {
            let state = state_of(precision, random(77, count));
            let error = cardinality(&state).unwrap() as f64 / count as f64 - 1.0;
            assert!(error.abs() < 4.0 * sigma, "{precision} {count}: {error}");
            let bytes = sealed(&state).unwrap();
            assert_eq!(cardinality(&bytes), cardinality(&state));
            assert_eq!(sealed(&bytes).unwrap(), bytes);
            assert_eq!(checked(&state).unwrap(), bytes);
        }
    }
    for wrong in [-1, 3, 19, 270] {
        let error = super::precision(Some(wrong)).unwrap_err();
        assert_eq!(error.sqlstate(), "22023");
        assert_eq!(error.hint().unwrap(), "Use a precision from 4 to 18.");
    }
    assert_eq!(super::precision(None).unwrap_err().sqlstate(), "22004");
}

/// A code stands for the same register and rank as the hash it was made of.
#[test]
fn codes_say_what_hashes_say() {
    let edges = (0..64)
        .map(|bit| 1u64 << bit)
        .chain([0, u64::MAX, 1 << 38 | 1]);
    let hashes: Vec<u64> = edges.chain(random(5, 100_000)).collect();
    for precision in PRECISIONS {
        for &hash in &hashes {
            let expected = ((hash >> (64 - precision)) as u32, rank(hash, precision));
            assert_eq!(
                decode(code_of(hash, precision), precision),
                expected,
                "{hash}"
            );
        }
        let mut all = state_of(precision, hashes.iter().copied().chain(random(6, 300_000)));
        let bytes = sealed(&all).unwrap();
        assert_eq!(checked(&bytes).unwrap(), bytes);
        let few = sketch_of(precision, hashes[..60].iter().copied());
        assert_eq!(merged(&bytes, &few), bytes);
        assert_eq!(merged(&few, &bytes), bytes);
        assert_eq!(merge(&mut all, &bytes), Ok(None));
    }
}

/// Five registers at a time give what one at a time gives.
#[test]
fn registers_merge_by_the_greater() {
    let ranks = |bytes: &[u8]| -> Vec<u32> {
        match View::read(bytes).unwrap().content {
            Content::Registers(words) => Content::ranks(words, 9).collect(),
            _ => panic!("no registers"),
        }
    };
    for seed in 0..50 {
        let (a, b) = (
            state_of(9, random(seed, 900)),
            sketch_of(9, random(seed + 99, 2000)),
        );
        let expected: Vec<u32> = ranks(&a)
            .into_iter()
            .zip(ranks(&b))
            .map(|(a, b)| a.max(b))
            .collect();
        assert_eq!(ranks(&merged(&a, &b)), expected);
    }
}

#[test]
fn different_precisions_do_not_merge() {
    let error = union(&sketch_of(14, [1]), &sketch_of(12, [1])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot merge a hyperloglog of precision 12 with one of precision 14"
    );
    assert_eq!(error.sqlstate(), "22023");
    assert_eq!(
        union(&sketch_of(12, [1]), &sketch_of(14, [1])).unwrap_err(),
        error
    );
    assert!(add(&mut begin(Some(9)), Some(10), 1).is_err());
}

#[test]
fn the_empty_sketch_merges_with_any() {
    let (one, none) = (sketch_of(9, [1]), sketch_of(9, []));
    for other in [empty(), begin(None), sketch_of(18, [])] {
        assert_eq!(merged(&one, &other), one);
        assert_eq!(merged(&other, &one), one);
        assert_eq!(merged(&none, &other), none);
        assert_eq!(merged(&other, &none), none);
    }
}

/// Stored sketches look like this: a failure here is a broken promise, not a wrong test.
#[test]
fn the_binary_form_never_changes() {
    let integers = |range: std::ops::RangeInclusive<i64>| range.map(|i| hash(Value::Integer(i)));
    for (precision, last, expected) in [
        (14, 0, "1:AQ4ANAZo1Q=="),
        (14, 3, "1:AQ4A+5eP7szhjgjqsL8K9r6tBQ=="),
        (4, 10, "1:AQQBZLc/kAAhAAUBAAAGgAAAAAIAAAA="),
    ] {
        let bytes = sketch_of(precision, integers(1..=last));
        assert_eq!(text_of(&bytes).unwrap(), expected);
        assert_eq!(bytes_of(expected).unwrap(), bytes);
    }
}

#[test]
fn text_that_is_none_is_refused() {
    for text in [
        "", ":", "1:", "x:AQ4A", "2:AQ4A", "1:AQ4A", "1:=", "1:AQ4", "-1:AQ4A", "\u{e9}:",
    ] {
        assert!(bytes_of(text).is_err(), "{text}");
    }
    assert_eq!(bytes_of("hello").unwrap_err().sqlstate(), "22P02");
    let version = SketchError::Version {
        kind: KIND,
        version: 2,
    };
    assert_eq!(bytes_of("2:Ag4A").unwrap_err(), version);
}

/// Everything a program does with a sketch it was given.
fn use_it(bytes: &[u8]) {
    let Ok(sketch) = checked(bytes) else {
        // A state is not checked: it may be wrong, but does no harm.
        let mut state = bytes.to_vec();
        let _ = add(&mut state, None, 1);
        let _ = merge(&mut state, &sketch_of(10, [2]));
        let _ = (sealed(bytes), cardinality(bytes), text_of(bytes));
        return;
    };
    assert_eq!(
        sealed(&sketch).unwrap(),
        sketch,
        "what is accepted is in canonical form"
    );
    let precision = View::read(&sketch).unwrap().precision;
    for other in [
        sketch_of(precision, []),
        sketch_of(precision, random(1, 50_000)),
    ] {
        assert_eq!(merged(&other, &sketch), merged(&sketch, &other));
    }
}

/// Puts a right checksum on a wrong payload: an attacker can.
fn forged(precision: u8, form: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [&[1, precision, form, 9, 0, 0, 0], payload].concat();
    if form < 2 {
        sealed::seal(&mut bytes);
    }
    bytes
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    for count in [0, 5, 20_000] {
        let bytes = sketch_of(10, random(3, count));
        for length in 0..bytes.len() {
            assert!(checked(&bytes[..length]).is_err());
        }
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(checked(&flipped).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_it(&bytes);
    }

    #[test]
    fn forged_lists_do_no_harm(
        precision in 0u8..=30,
        form in 0u8..9,
        payload in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(2)], 0..60),
    ) {
        use_it(&forged(precision, form, &payload));
    }

    #[test]
    fn forged_registers_do_no_harm(
        precision in 4u8..=7,
        form in prop_oneof![Just(SEALED_REGISTERS), Just(REGISTERS), Just(TABLE)],
        words in prop::collection::vec(any::<u32>(), 26),
        mask in prop_oneof![Just(u32::MAX), Just(0x1F7D_F7DF), Just(0x0F3C_F3CF)],
    ) {
        let count = (1usize << precision).div_ceil(5);
        let payload: Vec<u8> =
            words[..count].iter().flat_map(|word| (word & mask).to_le_bytes()).collect();
        use_it(&forged(precision, form, &payload));
    }

    #[test]
    fn damaged_and_sealed_again_does_no_harm(
        count in prop_oneof![1u64..40, 3000u64..3010],
        place in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let bytes = sketch_of(10, random(9, count));
        let mut payload = bytes[7..].to_vec();
        let place = place.index(payload.len());
        payload[place] = value;
        use_it(&forged(10, bytes[2], &payload));
        payload.truncate(place);
        use_it(&forged(10, bytes[2], &payload));
        prop_assert!(bytes[2] == LIST || count > 40);
    }

    #[test]
    fn a_sketch_is_a_function_of_the_set(
        precision in prop_oneof![Just(4u8), Just(8), Just(11), Just(14)],
        values in prop::collection::vec(0u64..20_000, 0..6000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        seals in any::<u8>(),
    ) {
        let hashes: Vec<u64> =
            values.iter().map(|value| xxh3_64_with_seed(&value.to_le_bytes(), 0)).collect();
        let whole = sketch_of(precision, hashes.iter().copied());
        let sorted: BTreeSet<u64> = hashes.iter().copied().collect();
        prop_assert_eq!(&sketch_of(precision, sorted), &whole);

        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(hashes.len() + 1)).collect();
        ends.extend([0, hashes.len()]);
        ends.sort_unstable();
        let parts: Vec<Vec<u8>> = ends
            .windows(2)
            .zip(0..)
            .map(|(ends, place)| {
                let state = state_of(precision, hashes[ends[0]..ends[1]].iter().copied());
                if seals >> place & 1 == 1 { sealed(&state).unwrap() } else { state }
            })
            .collect();
        let forward = parts.iter().fold(empty(), |left, right| merged(&left, right));
        let backward = parts.iter().rev().fold(empty(), |left, right| merged(right, &left));
        if whole != sketch_of(precision, []) {
            prop_assert_eq!(&forward, &whole);
            prop_assert_eq!(&backward, &whole);
        }
        prop_assert_eq!(&union(&whole, &whole).unwrap(), &whole);
        prop_assert_eq!(cardinality(&whole), cardinality(&state_of(precision, hashes)));
    }

    #[test]
    fn text_gives_the_bytes_back(count in 0u64..3000) {
        let bytes = sketch_of(9, random(2, count));
        prop_assert_eq!(bytes_of(&text_of(&bytes).unwrap()).unwrap(), bytes);
    }
}

/// Hands a hash through as it is.
#[derive(Default)]
struct PassThrough(u64);

impl std::hash::Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// HyperLogLog++ reads the same registers with tables of measured bias: of the same hashes
/// the two estimates are less than a standard error apart.
#[test]
fn agrees_with_another_implementation() {
    use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
    use std::hash::BuildHasherDefault;
    for precision in [10, 14] {
        let sigma = 1.04 / f64::from(1u32 << precision).sqrt();
        for count in [0, 1, 100, 3_000, 20_000, 40_000, 200_000] {
            for seed in 0..20 {
                let pass = BuildHasherDefault::<PassThrough>::default();
                let mut other = HyperLogLogPlus::<u64, _>::new(precision, pass).unwrap();
                random(seed, count).for_each(|hash| other.insert_any(&hash));
                let ours = cardinality(&state_of(precision, random(seed, count))).unwrap() as f64;
                let theirs = other.count();
                let apart = (ours - theirs).abs() / count.max(1) as f64 / sigma;
                assert!(apart < 1.0, "{precision} {count} {seed}: {ours} {theirs}");
            }
        }
    }
}
