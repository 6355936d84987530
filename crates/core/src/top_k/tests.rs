//! The promises against counting everything, and bytes against vandals.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::layout::{SEALED, STATE};
use super::*;
use crate::error::UserError;
use crate::sketch::sealed::seal;

fn state_of<'a>(capacity: u32, values: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let begun = begin(Some(capacity)).unwrap();
    values.into_iter().fold(begun, |mut state, value| {
        add(&mut state, None, value).unwrap().unwrap_or(state)
    })
}

fn sketch_of(capacity: u32, values: &[&str]) -> Vec<u8> {
    sealed(&state_of(
        capacity,
        values.iter().map(|value| value.as_bytes()),
    ))
    .unwrap()
}

fn merged_with(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut state = left.to_vec();
    merge(&mut state, right).unwrap().unwrap_or(state)
}

/// All that the documentation promises, against the true counts.
fn assert_promises(sketch: &[u8], values: &[Vec<u8>]) {
    let mut truth: HashMap<&[u8], i64> = HashMap::new();
    for value in values {
        *truth.entry(value).or_default() += 1;
    }
    let view = View::read(sketch).unwrap().pruned();
    let (capacity, rows) = (i64::from(view.capacity), values.len() as i64);
    assert_eq!(value_count(sketch).unwrap(), rows);
    assert!(
        view.missed as i64 * (capacity + 1) <= rows,
        "{} missed",
        view.missed
    );
    let counted: BTreeMap<_, _> = top(sketch, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|counted| (counted.value.to_vec(), counted))
        .collect();
    assert!(counted.len() as i64 <= capacity);
    for (value, counted) in &counted {
        let times = truth.get(&value[..]).copied().unwrap_or(0);
        assert!(
            counted.count - counted.error <= times && times <= counted.count,
            "{times} {counted:?}"
        );
        assert!(counted.error <= view.missed as i64);
    }
    for (value, times) in &truth {
        if !counted.contains_key(*value) {
            assert!(*times <= view.missed as i64, "missed {times}");
            assert!(times * capacity <= rows);
        }
    }
    if truth.len() as i64 <= capacity {
        assert_eq!(counted.len(), truth.len());
        assert!(counted.values().all(|counted| counted.error == 0));
    }
}

#[test]
fn few_values_are_counted_exactly() {
    let sketch = sketch_of(3, &["b", "a", "b", "c", "a", "b"]);
    let top = |most| -> Vec<_> {
        let counted = top(&sketch, most).unwrap().into_iter();
        counted
            .map(|counted| (counted.value.to_vec(), counted.count, counted.error))
            .collect()
    };
    assert_eq!(top(2), [(b"b".to_vec(), 3, 0), (b"a".to_vec(), 2, 0)]);
    assert_eq!(top(9).len(), 3);
    assert_eq!(top(0), []);
    assert_eq!(value_count(&sketch), Ok(6));
}

#[test]
fn of_equal_counts_the_first_in_order_stays() {
    let sketch = sketch_of(2, &["d", "b", "c", "a"]);
    assert_eq!(text_of(&sketch).unwrap(), b"1:2/4/1{\"a\"=1,\"b\"=1}");
    assert_eq!(sketch_of(2, &["a", "c", "d", "b"]), sketch);
}

/// What is frequent is found among a hundred times as many values, in any order.
#[test]
fn heavy_hitters_are_found() {
    for order in 0..3 {
        let mut values: Vec<Vec<u8>> = Vec::new();
        for rank in 1..=5000usize {
            let times = 20_000 / rank;
            values.extend((0..times).map(|_| format!("value {rank}").into_bytes()));
        }
        match order {
            0 => values.reverse(),
            1 => values.sort_by_key(|value| xxhash_rust::xxh3::xxh3_64(value)),
            _ => {
                let count = values.len();
                (0..count).for_each(|place| values.swap(place, place * 7919 % count));
            }
        }
        let state = state_of(50, values.iter().map(Vec::as_slice));
        assert!(state.len() < 10_000, "{}", state.len());
        assert_promises(&state, &values);
        let first = top(&state, 3).unwrap();
        assert!(
            first
                .iter()
                .zip(1..)
                .all(|(counted, rank)| { counted.value == format!("value {rank}").as_bytes() })
        );
    }
}

