//! Estimates against the values themselves, merging against adding, and bytes against
//! vandals.

use proptest::prelude::*;

use super::layout::{SEALED, STATE};
use super::mapping::{Accuracy, LEVELS, merged};
use super::*;
use crate::error::UserError;
use crate::sketch::sealed::seal;

/// A state, not sealed.
fn state_of(error: f64, values: &[f64]) -> Vec<u8> {
    values.iter().fold(begin(Some(error)), |mut state, value| {
        add(&mut state, None, *value).unwrap().unwrap_or(state)
    })
}

fn sketch_of(error: f64, values: &[f64]) -> Vec<u8> {
    sealed(&state_of(error, values)).unwrap()
}

fn merged_with(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut state = left.to_vec();
    merge(&mut state, right).unwrap().unwrap_or(state)
}

/// The definition, on all values in order: `percentile_disc`.
fn exact(values: &[f64], fraction: f64) -> f64 {
    let number = (fraction * values.len() as f64).ceil().max(1.0) as usize;
    values[number - 1]
}

fn in_order(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| b.is_less(*a).cmp(&a.is_less(*b)));
    values
}

fn assert_close(estimate: f64, exact: f64, error: f64) {
    // Of the least numbers there are none between to choose from.
    let allowed = error * exact.abs() * (1.0 + 1e-9) + f64::from_bits(1);
    let is_close = (estimate - exact).abs() <= allowed
        || estimate == exact
        || estimate.is_nan() && exact.is_nan();
    assert!(is_close, "{estimate} for {exact}, within {error}");
}

const FRACTIONS: [f64; 13] = [
    0.0, 1e-9, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0,
];

fn assert_percentiles(sketch: &[u8], values: &[f64], error: f64) {
    let values = in_order(values);
    let fractions = FRACTIONS.map(Some);
    for (fraction, estimate) in FRACTIONS
        .iter()
        .zip(percentiles(sketch, &fractions).unwrap())
    {
        assert_close(estimate.unwrap(), exact(&values, *fraction), error);
    }
}

/// Numbers of a few thousand distributions.
fn uniform(seed: u64, count: usize) -> impl Iterator<Item = f64> {
    let hash = move |i: usize| xxhash_rust::xxh3::xxh3_64_with_seed(&i.to_le_bytes(), seed);
    (0..count).map(move |i| (hash(i) >> 11) as f64 / (1u64 << 53) as f64)
}

#[test]
fn percentiles_are_within_the_error() {
    type Shape = fn(f64) -> f64;
    let shapes: [(&str, Shape); 9] = [
        ("uniform", |u| 1000.0 * u),
        ("around zero", |u| u - 0.5),
        ("negative", |u| -1e6 * u),
        ("exponential", |u| -(1.0 - u).ln()),
        ("Pareto", |u| (1.0 - u).powf(-1.5)),
        ("lognormal, about", |u| {
            (2.0 * (u / (1.0 - u + 1e-12)).ln()).exp()
        }),
        ("steps", |u| (10.0 * u).floor()),
        ("two humps", |u| if u < 0.7 { 1.0 + u } else { 1e6 * u }),
        ("all alike", |_| 42.0),
    ];
    for error in [0.001, 0.01, 0.05, 0.3] {
        for (name, shape) in shapes {
            for seed in 0..5 {
                let values: Vec<f64> = uniform(seed, 3000).map(shape).collect();
                let sketch = sketch_of(error, &values);
                assert_eq!(relative_error(&sketch).unwrap(), error, "{name}");
                assert_eq!(value_count(&sketch).unwrap(), 3000);
                assert_percentiles(&sketch, &values, error);
            }
        }
    }
}

/// Numbers over all magnitudes there are: buckets merge, and the sketch says how far.
#[test]
fn memory_is_bounded_and_the_error_is_told() {
    for (error, bytes) in [(0.001, 100_000), (0.01, 12_000), (0.1, 1_200), (0.5, 400)] {
        let values: Vec<f64> = uniform(7, 60_000)
            .map(|u| {
                if u < 0.3 {
                    -(3000.0 * u - 500.0).exp()
                } else {
                    (1400.0 * u - 740.0).exp()
                }
            })
            .collect();
        let state = state_of(error, &values);
        let now = relative_error(&state).unwrap();
        assert!(
            error < now && now < 70.0 * error || error == 0.5,
            "{error} became {now}"
        );
        assert!(sealed(&state).unwrap().len() < bytes);
        assert!(state.len() < 16 * Accuracy::of(error).limit() + 100);
        assert_percentiles(&state, &values, now);
    }
    // Over 18 orders of magnitude nothing merges.
    let values: Vec<f64> = uniform(8, 50_000)
        .map(|u| 10f64.powf(18.0 * u - 9.0))
        .collect();
    assert_eq!(relative_error(&sketch_of(0.01, &values)), Ok(0.01));
}

