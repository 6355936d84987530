//! The oracle tries all choices of rows, in their order, as the definition says it.

use super::span::LONGEST;
use super::*;
use crate::interrupt::tests::checks;
use proptest::prelude::*;

/// A part of a pattern, as it is drawn.
#[derive(Clone, Copy, Debug)]
enum Part {
    Condition(u8),
    Row,
    Rows,
    /// An operator and microseconds.
    Time(&'static str, i64),
}

const CONDITIONS: u8 = 3;

fn text_of(parts: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Condition(number) => format!("(?{number})"),
        Part::Row => ".".to_owned(),
        Part::Rows => ".*".to_owned(),
        Part::Time(operator, micros) if micros % 1_000_000 == 0 => {
            format!("(?t{operator}{})", micros / 1_000_000)
        }
        Part::Time(operator, micros) => {
            format!(
                "(?t{operator}{}.{:06})",
                micros / 1_000_000,
                micros % 1_000_000
            )
        }
    };
    parts.iter().map(part).collect()
}

fn is_event(part: &Part) -> bool {
    matches!(part, Part::Condition(_) | Part::Row)
}

fn allows(operator: &str, wanted: i64, from: i64, to: i64) -> bool {
    let infinite = |at: i64| at == i64::MIN || at == i64::MAX;
    let micros = match (from, to) {
        (from, to) if from == to => 0,
        (from, to) if infinite(from) || infinite(to) => i128::MAX,
        (from, to) => i128::from(to) - i128::from(from),
    };
    let wanted = i128::from(wanted);
    match operator {
        "<" => micros < wanted,
        "<=" => micros <= wanted,
        ">" => micros > wanted,
        ">=" => micros >= wanted,
        "==" => micros == wanted,
        _ => micros != wanted,
    }
}

/// The first match from row `begin` on: as rows, one for each event. `last` is that of the
/// event before, `times` are those since then.
fn first_match(
    parts: &[Part],
    rows: &[Moment],
    begin: usize,
    last: Option<usize>,
    is_free: bool,
    times: &[(&str, i64)],
) -> Option<Vec<usize>> {
    let Some((part, rest)) = parts.split_first() else {
        return Some(vec![]);
    };
    match part {
        Part::Rows => first_match(rest, rows, begin, last, true, times),
        Part::Time(operator, micros) => {
            let times = [times, &[(*operator, *micros)]].concat();
            first_match(rest, rows, begin, last, true, &times)
        }
        Part::Condition(_) | Part::Row => {
            let end = if is_free {
                rows.len()
            } else {
                rows.len().min(begin + 1)
            };
            (begin..end).find_map(|row| {
                let holds = match part {
                    Part::Condition(number) => rows[row].held >> (number - 1) & 1 == 1,
                    _ => true,
                };
                let in_time = times.iter().all(|(operator, micros)| {
                    last.is_none_or(|last| allows(operator, *micros, rows[last].at, rows[row].at))
                });
                let more = (holds && in_time)
                    .then(|| first_match(rest, rows, row + 1, Some(row), false, &[]))??;
                Some([vec![row], more].concat())
            })
        }
    }
}

fn search(parts: &[Part], rows: &[Moment], begin: usize) -> Option<Vec<usize>> {
    first_match(parts, rows, begin, None, true, &[])
}

fn count(parts: &[Part], rows: &[Moment]) -> usize {
    let (mut count, mut begin) = (0, 0);
    while let Some(found) = search(parts, rows, begin) {
        count += 1;
        begin = found[found.len() - 1] + 1;
    }
    count
}

fn named_times(parts: &[Part], rows: &[Moment]) -> Vec<i64> {
    let whole = search(parts, rows, 0).map(|found| (parts, found));
    let beginnings = (1..parts.len()).rev().map(|end| &parts[..end]);
    let beginning = || {
        beginnings
            .filter(|parts| matches!(parts.last(), Some(Part::Condition(_))))
            .find_map(|parts| Some((parts, search(parts, rows, 0)?)))
    };
    let Some((parts, found)) = whole.or_else(beginning) else {
        return vec![];
    };
    let events = parts.iter().filter(|part| is_event(part)).zip(found);
    let named = events.filter(|(part, _)| matches!(part, Part::Condition(_)));
    named.map(|(_, row)| rows[row].at).collect()
}

