//! Hopping windows against hand-picked dates and a search through all of them.

use proptest::prelude::*;

use super::super::*;
use super::{at, days, micros, month_start, months, tumble};

const HOUR: i64 = 3_600_000_000;

fn hop(ts: i64, width: Width, slide: Width) -> Result<Box<dyn Iterator<Item = i64>>, WindowError> {
    Calendar::<Utc>::default().hop(ts, width, slide)
}

fn starts(ts: i64, width: Width, slide: Width) -> Vec<i64> {
    hop(ts, width, slide).unwrap().collect()
}

#[test]
fn windows_begin_where_people_expect_them() {
    for (ts, width, slide, expected) in [
        (
            "2024-05-17 13:47:00",
            micros(HOUR),
            micros(HOUR / 4),
            &[
                "2024-05-17 13:00:00",
                "2024-05-17 13:15:00",
                "2024-05-17 13:30:00",
                "2024-05-17 13:45:00",
            ][..],
        ),
        (
            "2024-05-17 13:45:00",
            micros(HOUR / 2),
            micros(HOUR / 4),
            &["2024-05-17 13:30:00", "2024-05-17 13:45:00"],
        ),
        (
            "2024-05-17 13:47:00",
            days(7),
            days(7),
            &["2024-05-13 00:00:00"],
        ),
        (
            "2024-02-29 12:00:00",
            months(3),
            months(1),
            &[
                "2023-12-01 00:00:00",
                "2024-01-01 00:00:00",
                "2024-02-01 00:00:00",
            ],
        ),
        // The window of January 31 ends on February 29, at midnight.
        (
            "2024-02-29 12:00:00",
            months(1),
            days(15),
            &["2024-02-15 00:00:00"],
        ),
        (
            "2024-03-05 00:00:00",
            days(7),
            months(1),
            &["2024-03-01 00:00:00"],
        ),
        ("2024-03-08 00:00:00", days(7), months(1), &[]),
        ("2000-12-31 23:30:00", micros(HOUR), micros(2 * HOUR), &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|start| at(start)).collect();
        assert_eq!(
            starts(at(ts), width, slide),
            expected,
            "{ts} {width:?} {slide:?}"
        );
    }
}

#[test]
fn what_is_no_width_or_slide_is_refused() {
    let error = |width, slide| hop(0, width, slide).map(|_| ()).unwrap_err();
    let mixed = Width {
        months: 1,
        days: 1,
        micros: 0,
    };
    assert_eq!(error(days(0), days(1)), WindowError::NotPositive("width"));
    assert_eq!(
        error(days(1), micros(-1)),
        WindowError::NotPositive("slide")
    );
    assert_eq!(error(mixed, days(1)), WindowError::Mixed("width"));
    assert_eq!(error(days(1), mixed), WindowError::Mixed("slide"));
}

#[test]
fn the_ends_of_the_range() {
    for ts in [i64::MIN, i64::MAX] {
        assert_eq!(starts(ts, days(7), days(1)), [ts]);
    }
    let refused =
        |ts, width, slide| hop(ts, width, slide).map(|_| ()) == Err(WindowError::OutOfRange);
    assert!(refused(MIN_TIMESTAMP, days(2), days(1)));
    assert!(refused(0, months(300_000), months(1)));
    assert_eq!(starts(MIN_TIMESTAMP, days(1), days(1)), [MIN_TIMESTAMP]);
    assert_eq!(starts(END_TIMESTAMP - 1, days(2), days(1)).len(), 2);
}

#[test]
fn nobody_gets_more_windows_than_the_most() {
    let most = MOST_WINDOWS as i64;
    assert_eq!(
        starts(0, micros(most), micros(1)),
        (1 - most..=0).collect::<Vec<_>>()
    );
    for (width, slide) in [
        (micros(most + 1), micros(1)),
        (months(12_000), micros(1)),
        (months(i32::MAX), days(1)),
    ] {
        let error = hop(0, width, slide).map(|_| ()).unwrap_err();
        assert_eq!(error, WindowError::TooMany, "{width:?} {slide:?}");
    }
}

/// Month arithmetic on dates, as PostgreSQL has it, by chrono.
fn later(start: i64, width: Width) -> i64 {
    let origin = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    let day = origin + chrono::Duration::days(start.div_euclid(MICROS_PER_DAY));
    let moved = day + chrono::Months::new(width.months as u32);
    (moved - origin).num_days() * MICROS_PER_DAY
        + start.rem_euclid(MICROS_PER_DAY)
        + i64::from(width.days) * MICROS_PER_DAY
        + width.micros
}

proptest! {
    #[test]
    fn they_are_the_windows_that_a_search_finds(
        ts in -200 * MICROS_PER_DAY..900 * MICROS_PER_DAY,
        width in prop_oneof![
            (1i32..8).prop_map(months),
            (1i64..200).prop_map(|hours| micros(hours * HOUR)),
            (1i32..90).prop_map(days),
        ],
        slide in prop_oneof![
            (1i32..8).prop_map(months),
            (5i64..200).prop_map(|hours| micros(hours * HOUR)),
            (1i32..90).prop_map(days),
        ],
    ) {
        let start = |index: i64| match slide {
            Width { months: 0, days, micros } => {
                366 * MICROS_PER_DAY + index * (i64::from(days) * MICROS_PER_DAY + micros)
            }
            Width { months, .. } => month_start(index * i64::from(months)),
        };
        let reach = if slide.months > 0 { 60 } else { 6_000 };
        let expected: Vec<_> = (-reach..reach)
            .map(start)
            .filter(|start| *start <= ts && ts < later(*start, width))
            .collect();
        prop_assert_eq!(starts(ts, width, slide), expected);
    }

    #[test]
    fn hops_as_long_as_their_windows_tumble(
        ts in MIN_TIMESTAMP..END_TIMESTAMP,
        width in prop_oneof![(1i32..5_000).prop_map(months), (1i64..i64::MAX / 4).prop_map(micros)],
    ) {
        match tumble(ts, width) {
            Ok(start) => prop_assert_eq!(starts(ts, width, width), [start]),
            Err(error) => prop_assert_eq!(hop(ts, width, width).map(|_| ()), Err(error)),
        }
    }
}