#[test]
fn buckets_end_where_they_should() {
    for error in [0.0001, 0.01, 0.5] {
        let accuracy = Accuracy::of(error);
        let ln_gamma = ((1.0 + error) / (1.0 - error)).ln();
        assert_close(accuracy.per_power, 0.7 / ln_gamma, 1e-11);
        for level in 0..=LEVELS {
            let mut edges = vec![
                1.0,
                f64::MAX,
                f64::MIN_POSITIVE,
                f64::from_bits(1),
                1e-300,
                3.0,
            ];
            edges.extend(uniform(u64::from(level), 200).map(|u| (1400.0 * u - 700.0).exp()));
            for value in edges.into_iter().flat_map(|value| [value, -value]) {
                let place = accuracy.place(value, level);
                assert_eq!(place, merged(accuracy.place(value, 0), level));
                assert_eq!(place, -accuracy.place(-value, level));
                assert_close(
                    accuracy.estimate(place, level),
                    value,
                    accuracy.error_at(level),
                );
            }
        }
        for value in [0.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(accuracy.estimate(accuracy.place(value, 3), 3), value);
        }
        assert!(accuracy.estimate(accuracy.place(f64::NAN, 0), 0).is_nan());
    }
}

#[test]
fn specials_are_in_the_order_that_postgresql_has() {
    let values = [
        f64::NAN,
        1.0,
        f64::NEG_INFINITY,
        -0.0,
        f64::INFINITY,
        -f64::NAN,
        0.0,
        -2.0,
    ];
    let sketch = sketch_of(0.01, &values);
    assert_percentiles(&sketch, &values, 0.01);
    let mut turned = values;
    turned.reverse();
    assert_eq!(sketch_of(0.01, &turned), sketch);
    assert_eq!(percentile(&sketch, 0.0), Ok(Some(f64::NEG_INFINITY)));
    assert!(percentile(&sketch, 0.9).unwrap().unwrap().is_nan());
    assert_eq!(
        percentile(&sketch_of(0.01, &[f64::NAN]), 0.5)
            .unwrap()
            .map(f64::is_nan),
        Some(true)
    );
}

#[test]
fn no_values_have_no_percentiles() {
    let none = sketch_of(0.01, &[]);
    assert_eq!(none, empty());
    assert_eq!(percentile(&none, 0.5), Ok(None));
    assert_eq!(
        percentiles(&sketch_of(0.01, &[5.0]), &[None, Some(1.0)]),
        Ok(vec![None, Some(5.0)])
    );
    assert_eq!(value_count(&none), Ok(0));
    let (one, worse, better) = (
        sketch_of(0.2, &[3.0]),
        state_of(0.3, &[]),
        sketch_of(0.001, &[]),
    );
    for (other, expected) in [(&one, &one), (&worse, &worse), (&better, &none)] {
        assert_eq!(union(&none, other), sealed(expected));
        assert_eq!(union(other, &none), sealed(expected));
    }
}

#[test]
fn what_is_asked_in_vain_is_said() {
    let sketch = sketch_of(0.01, &[1.0]);
    for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert_eq!(
            percentile(&sketch, fraction).unwrap_err().sqlstate(),
            "22003"
        );
    }
    for error in [0.0, -1.0, 0.6, f64::NAN, 1e-5] {
        let refused = super::error(Some(error)).unwrap_err();
        assert_eq!(refused.sqlstate(), "22023");
        assert_eq!(
            refused.hint().unwrap(),
            "Use a relative error from 0.0001 to 0.5."
        );
    }
    assert_eq!(super::error(None).unwrap_err().sqlstate(), "22004");
    let other = sketch_of(0.02, &[1.0]);
    let refused = union(&sketch, &other).unwrap_err();
    assert_eq!(union(&other, &sketch).unwrap_err(), refused);
    assert_eq!(
        refused.to_string(),
        "cannot merge a percentile_sketch of relative error 0.01 with one of relative error 0.02"
    );
    assert!(add(&mut begin(Some(0.1)), Some(0.2), 1.0).is_err());
}