fn a_time() -> impl Strategy<Value = Part> {
    let operator = prop::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]);
    let micros = prop_oneof![
        6 => (0..5_i64).prop_map(|seconds| seconds * 1_000_000),
        2 => (0..8_i64).prop_map(|halves| halves * 500_000),
        1 => Just(LONGEST),
    ];
    (operator, micros).prop_map(|(operator, micros)| Part::Time(operator, micros))
}

/// An event, and what stands before it.
fn an_event() -> impl Strategy<Value = Vec<Part>> {
    let before = prop_oneof![
        3 => Just(vec![]),
        2 => Just(vec![Part::Rows]),
        3 => prop::collection::vec(prop_oneof![3 => a_time(), 1 => Just(Part::Rows)], 1..4),
    ];
    let event = prop_oneof![5 => (1..=CONDITIONS).prop_map(Part::Condition), 1 => Just(Part::Row)];
    (before, event).prop_map(|(before, event)| [before, vec![event]].concat())
}

fn a_pattern() -> impl Strategy<Value = Vec<Part>> {
    let sides = || prop::collection::vec(Just(Part::Rows), 0..2);
    let events = prop::collection::vec(an_event(), 1..6);
    (sides(), events, sides()).prop_map(|(before, mut events, after)| {
        events[0].retain(is_event);
        [before, events.concat(), after].concat()
    })
}