#[test]
fn memory_is_bounded() {
    let values: Vec<Vec<u8>> = (0..30_000)
        .map(|i| format!("{i:020}").into_bytes())
        .collect();
    let state = state_of(100, values.iter().map(Vec::as_slice));
    assert!(
        state.len() < 200 * 2 * 40 + 200 * 11 + 200,
        "{}",
        state.len()
    );
    assert_promises(&state, &values);
}

#[test]
fn what_is_asked_in_vain_is_said() {
    for wrong in [-1, 0, 65_537] {
        let error = capacity(Some(wrong)).unwrap_err();
        assert_eq!(error.sqlstate(), "22023");
        assert_eq!(error.hint().unwrap(), "Use a capacity from 1 to 65536.");
    }
    assert_eq!(capacity(None).unwrap_err().sqlstate(), "22004");
    let (three, four) = (sketch_of(3, &["a"]), sketch_of(4, &["a"]));
    let error = union(&four, &three).unwrap_err();
    assert_eq!(union(&three, &four).unwrap_err(), error);
    assert_eq!(
        error.to_string(),
        "cannot merge a top_k_sketch of capacity 3 with one of capacity 4"
    );
    assert!(add(&mut begin(Some(3)).unwrap(), Some(4), b"a").is_err());
}

#[test]
fn the_empty_sketch_merges_with_any() {
    let (one, none) = (sketch_of(9, &["a"]), sketch_of(9, &[]));
    for (other, both) in [(empty(), &none), (begin(Some(35_000)).unwrap(), &none)] {
        assert_eq!(union(&one, &other).unwrap(), one);
        assert_eq!(union(&other, &one).unwrap(), one);
        assert_eq!(&union(&none, &other).unwrap(), both);
        assert_eq!(&union(&other, &none).unwrap(), both);
    }
}

/// Stored sketches look like this: a failure here is a broken promise, not a wrong test.
#[test]
fn the_stored_forms_never_change() {
    let sketch = sketch_of(2, &["tea", "tea", "a \"b\" \\ c", "", "caf\u{e9}", "tea"]);
    let text = "1:2/6/1{\"tea\"=3,\"\"=1}";
    assert_eq!(text_of(&sketch).unwrap(), text.as_bytes());
    assert_eq!(bytes_of(text.as_bytes()).unwrap(), sketch);
    let bytes = [
        1, 0, 0, 128, 134, 250, 12, 2, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3,
        0, 3, b't', b'e', b'a', 1, 0, 0,
    ];
    assert_eq!(sketch, bytes);
}

#[test]
fn text_that_is_none_is_refused() {
    for (text, state) in [
        ("", "22P02"),
        ("1:2/6/1{", "22P02"),
        ("1:2/6/1{\"a\"=1,}", "22P02"),
        ("1:2/6/1{\"a\"=}", "22P02"),
        ("1:2/6/1{a=1}", "22P02"),
        ("1:0/0/0{}", "22P02"),
        ("1:2/99999999999999999999/0{}", "22P02"),
        ("2:2/6/1{}", "22P03"),
        ("1:2/6/3{}", "22P03"),
        ("1:2/6/0{\"a\"=7}", "22P03"),
        ("1:2/6/1{\"a\"=2-2}", "22P03"),
        ("1:2/6/1{\"a\"=2,\"a\"=1}", "22P03"),
        ("1:2/6/0{\"a\"=1,\"b\"=1,\"c\"=1}", "22P03"),
        ("1:2/6/0{\"a\0\"=1}", "22P03"),
    ] {
        assert_eq!(
            bytes_of(text.as_bytes()).unwrap_err().sqlstate(),
            state,
            "{text}"
        );
    }
}

