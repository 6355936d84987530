//! Estimates against theory, merging against set union, and bytes against vandals.

use std::collections::BTreeSet;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::*;
use crate::hash::{Value, hash};

fn sketch_of(precision: u8, hashes: impl IntoIterator<Item = u64>) -> Sketch {
    let mut sketch = Sketch::new(precision).unwrap();
    hashes.into_iter().for_each(|hash| sketch.add(hash));
    sketch
}

fn random(seed: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |value| xxh3_64_with_seed(&value.to_le_bytes(), seed))
}

fn union(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut sketch = Sketch::from_bytes(left).unwrap();
    sketch.merge(&Sketch::from_bytes(right).unwrap()).unwrap();
    sketch.to_bytes().unwrap()
}

/// Over 100 seeds the mean lies within 3 sigma / sqrt(100) of the truth, the root of
/// the mean square within a fifth of sigma, and no estimate is off by more than 3 sigma.
#[test]
fn the_error_is_that_of_the_theory() {
    for (precision, count) in [(10, 20_000), (14, 8_000), (14, 40_000), (14, 200_000)] {
        let sigma = 1.04 / f64::from(1u32 << precision).sqrt();
        let errors: Vec<f64> = (1000..1100)
            .map(|seed| {
                let estimate = sketch_of(precision, random(seed, count)).cardinality();
                estimate as f64 / count as f64 - 1.0
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / 100.0;
        let square = (errors.iter().map(|error| error * error).sum::<f64>() / 100.0).sqrt();
        let beyond = errors
            .iter()
            .filter(|error| error.abs() > 3.0 * sigma)
            .count();
        println!("{precision} {count}: mean {mean:.5} rms {square:.5} sigma {sigma:.5}");
        assert!(mean.abs() < 0.3 * sigma, "{precision} {count}: mean {mean}");
        assert!(
            square < 1.2 * sigma,
            "{precision} {count}: {square} against {sigma}"
        );
        assert!(
            beyond <= 2,
            "{precision} {count}: {beyond} of 100 beyond 3 sigma"
        );
    }
}

#[test]
fn small_sets_are_counted_almost_exactly() {
    assert_eq!(Sketch::new(14).unwrap().cardinality(), 0);
    for count in [1, 2, 10, 100, 1000] {
        for seed in 0..20 {
            assert_eq!(
                sketch_of(14, random(seed, count)).cardinality(),
                count as i64
            );
        }
    }
    let five_thousand = sketch_of(14, random(1, 5000)).cardinality();
    assert!((4995..=5005).contains(&five_thousand), "{five_thousand}");
}

#[test]
fn every_precision_works() {
    for precision in PRECISIONS {
        let sigma = 1.04 / f64::from(1u32 << precision).sqrt();
        for count in [10u64, 1000, 100_000] {
            let mut sketch = sketch_of(precision, random(77, count));
            let error = sketch.cardinality() as f64 / count as f64 - 1.0;
            assert!(error.abs() < 4.0 * sigma, "{precision} {count}: {error}");
            let bytes = sketch.to_bytes().unwrap();
            let mut again = Sketch::from_bytes(&bytes).unwrap();
            assert_eq!(again.cardinality(), sketch.cardinality());
            assert_eq!(again.to_bytes().unwrap(), bytes);
            assert_eq!(again.precision(), precision);
        }
    }
    assert_eq!(Sketch::new(3).unwrap_err(), SketchError::Precision(3));
    assert_eq!(Sketch::new(19).unwrap_err(), SketchError::Precision(19));
}

#[test]
fn extreme_hashes_fit() {
    let mut hashes = vec![0, u64::MAX];
    hashes.extend((0..64).map(|bit| 1u64 << bit));
    for precision in PRECISIONS {
        let mut all = sketch_of(precision, hashes.iter().copied().chain(random(5, 300_000)));
        let bytes = all.to_bytes().unwrap();
        assert_eq!(
            Sketch::from_bytes(&bytes).unwrap().to_bytes().unwrap(),
            bytes
        );
        let few = sketch_of(precision, hashes.iter().copied())
            .to_bytes()
            .unwrap();
        assert_eq!(union(&bytes, &few), bytes);
        assert_eq!(union(&few, &bytes), bytes);
    }
}

#[test]
fn different_precisions_do_not_merge() {
    let error = sketch_of(14, [1]).merge(&sketch_of(12, [1])).unwrap_err();
    assert_eq!(
        error,
        SketchError::Mismatch {
            left: 14,
            right: 12
        }
    );
    assert_eq!(error.sqlstate(), "22023");
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
        let bytes = sketch_of(precision, integers(1..=last)).to_bytes().unwrap();
        assert_eq!(Sketch::text_of(&bytes), expected);
        assert_eq!(Sketch::bytes_of(expected).unwrap(), bytes);
    }
}

#[test]
fn text_that_is_none_is_refused() {
    for text in [
        "", ":", "1:", "x:AQ4A", "2:AQ4A", "1:AQ4A", "1:=", "1:AQ4", "-1:AQ4A", "\u{e9}:",
    ] {
        assert!(Sketch::bytes_of(text).is_err(), "{text}");
    }
    assert_eq!(Sketch::bytes_of("hello").unwrap_err().sqlstate(), "22P02");
    assert_eq!(
        Sketch::bytes_of("2:Ag4A").unwrap_err(),
        SketchError::Version(2)
    );
}

/// Everything a program does with a sketch it was given.
fn use_it(bytes: &[u8]) {
    if let Ok(mut sketch) = Sketch::from_bytes(bytes) {
        let again = sketch.to_bytes().unwrap();
        assert_eq!(again, bytes, "what is accepted is in canonical form");
        for other in [
            sketch_of(sketch.precision(), []),
            sketch_of(sketch.precision(), random(1, 50_000)),
        ] {
            let mut merged = other.clone();
            merged.merge(&sketch).unwrap();
            sketch.merge(&other).unwrap();
            assert_eq!(sketch.cardinality(), merged.cardinality());
            assert_eq!(sketch.to_bytes().unwrap(), merged.to_bytes().unwrap());
        }
    }
}

/// Puts a right checksum on a wrong payload: an attacker can.
fn sealed(precision: u8, mode: u8, payload: &[u8]) -> Vec<u8> {
    let seed = u64::from_le_bytes([1, precision, mode, 0, 0, 0, 0, 0]);
    let sum = xxh3_64_with_seed(payload, seed).to_le_bytes();
    [&[1, precision, mode], &sum[..4], payload].concat()
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    for count in [0, 5, 20_000] {
        let bytes = sketch_of(10, random(3, count)).to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(Sketch::from_bytes(&bytes[..length]).is_err());
        }
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Sketch::from_bytes(&flipped).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_it(&bytes);
    }

    #[test]
    fn sealed_lists_do_no_harm(
        precision in 0u8..=30,
        mode in 0u8..3,
        payload in prop::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(2)], 0..60),
    ) {
        use_it(&sealed(precision, mode, &payload));
    }

    #[test]
    fn sealed_registers_do_no_harm(
        precision in 4u8..=7,
        words in prop::collection::vec(any::<u32>(), 26),
        mask in prop_oneof![Just(u32::MAX), Just(0x1F7D_F7DF), Just(0x0F3C_F3CF)],
    ) {
        let count = (1usize << precision).div_ceil(5);
        let payload: Vec<u8> =
            words[..count].iter().flat_map(|word| (word & mask).to_le_bytes()).collect();
        use_it(&sealed(precision, 1, &payload));
    }

    #[test]
    fn damaged_and_sealed_again_does_no_harm(
        count in prop_oneof![1u64..40, 3000u64..3010],
        place in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let bytes = sketch_of(10, random(9, count)).to_bytes().unwrap();
        let mut payload = bytes[7..].to_vec();
        let place = place.index(payload.len());
        payload[place] = value;
        use_it(&sealed(10, bytes[2], &payload));
        payload.truncate(place);
        use_it(&sealed(10, bytes[2], &payload));
    }

    #[test]
    fn a_sketch_is_a_function_of_the_set(
        precision in prop_oneof![Just(4u8), Just(8), Just(11), Just(14)],
        values in prop::collection::vec(0u64..20_000, 0..6000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let hashes: Vec<u64> =
            values.iter().map(|value| xxh3_64_with_seed(&value.to_le_bytes(), 0)).collect();
        let whole = sketch_of(precision, hashes.iter().copied()).to_bytes().unwrap();
        let sorted: BTreeSet<u64> = hashes.iter().copied().collect();
        prop_assert_eq!(&sketch_of(precision, sorted).to_bytes().unwrap(), &whole);

        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(hashes.len() + 1)).collect();
        ends.extend([0, hashes.len()]);
        ends.sort_unstable();
        let parts: Vec<Vec<u8>> = ends
            .windows(2)
            .map(|ends| sketch_of(precision, hashes[ends[0]..ends[1]].iter().copied()))
            .map(|mut sketch| sketch.to_bytes().unwrap())
            .collect();
        let empty = sketch_of(precision, []).to_bytes().unwrap();
        let forward = parts.iter().fold(empty.clone(), |left, right| union(&left, right));
        let backward = parts.iter().rev().fold(empty, |left, right| union(right, &left));
        prop_assert_eq!(&forward, &whole);
        prop_assert_eq!(&backward, &whole);
        prop_assert_eq!(&union(&whole, &whole), &whole);
        prop_assert_eq!(
            Sketch::from_bytes(&whole).unwrap().cardinality(),
            sketch_of(precision, hashes).cardinality()
        );
    }

    #[test]
    fn text_gives_the_bytes_back(count in 0u64..3000) {
        let bytes = sketch_of(9, random(2, count)).to_bytes().unwrap();
        prop_assert_eq!(Sketch::bytes_of(&Sketch::text_of(&bytes)).unwrap(), bytes);
    }
}