/// In order, with ties: half seconds, and the ends of time.
fn some_rows() -> impl Strategy<Value = Vec<Moment>> {
    let at = prop_oneof![
        12 => (0..20_i64).prop_map(|halves| halves * 500_000),
        1 => prop::sample::select(&[i64::MIN, i64::MIN + 1, -211_813_488_000_000_000, i64::MAX - 1, i64::MAX][..]),
    ];
    let row = (at, 1..1_u64 << CONDITIONS).prop_map(|(at, held)| Moment { at, held });
    prop::collection::vec(row, 0..14).prop_map(|mut rows| {
        rows.sort();
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn is_what_trying_everything_finds(parts in a_pattern(), rows in some_rows()) {
        let pattern = Pattern::parse(&text_of(&parts), CONDITIONS.into()).unwrap();
        prop_assert_eq!(pattern.is_match(&rows), search(&parts, &rows, 0).is_some());
        prop_assert_eq!(pattern.count(&rows), count(&parts, &rows));
        prop_assert_eq!(pattern.events(&rows), named_times(&parts, &rows));
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error_at_a_place_in_it(
        text in r"((\(\?|t|<|<=|==|!|[0-9]|\.|\*|\)|é){0,3}|\(\?[0-9]\)|\(\?t<[0-9.]+\)|\.\*|\.){0,8}",
        conditions in 0..70_usize,
    ) {
        match Pattern::parse(&text, conditions) {
            Ok(pattern) => prop_assert!((1..=MOST_EVENTS).contains(&pattern.events.len())),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.position)),
        }
    }
}

fn moments(rows: &[(i64, u64)]) -> Vec<Moment> {
    let moment = |&(seconds, held): &(i64, u64)| Moment {
        at: seconds * 1_000_000,
        held,
    };
    rows.iter().map(moment).collect()
}

#[test]
fn errors_say_where() {
    for (text, position, fault) in [
        ("", 1, Fault::Empty),
        (".*.*", 5, Fault::Empty),
        ("(?1) (?2)", 5, Fault::Part),
        ("(?1)é", 5, Fault::Part),
        ("(?1)(2)", 5, Fault::Part),
        ("(?", 3, Fault::Number),
        ("(?x)", 3, Fault::Number),
        ("(?1", 4, Fault::Parenthesis),
        ("(?1)(?t=5)(?2)", 8, Fault::Operator),
        ("(?1)(?t<)(?2)", 9, Fault::Seconds),
        ("(?1)(?t<-1)(?2)", 9, Fault::Seconds),
        ("(?1)(?t<.5)(?2)", 9, Fault::Seconds),
        ("(?1)(?t<5.)(?2)", 9, Fault::Seconds),
        ("(?1)(?t<0.0000001)(?2)", 9, Fault::Seconds),
        ("(?1)(?t<10000000000000)(?2)", 9, Fault::TooLong),
        ("(?1)(?t<99999999999999999999999)(?2)", 9, Fault::TooLong),
        ("(?1)(?t<5 )(?2)", 10, Fault::Parenthesis),
        ("(?t>5)(?2)", 1, Fault::Time),
        ("(?1)(?t>5).*", 5, Fault::Time),
        (&".".repeat(65), 65, Fault::TooMany),
        (
            "(?1)(?0)",
            7,
            Fault::Condition {
                number: 0,
                given: 2,
            },
        ),
        (
            "(?3)",
            3,
            Fault::Condition {
                number: 3,
                given: 2,
            },
        ),
        (
            "(?99999999999999999999999)",
            3,
            Fault::Condition {
                number: u64::MAX,
                given: 2,
            },
        ),
    ] {
        let error = Pattern::parse(text, 2).unwrap_err();
        assert_eq!((error.position, error.fault), (position, fault), "{text}");
    }
}

#[test]
fn times_leave_so_many_ranges_at_most() {
    let fault = |times: usize| {
        let but = |time| format!("(?t!={})", 2 * time);
        let half: String = (1..=times).map(but).collect();
        let pattern = format!("(?1){half}(?2){half}(?1)");
        Pattern::parse(&pattern, 2).err().map(|error| error.fault)
    };
    assert_eq!(fault(MOST_SPANS / 2 - 1), None);
    assert_eq!(fault(MOST_SPANS / 2), Some(Fault::TooManySpans));
}

#[test]
fn times_are_between_events_whatever_else_stands_there() {
    let rows = moments(&[(0, 1), (5_000, 2), (5_001, 4)]);
    let matches = |pattern| Pattern::parse(pattern, 3).unwrap().is_match(&rows);
    assert!(matches("(?1)(?t>3600)(?3)"));
    for pattern in [
        "(?1)(?t<=3600)(?3)",
        "(?1).*(?t<=3600)(?3)",
        "(?1)(?t<=3600).*(?3)",
    ] {
        assert!(!matches(pattern), "{pattern}");
    }
    assert!(matches("(?1)(?t>5000)(?t<5002)(?3)"));
    assert!(!matches("(?1)(?t>5000)(?t!=5001)(?3)"));
}

/// Doubling the rows doubles the work: no pattern takes long.
#[test]
fn hard_patterns_are_quick() {
    let rows = moments(
        &(0..20_000)
            .map(|at| (at / 2, 1 + 2 * u64::from(at == 19_999)))
            .collect::<Vec<_>>(),
    );
    let timed = "(?1)(?t>=1)(?t!=3)(?t!=5)(?t<=8000)".repeat(12) + "(?2)(?1)";
    let free = "(?1).*".repeat(60) + "(?2)(?2)";
    for pattern in [timed, free] {
        let pattern = Pattern::parse(&pattern, 2).unwrap();
        assert!(!pattern.is_match(&rows));
        assert_eq!(pattern.count(&rows), 0);
        assert!(pattern.events(&rows).len() > 2);
    }
}

/// What ClickHouse answered (tests/parity/sequences.py wrote it): pattern, rows, match,
/// count, times of events in seconds.
#[test]
fn answers_as_clickhouse_does() {
    let answers = include_str!("../../../../tests/data/parity/sequences.txt");
    for answer in answers.lines() {
        let [pattern, rows, is_match, count, times] =
            answer.split(';').collect::<Vec<_>>().try_into().unwrap();
        let bytes = crate::timeline::bytes_of(rows).unwrap();
        let timeline = Timeline::read(&bytes).unwrap();
        let (pattern, rows) = (
            Pattern::parse(pattern, timeline.conditions()).unwrap(),
            super::rows(&timeline),
        );
        let seconds = |at: i64| (at / 1_000_000).to_string();
        let found: Vec<_> = pattern.events(&rows).into_iter().map(seconds).collect();
        assert_eq!(
            u8::from(pattern.is_match(&rows)).to_string(),
            is_match,
            "{answer}"
        );
        assert_eq!(pattern.count(&rows).to_string(), count, "{answer}");
        assert_eq!(found.join(" "), times, "{answer}");
    }
    assert_eq!(answers.lines().count(), 500);
}

#[test]
fn long_ones_are_searched_with_checks() {
    let rows: Vec<_> = (0..200_000).map(|at| Moment { at, held: 1 }).collect();
    let pattern = |text| Pattern::parse(text, 2).unwrap();
    assert!(checks(|| assert!(!pattern("(?2)").is_match(&rows))) > 1);
    assert!(checks(|| assert_eq!(pattern("(?1)").count(&rows), rows.len())) > 4);
    // The rows are gone through twice for what each can be, and then for the second event.
    let far = pattern("(?1)(?t>=0.199999)(?1)");
    let twice = 2 * checks(|| assert!(far.is_match(&rows)));
    assert!(checks(|| assert_eq!(far.events(&rows), [0, 199_999])) > twice);
}
