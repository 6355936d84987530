//! The definition, taken literally, against what is fast.

mod golden;
mod oracle;

use super::*;
use crate::interrupt::tests::checks;
use crate::sql::timestamptz;
use proptest::prelude::*;

fn width(days: i32, micros: i64) -> Width {
    Width {
        months: 0,
        days,
        micros,
    }
}

fn modes() -> impl Strategy<Value = Modes> {
    any::<[bool; 4]>().prop_map(|[order, increase, once, deduplication]| Modes {
        order,
        increase,
        once,
        deduplication,
    })
}

/// Few times and conditions, so that ties and repetitions are many; some infinities.
fn rows(most: usize, steps: usize) -> impl Strategy<Value = Vec<Moment>> {
    let at = prop_oneof![
        20 => 0..12_i64,
        1 => Just(i64::MIN),
        1 => Just(i64::MAX),
    ];
    let all = u64::MAX >> (64 - steps);
    let held = prop_oneof![
        6 => (0..steps).prop_map(|step| 1 << step),
        1 => Just(0),
        3 => (0..=all, 0..=all, any::<bool>()).prop_map(|(a, b, sparse)| if sparse { a & b } else { a }),
    ];
    let row = (at, held).prop_map(|(at, held)| Moment { at, held });
    prop::collection::vec(row, 0..=most).prop_map(|mut rows| {
        rows.sort();
        rows
    })
}

fn case(most: usize) -> impl Strategy<Value = (Vec<Moment>, usize, i64)> {
    (1..6_usize).prop_flat_map(move |steps| (rows(most, steps), Just(steps), 1..14_i64))
}

fn entries() -> impl Strategy<Value = RangeInclusive<i64>> {
    let end = prop::option::of(prop_oneof![-1..13_i64, Just(i64::MIN), Just(i64::MAX)]);
    (end.clone(), end).prop_map(|(from, to)| entry(from, to))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_longest_chain_is_found(
        (rows, steps, window) in case(7), increase: bool, once: bool, entry in entries(),
    ) {
        let modes = Modes { increase, once, ..Modes::default() };
        let question = Question { window, modes };
        let found = reach(&rows, steps, question, entry.clone());
        prop_assert_eq!(found.level, oracle::longest(&rows, steps, question, &entry));
    }

    #[test]
    fn chains_are_read_on_as_the_modes_say(
        (rows, steps, window) in case(10), modes in modes(), entry in entries(),
    ) {
        let question = Question { window, modes };
        let read = oracle::read_all(&rows, steps, question, &entry);
        let found = reach(&rows, steps, question, entry.clone());
        let level = read.iter().map(|chain| chain.times.len()).max().unwrap_or(0);
        prop_assert_eq!(found.level, level);
        // Of those that get furthest: the first to get there, and the last to begin.
        let best = read.iter().filter(|chain| chain.times.len() == level)
            .min_by_key(|chain| (chain.times.last(), std::cmp::Reverse(chain.times.first())));
        let told = best.map_or(vec![], |chain| chain.times.clone());
        prop_assert_eq!(times(&rows, steps, question, entry.clone()), told);
        let alive = read.iter().filter(|chain| chain.goes_on).map(|chain| chain.times[0]).max();
        let open = open_until(&rows, steps, question, entry);
        let last = *rows.last().map_or(&0, |row| &row.at);
        // A chain whose window is over by the last row cannot be told from one that ended.
        let still = |until: &i64| *until >= last;
        prop_assert_eq!(
            open.filter(still),
            alive.filter(|_| level < steps).map(|began| shift(began, window)).filter(still)
        );
    }

    #[test]
    fn more_rows_never_take_a_level_away(
        (rows, steps, window) in case(12), increase: bool, once: bool, gone: prop::sample::Index,
    ) {
        let modes = Modes { increase, once, ..Modes::default() };
        let question = Question { window, modes };
        let mut fewer = rows.clone();
        if !fewer.is_empty() {
            fewer.remove(gone.index(fewer.len()));
        }
        prop_assert!(level(&fewer, steps, question) <= level(&rows, steps, question));
    }

    #[test]
    fn strict_is_never_more_than_not(
        (rows, steps, window) in case(12), modes in modes(),
    ) {
        let question = Question { window, modes };
        let default = Question { window, modes: Modes::default() };
        prop_assert!(level(&rows, steps, question) <= level(&rows, steps, default));
    }

    #[test]
    fn one_step_follows_another_up_to_sixty_four(gaps in prop::collection::vec(0..3_i64, 63), modes in modes()) {
        let mut at = i64::MIN + 1;
        let mut rows = vec![Moment { at, held: 1 }];
        for (place, gap) in gaps.iter().enumerate() {
            at += gap;
            rows.push(Moment { at, held: 1 << (place + 1) });
        }
        let window = gaps.iter().sum::<i64>().max(1);
        let question = Question { window, modes };
        let expected = oracle::read_all(&rows, 64, question, &EVER)[0].times.len();
        prop_assert_eq!(level(&rows, 64, question), expected);
        if !modes.increase {
            prop_assert_eq!(expected, 64);
        }
    }

    #[test]
    fn a_question_is_kept(window in 1..i64::MAX, modes in modes(), bytes: Vec<u8>) {
        let question = Question { window, modes };
        prop_assert_eq!(Question::from_bytes(&question.to_bytes()), Ok(question));
        if let Ok(question) = Question::from_bytes(&bytes) {
            prop_assert_eq!(&question.to_bytes()[..], &bytes[..]);
        }
    }

    /// Whatever is in a timeline, and however many conditions it says it has.
    #[test]
    fn nothing_panics(
        mut rows in prop::collection::vec((any::<i64>(), any::<u64>()), 0..30), near: bool,
        steps in 1..=64_usize, window in 1..=i64::MAX, modes in modes(), entry in entries(),
    ) {
        if near {
            rows.iter_mut().for_each(|row| row.0 %= 4);
        }
        let mut rows: Vec<_> = rows.into_iter().map(|(at, held)| Moment { at, held }).collect();
        rows.sort();
        let question = Question { window, modes };
        let told = times(&rows, steps, question, entry.clone());
        let _ = (durations(&told), open_until(&rows, steps, question, entry));
    }
}