/// Stored sketches look like this: a failure here is a broken promise, not a wrong test.
#[test]
fn the_binary_form_never_changes() {
    for (error, values, expected) in [
        (0.01, &[][..], EMPTY),
        (0.01, &[1.0, 1.5, 1.51, -3.0, 0.0, f64::INFINITY], FEW),
        (0.5, &[1e-300, 1e300, f64::NAN, 17.0, 17.0], WIDE),
    ] {
        let sketch = sketch_of(error, values);
        assert_eq!(text_of(&sketch).unwrap(), expected);
        assert_eq!(bytes_of(expected).unwrap(), sketch);
    }
}
const EMPTY: &str = "1:AQAA66NlY3sUrkfheoQ/AAAAAAAA+H8AAAAAAADw/w==";
const FEW: &str = "1:AQAA5XcIl3sUrkfheoQ/AAAAAAAACMAAAAAAAADwf8j///sHAbiAgAQBgICABAEVAun///sHAQ==";
const WIDE: &str = "1:AQAAeac2KgAAAAAAAOA/WfP4wh9upQEAAAAAAAD4f4b7/4MIAf0EAvgEAYT7//sHAQ==";

#[test]
fn counts_past_all_bounds_are_refused() {
    let mut sketch = sketch_of(0.01, &[1.0, 2.0]);
    for _ in 0..61 {
        sketch = union(&sketch, &sketch).unwrap();
    }
    assert_eq!(value_count(&sketch), Ok(1 << 62));
    assert_eq!(union(&sketch, &sketch).unwrap_err().sqlstate(), "54000");
    assert_eq!(checked(&sketch).unwrap(), sketch);
}

/// Everything a program does with a sketch it was given.
fn use_it(bytes: &[u8]) {
    let fractions = FRACTIONS.map(Some);
    let Ok(sketch) = checked(bytes) else {
        // A state is not checked: it may be wrong, but does no harm.
        let mut state = bytes.to_vec();
        let _ = add(&mut state, None, 1.0);
        let _ = merge(&mut state, &sketch_of(0.01, &[2.0]));
        let _ = merge(&mut state_of(0.01, &[2.0]), bytes);
        let _ = (
            sealed(bytes),
            percentiles(bytes, &fractions),
            value_count(bytes),
        );
        return;
    };
    assert_eq!(sealed(&sketch).unwrap(), sketch);
    percentiles(&sketch, &fractions).unwrap();
    let error = View::read(&sketch).unwrap().accuracy.error;
    let other = sketch_of(error, &uniform(3, 300).collect::<Vec<_>>());
    if let Ok(both) = union(&other, &sketch) {
        assert_eq!(union(&sketch, &other).unwrap(), both);
    }
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    let bytes = sketch_of(0.05, &uniform(1, 500).collect::<Vec<_>>());
    for length in 0..bytes.len() {
        assert!(checked(&bytes[..length]).is_err());
    }
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(checked(&flipped).is_err(), "bit {bit}");
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -100.0..100.0f64,
        2 => any::<f64>(),
        1 => (0..5i32).prop_map(f64::from),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(f64::MIN)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_it(&bytes);
    }

    #[test]
    fn damaged_and_sealed_again_does_no_harm(
        values in prop::collection::vec(any_value(), 0..60),
        error in prop_oneof![Just(0.01), Just(0.5)],
        form in prop_oneof![Just(SEALED), Just(STATE)],
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = state_of(error, &values);
        if form == SEALED {
            bytes = sealed(&bytes).unwrap();
        }
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if bytes.get(2) == Some(&SEALED) {
            seal(&mut bytes);
        }
        use_it(&bytes);
    }

    /// In any order and merged in any tree, sealed or not, a sketch is that of its values.
    #[test]
    fn a_sketch_is_a_function_of_the_values(
        error in prop_oneof![Just(0.5), Just(0.1), Just(0.01)],
        values in prop::collection::vec(any_value(), 1..400),
        parts in prop::collection::vec(any::<u8>(), 400),
        joins in prop::collection::vec(any::<prop::sample::Index>(), 8),
        seals in any::<u8>(),
    ) {
        let whole = sketch_of(error, &values);
        assert_percentiles(&whole, &values, relative_error(&whole).unwrap());
        let mut trees: Vec<Vec<u8>> = (0..8)
            .map(|part| {
                let own = values.iter().zip(&parts).filter(|(_, place)| *place % 8 == part);
                let state = state_of(error, &own.map(|(value, _)| *value).collect::<Vec<_>>());
                if seals >> part & 1 == 1 { sealed(&state).unwrap() } else { state }
            })
            .collect();
        for join in joins {
            if trees.len() > 1 {
                let other = trees.swap_remove(join.index(trees.len()));
                let into = join.index(trees.len());
                trees[into] = merged_with(&trees[into], &other);
            }
        }
        prop_assert_eq!(&sealed(&trees[0]).unwrap(), &whole);
        prop_assert_eq!(&checked(&trees[0]).unwrap(), &whole);
        prop_assert_eq!(bytes_of(&text_of(&whole).unwrap()).unwrap(), whole);
    }
}
