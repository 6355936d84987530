use super::*;
use crate::interrupt::tests::checks;
use proptest::prelude::*;

/// Grows a timeline as an aggregate does.
pub(crate) fn grown(conditions: usize, question: &[u8], moments: &[Moment]) -> Vec<u8> {
    let mut room = vec![0; Growing::first_room(question).unwrap()];
    Growing::begin(&mut room, conditions, question).unwrap();
    for moment in moments {
        while !Growing::go_on(&mut room).unwrap().push(*moment) {
            let next = Growing::next_room(room.len(), 0).unwrap();
            room.resize(next, 0);
        }
    }
    room
}

fn merged(mut left: Vec<u8>, right: &[u8]) -> Vec<u8> {
    let right = Timeline::read(right).unwrap();
    while !Growing::go_on(&mut left).unwrap().merge(&right).unwrap() {
        let next = Growing::next_room(left.len(), right.moments.len()).unwrap();
        left.resize(next, 0);
    }
    left
}

fn moments(conditions: usize) -> impl Strategy<Value = Vec<Moment>> {
    let at = prop_oneof![-5..5_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    let moment = (at, 0..=u64::MAX >> (64 - conditions)).prop_map(|(at, held)| Moment { at, held });
    prop::collection::vec(moment, 0..40)
}

fn a_case() -> impl Strategy<Value = (usize, Vec<Moment>)> {
    CONDITIONS.prop_flat_map(|conditions| (Just(conditions), moments(conditions)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn is_read_as_it_was_grown((conditions, mut moments) in a_case(), question: Vec<u8>) {
        let room = grown(conditions, &question, &moments);
        let timeline = Timeline::read(&room).unwrap();
        prop_assert_eq!(timeline.conditions(), conditions);
        prop_assert_eq!(timeline.question(), &question[..]);
        prop_assert_eq!(timeline.len(), moments.len());
        prop_assert_eq!(timeline.is_empty(), moments.is_empty());
        moments.sort();
        prop_assert_eq!(timeline.sorted(), moments);
    }

    #[test]
    fn any_order_and_any_tree_of_merges_give_the_same(
        (conditions, moments) in a_case(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 40),
    ) {
        let whole = canonical(&grown(conditions, b"q", &moments)).unwrap();
        let mut shuffled = moments.clone();
        for (place, pick) in picks.iter().enumerate().take(shuffled.len()) {
            let other = pick.index(shuffled.len());
            shuffled.swap(place, other);
        }
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(shuffled.len() + 1)).collect();
        ends.push(shuffled.len());
        ends.sort();
        let mut begin = 0;
        let mut parts: Vec<Vec<u8>> = ends.iter().map(|end| {
            let part = grown(conditions, b"q", &shuffled[begin..*end]);
            begin = *end;
            part
        }).collect();
        while parts.len() > 1 {
            let one = parts.swap_remove(picks[parts.len() % 40].index(parts.len()));
            let other = parts.swap_remove(picks[parts.len() % 40].index(parts.len()));
            parts.push(merged(one, &other));
        }
        prop_assert_eq!(canonical(&parts[0]).unwrap(), whole);
    }

    #[test]
    fn what_is_printed_is_read_again((conditions, moments) in a_case(), question: Vec<u8>) {
        let bytes = canonical(&grown(conditions, &question, &moments)).unwrap();
        prop_assert_eq!(Timeline::read(&bytes).unwrap().question(), &question[..]);
        prop_assert_eq!(checked(&bytes), Ok(()));
        prop_assert_eq!(bytes_of(&text_of(&bytes).unwrap()), Ok(bytes));
    }

    #[test]
    fn foreign_bytes_are_refused_not_believed(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        conditions in 0_u8..70,
        used in 0_u8..70,
        text: String,
    ) {
        for (place, value) in [(0, 1), (1, 0), (2, conditions), (3, 0), (4, 0), (5, used), (6, 0), (7, 0), (8, 0)] {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = value;
            }
        }
        if checked(&bytes).is_ok() {
            prop_assert_eq!(canonical(&bytes), Ok(bytes.clone()));
        }
        let _ = Growing::go_on(&mut bytes).map(|mut room| room.push(Moment { at: 0, held: 1 }));
        let _ = bytes_of(&text);
    }
}

#[test]
fn other_arguments_do_not_merge() {
    let one = grown(2, b"a", &[]);
    let mut other = grown(3, b"a", &[]);
    let timeline = Timeline::read(&one).unwrap();
    let merge = |room: &mut [u8]| Growing::go_on(room).unwrap().merge(&timeline).unwrap_err();
    assert_eq!(
        merge(&mut other),
        TimelineError::Mismatch("numbers of conditions")
    );
    assert_eq!(
        merge(&mut grown(2, b"b", &[])),
        TimelineError::Mismatch("arguments")
    );
}

#[test]
fn conditions_are_counted() {
    for conditions in [0, 65] {
        let error = TimelineError::Conditions(conditions);
        assert_eq!(
            Growing::begin(&mut [0; 99], conditions, &[]).err(),
            Some(error)
        );
    }
}

#[test]
fn is_printed_for_people() {
    let text = "3{-5=1,0=2+3,7=}";
    let bytes = bytes_of(" 3{7=,-5=1,0=3+2,} ").unwrap();
    assert_eq!(text_of(&bytes).unwrap(), text);
    for wrong in [
        "", "3", "3{", "{}", "3{1}", "3{1=4}", "3{x=1}", "0{}", "65{}", "3{1=0}", "3[0{}",
        "3[0]{}", "3[0g]{}", "[]{}", "3[ä]{}",
    ] {
        assert!(bytes_of(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn long_ones_are_sorted_with_checks() {
    let late = |at: i64| Moment { at, held: 1 };
    let mut moments: Vec<_> = (0..=SOON_SORTED as i64).map(|at| late(at ^ 1)).collect();
    assert!(checks(|| sort(&mut moments)) > 0);
    assert!(moments.is_sorted());
    assert_eq!(checks(|| sort(&mut moments[..100])), 0);
}