#[test]
fn the_window_is_inclusive_and_does_not_overflow() {
    let rows = |last| {
        [
            Moment {
                at: i64::MIN,
                held: 1,
            },
            Moment { at: last, held: 2 },
        ]
    };
    let level = |window, last| {
        let modes = Modes::default();
        level(&rows(last), 2, Question { window, modes })
    };
    assert_eq!(level(10, i64::MIN + 10), 2);
    assert_eq!(level(10, i64::MIN + 11), 1);
    assert_eq!(level(i64::MAX, i64::MAX), 1);
}

#[test]
fn many_rows_of_one_time_are_matched_in_little_time() {
    // Every step can be any row but the last, which has one that others want as well.
    let held = |row: usize| if row == 0 { u64::MAX } else { u64::MAX >> 1 };
    let rows: Vec<_> = (0..5_000)
        .map(|row| Moment {
            at: 0,
            held: held(row),
        })
        .collect();
    let modes = Modes::parse("strict_once").unwrap();
    let question = Question { window: 1, modes };
    assert_eq!(level(&rows, 64, question), 64);
    assert_eq!(level(&rows[1..], 64, question), 63);
    assert_eq!(level(&rows[..63], 64, question), 63);
}

#[test]
fn modes_have_the_names_of_others() {
    let parse = |text| Modes::parse(text).map(|modes| modes.to_string());
    for (text, names) in [
        ("", ""),
        (" default ", ""),
        ("fixed", "strict_order"),
        (
            "increase,deduplication",
            "strict_increase,strict_deduplication",
        ),
        ("strict_once , strict_order", "strict_order,strict_once"),
        ("strict_increase,default", "strict_increase"),
    ] {
        assert_eq!(parse(text), Ok(names.to_owned()));
        assert_eq!(parse(names), Ok(names.to_owned()));
    }
    for (text, wrong) in [
        ("strict", "strict"),
        ("strict_once,", ""),
        ("Fixed", "Fixed"),
    ] {
        assert_eq!(parse(text), Err(FunnelError::Mode(wrong.to_owned())));
    }
    let question = |width, mode| Question::new(width, mode).map(|question| question.window);
    assert_eq!(question(width(1, -1), ""), Ok(MICROS_PER_DAY - 1));
    assert_eq!(question(width(0, 0), ""), Err(FunnelError::Window));
    assert_eq!(question(width(-1, 1), ""), Err(FunnelError::Window));
    let month = Width {
        months: 1,
        ..width(0, 0)
    };
    assert_eq!(question(month, ""), Err(FunnelError::Window));
}

#[test]
fn durations_are_those_of_postgresql() {
    assert_eq!(durations(&[]), []);
    let day = MICROS_PER_DAY;
    let between = [None, Some(width(1, 5)), Some(width(0, 0))];
    assert_eq!(durations(&[0, day + 5, day + 5]), between);
    assert_eq!(
        durations(&[i64::MIN, i64::MAX])[1],
        Some(width(106_751_991, i64::MAX % day))
    );
}

#[test]
fn the_query_quotes_names_and_values() {
    let funnel = Funnel {
        relation: "\"public\".\"events\"".into(),
        steps: Steps::Types(vec!["it's".into(), "b".into()]),
        window: width(7, -1),
        question: Question::new(width(7, -1), "").unwrap(),
        from: Some(0),
        to: Some(MICROS_PER_DAY),
        by: Some("(country)".into()),
        has_position: true,
        entity: "(aggregate_id)".into(),
        as_of: i64::MAX,
    };
    let sql = funnel.sql().unwrap();
    assert!(
        sql.contains("(event_type OPERATOR(pg_catalog.=) 'it''s') AS s1"),
        "{sql}"
    );
    assert!(
        sql.contains("'7 days -00:00:00.000001'::pg_catalog.interval"),
        "{sql}"
    );
    // The window may run past the end of the range.
    let end = timestamptz(8 * MICROS_PER_DAY - 1);
    assert!(
        sql.contains(&format!("occurred_at OPERATOR(pg_catalog.<=) {end}")),
        "{sql}"
    );
    let none = Funnel {
        steps: Steps::Types(vec![]),
        ..funnel
    };
    assert_eq!(none.sql(), Err(FunnelError::Count(0)));
}

#[test]
fn long_ones_are_read_with_checks() {
    let rows: Vec<_> = (0..200_000).map(|at| Moment { at, held: 1 }).collect();
    let ties = vec![Moment { at: 0, held: 1 }; 200_000];
    for mode in ["", "strict_increase", "strict_once", "strict_order"] {
        let question = Question::new(width(1, 0), mode).unwrap();
        assert!(
            checks(|| assert_eq!(level(&rows, 2, question), 1)) > 1,
            "{mode}"
        );
        assert!(
            checks(|| assert_eq!(level(&ties, 2, question), 1)) > 1,
            "{mode}"
        );
    }
}