#[test]
fn counts_past_all_bounds_are_refused() {
    let mut sketch = sketch_of(1, &["a", "b"]);
    for _ in 0..61 {
        sketch = union(&sketch, &sketch).unwrap();
    }
    assert_eq!(union(&sketch, &sketch).unwrap_err().sqlstate(), "54000");
    assert_eq!(checked(&sketch).unwrap(), sketch);
}

/// Everything a program does with a sketch it was given.
fn use_it(bytes: &[u8]) {
    let Ok(sketch) = checked(bytes) else {
        // A state is not checked: it may be wrong, but does no harm.
        let mut state = bytes.to_vec();
        let _ = add(&mut state, None, b"one");
        let _ = merge(&mut state, &sketch_of(5, &["two"]));
        let _ = merge(&mut state_of(5, [&b"two"[..]]), bytes);
        let _ = (sealed(bytes), top(bytes, 9), text_of(bytes));
        return;
    };
    assert_eq!(sealed(&sketch).unwrap(), sketch);
    assert_eq!(bytes_of(&text_of(&sketch).unwrap()).unwrap(), sketch);
    let capacity = View::read(&sketch).unwrap().capacity;
    let other = sketch_of(capacity, &["one", "two", "three", "two"]);
    let both = union(&other, &sketch).unwrap();
    assert_eq!(union(&sketch, &other).unwrap(), both);
    assert_eq!(checked(&both).unwrap(), both);
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    let bytes = sketch_of(4, &["a", "b", "c", "d", "e", "a", "a"]);
    for length in 0..bytes.len() {
        assert!(checked(&bytes[..length]).is_err());
    }
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(checked(&flipped).is_err(), "bit {bit}");
    }
}

/// Many of few values, few of many, none but different ones.
fn any_values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let value = prop_oneof![
        4 => (0u32..6).prop_map(|i| i.to_string().into_bytes()),
        3 => (0u32..60).prop_map(|i| format!("value {i}").into_bytes()),
        1 => prop::collection::vec(1u8..=255, 0..30),
    ];
    prop::collection::vec(value, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use_it(&bytes);
    }

    #[test]
    fn damaged_and_sealed_again_does_no_harm(
        values in any_values(),
        capacity in 1u32..8,
        form in prop_oneof![Just(SEALED), Just(STATE)],
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = state_of(capacity, values.iter().map(Vec::as_slice));
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

    /// In any order and merged in any tree, sealed or not, the promises hold.
    #[test]
    fn the_promises_hold(
        values in any_values(),
        capacity in prop_oneof![1u32..12, Just(64), Just(500)],
        parts in prop::collection::vec(any::<u8>(), 400),
        joins in prop::collection::vec(any::<prop::sample::Index>(), 7),
        seals in any::<u8>(),
    ) {
        let whole = state_of(capacity, values.iter().map(Vec::as_slice));
        assert_promises(&whole, &values);
        let mut trees: Vec<Vec<u8>> = (0..8)
            .map(|part| {
                let own = values.iter().zip(&parts).filter(|(_, place)| *place % 8 == part);
                let state = state_of(capacity, own.map(|(value, _)| value.as_slice()));
                if seals >> part & 1 == 1 { sealed(&state).unwrap() } else { state }
            })
            .collect();
        for join in joins {
            let other = trees.swap_remove(join.index(trees.len()));
            let into = join.index(trees.len());
            trees[into] = merged_with(&trees[into], &other);
        }
        assert_promises(&trees[0], &values);
        let merged = sealed(&trees[0]).unwrap();
        assert_promises(&merged, &values);
        prop_assert_eq!(&checked(&trees[0]).unwrap(), &merged);
        prop_assert_eq!(&bytes_of(&text_of(&merged).unwrap()).unwrap(), &merged);
        let different: std::collections::HashSet<_> = values.iter().collect();
        if different.len() <= capacity as usize {
            prop_assert_eq!(merged, sealed(&whole).unwrap());
        }
    }
}
