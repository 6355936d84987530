//! Cumulating windows against hand-picked dates and a search through all of them.

use proptest::prelude::*;

use super::super::*;
use super::{at, days, micros, months, tumble};

const HOUR: i64 = 3_600_000_000;

fn cumulate(ts: i64, step: Width, width: Width) -> Result<Vec<(i64, i64)>, WindowError> {
    let windows = Calendar::<Utc>::default().cumulate(ts, step, width)?;
    Ok(windows.collect())
}

#[test]
fn windows_end_where_people_expect_them() {
    for (ts, step, width, start, ends) in [
        // The day so far, every six hours.
        (
            "2024-05-17 13:47:00",
            micros(6 * HOUR),
            days(1),
            "2024-05-17 00:00:00",
            &["2024-05-17 18:00:00", "2024-05-18 00:00:00"][..],
        ),
        // An event on the end of a step is not in the window that ends there.
        (
            "2024-05-17 18:00:00",
            micros(6 * HOUR),
            days(1),
            "2024-05-17 00:00:00",
            &["2024-05-18 00:00:00"],
        ),
        // The month so far, by weeks: the last step is cut.
        (
            "2024-02-22 00:00:00",
            days(7),
            months(1),
            "2024-02-01 00:00:00",
            &["2024-02-29 00:00:00", "2024-03-01 00:00:00"],
        ),
        (
            "2024-11-30 12:00:00",
            months(1),
            months(12),
            "2024-01-01 00:00:00",
            &["2024-12-01 00:00:00", "2025-01-01 00:00:00"],
        ),
        // A step longer than the width.
        (
            "2024-05-17 13:47:00",
            months(1),
            days(1),
            "2024-05-17 00:00:00",
            &["2024-05-18 00:00:00"],
        ),
    ] {
        let expected: Vec<_> = ends.iter().map(|end| (at(start), at(end))).collect();
        assert_eq!(cumulate(at(ts), step, width), Ok(expected), "{ts}");
    }
}

#[test]
fn what_is_refused_and_the_ends_of_the_range() {
    let mixed = Width {
        months: 1,
        days: 1,
        micros: 0,
    };
    let error = |ts, step, width| cumulate(ts, step, width).unwrap_err();
    assert_eq!(error(0, days(0), days(1)), WindowError::NotPositive("step"));
    assert_eq!(error(0, days(1), mixed), WindowError::Mixed("width"));
    assert_eq!(error(0, micros(1), days(1)), WindowError::TooMany);
    assert_eq!(
        error(MIN_TIMESTAMP, days(1), days(10)),
        WindowError::OutOfRange
    );
    assert_eq!(
        error(END_TIMESTAMP - 1, days(1), months(1)),
        WindowError::OutOfRange
    );
    let most = MOST_WINDOWS as i64;
    let all = cumulate(ORIGIN, micros(1), micros(most)).unwrap();
    assert_eq!(all.len() as i128, MOST_WINDOWS);
    assert_eq!(
        error(ORIGIN, micros(1), micros(most + 1)),
        WindowError::TooMany
    );
    for ts in [i64::MIN, i64::MAX] {
        assert_eq!(cumulate(ts, days(1), months(1)), Ok(vec![(ts, ts)]));
    }
}

proptest! {
    #[test]
    fn they_are_the_windows_that_a_search_finds(
        ts in -900 * 24 * HOUR..900 * 24 * HOUR,
        step in 1i64..400,
        width in prop_oneof![(1i32..30).prop_map(days), (1i32..8).prop_map(months)],
    ) {
        let start = tumble(ts, width).unwrap();
        let mut whole = start;
        while tumble(whole, width) == Ok(start) {
            whole += HOUR;
        }
        let mut expected: Vec<_> = (1..)
            .map(|count| start + count * step * HOUR)
            .take_while(|end| *end < whole)
            .chain([whole])
            .collect();
        expected.retain(|end| *end > ts);
        let expected: Vec<_> = expected.into_iter().map(|end| (start, end)).collect();
        prop_assert_eq!(cumulate(ts, micros(step * HOUR), width), Ok(expected));
    }
}
