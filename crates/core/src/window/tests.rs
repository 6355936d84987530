//! Windows against hand-picked dates and against oracles that share no arithmetic.

use proptest::prelude::*;

use super::months::{first_day_of_month, month_of_day};
use super::*;

mod cumulate;
mod hop;
mod zone;

fn tumble(ts: i64, width: Width) -> Result<i64, WindowError> {
    Calendar::<Utc>::default().tumble(ts, width)
}

const fn days(days: i32) -> Width {
    Width {
        months: 0,
        days,
        micros: 0,
    }
}

const fn months(months: i32) -> Width {
    Width {
        months,
        days: 0,
        micros: 0,
    }
}

const fn micros(micros: i64) -> Width {
    Width {
        months: 0,
        days: 0,
        micros,
    }
}

#[test]
fn widths_are_written_as_intervals() {
    let sql = |months, days, micros| {
        Width {
            months,
            days,
            micros,
        }
        .sql()
    };
    let literal = |text: &str| format!("'{text}'::pg_catalog.interval");
    assert_eq!(sql(0, 7, 0), literal("7 days"));
    assert_eq!(
        sql(-1, 2, -90_000_001),
        literal("-1 months 2 days -00:01:30.000001")
    );
    assert_eq!(sql(0, 0, 100 * 3_600_000_000), literal("100:00:00"));
    assert_eq!(sql(0, 0, 0), literal("0"));
}

fn at(text: &str) -> i64 {
    let parsed = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
    parsed.and_utc().timestamp_micros() - 946_684_800_000_000
}

#[test]
fn windows_begin_where_people_expect_them() {
    for (ts, width, start) in [
        (
            "2024-05-17 13:47:00",
            micros(3_600_000_000),
            "2024-05-17 13:00:00",
        ),
        (
            "2024-05-17 13:47:00",
            micros(900_000_000),
            "2024-05-17 13:45:00",
        ),
        ("2024-05-17 13:47:00", days(1), "2024-05-17 00:00:00"),
        ("2024-05-17 13:47:00", days(7), "2024-05-13 00:00:00"),
        ("2001-01-01 00:00:00", days(7), "2001-01-01 00:00:00"),
        ("2000-12-31 23:59:59", days(7), "2000-12-25 00:00:00"),
        ("1969-07-20 20:17:40", days(7), "1969-07-14 00:00:00"),
        ("2024-05-17 13:47:00", months(1), "2024-05-01 00:00:00"),
        ("2024-02-29 23:59:59", months(1), "2024-02-01 00:00:00"),
        ("2024-05-17 13:47:00", months(3), "2024-04-01 00:00:00"),
        ("2024-05-17 13:47:00", months(12), "2024-01-01 00:00:00"),
        ("2024-05-17 13:47:00", months(24), "2023-01-01 00:00:00"),
        ("2000-12-31 23:59:59", months(12), "2000-01-01 00:00:00"),
        ("1999-12-31 23:59:59", months(24), "1999-01-01 00:00:00"),
    ] {
        assert_eq!(tumble(at(ts), width), Ok(at(start)), "{ts} by {width:?}");
    }
}

#[test]
fn a_width_of_mixed_signs_counts_as_its_sum() {
    let width = Width {
        months: 0,
        days: 1,
        micros: -82_800_000_000,
    };
    assert_eq!(
        tumble(at("2024-05-17 13:47:00"), width),
        Ok(at("2024-05-17 13:00:00"))
    );
}

#[test]
fn widths_that_are_none_are_refused() {
    for width in [
        days(0),
        days(-1),
        months(-1),
        micros(-1),
        Width {
            months: 0,
            days: -1,
            micros: MICROS_PER_DAY,
        },
        Width {
            months: 0,
            days: i32::MIN,
            micros: i64::MAX,
        },
    ] {
        assert_eq!(
            tumble(0, width),
            Err(WindowError::NotPositive("width")),
            "{width:?}"
        );
    }
    for width in [
        Width {
            months: 1,
            days: 1,
            micros: 0,
        },
        Width {
            months: 1,
            days: 0,
            micros: -1,
        },
        Width {
            months: -1,
            days: 40,
            micros: 0,
        },
    ] {
        assert_eq!(
            tumble(i64::MAX, width),
            Err(WindowError::Mixed("width")),
            "{width:?}"
        );
    }
}

#[test]
fn infinities_stay() {
    for ts in [i64::MIN, i64::MAX] {
        assert_eq!(tumble(ts, days(1)), Ok(ts));
        assert_eq!(tumble(ts, months(1)), Ok(ts));
    }
}

#[test]
fn the_ends_of_the_range() {
    assert_eq!(tumble(MIN_TIMESTAMP, days(1)), Ok(MIN_TIMESTAMP));
    assert_eq!(
        tumble(MIN_TIMESTAMP, days(7)),
        Ok(MIN_TIMESTAMP),
        "a Monday"
    );
    assert_eq!(
        tumble(MIN_TIMESTAMP, days(10)),
        Err(WindowError::OutOfRange)
    );
    assert_eq!(
        tumble(MIN_TIMESTAMP, months(1)),
        Err(WindowError::OutOfRange)
    );
    assert_eq!(tumble(-1, days(i32::MAX)), Err(WindowError::OutOfRange));
    assert_eq!(tumble(-1, months(i32::MAX)), Err(WindowError::OutOfRange));
    assert_eq!(
        tumble(END_TIMESTAMP - 1, days(1)),
        Ok(END_TIMESTAMP - MICROS_PER_DAY)
    );
    let december = END_TIMESTAMP - 31 * MICROS_PER_DAY;
    assert_eq!(tumble(END_TIMESTAMP - 1, months(1)), Ok(december));
    let origin = ORIGIN_DAYS * MICROS_PER_DAY;
    assert_eq!(tumble(END_TIMESTAMP - 1, months(i32::MAX)), Ok(origin));
}

/// Walks from the origin, window by window.
fn walk(ts: i64, step: impl Fn(i64) -> i64) -> i64 {
    let mut index = 0;
    while step(index) > ts {
        index -= 1;
    }
    while step(index + 1) <= ts {
        index += 1;
    }
    step(index)
}

/// The civil calendar day by day, without chrono and without cycles.
fn month_start(month: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: i64| match month.rem_euclid(12) {
        1 if leap(2001 + month.div_euclid(12)) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    };
    let day: i64 = if month >= 0 {
        (0..month).map(length).sum()
    } else {
        -(month..0).map(length).sum::<i64>()
    };
    (366 + day) * MICROS_PER_DAY
}

proptest! {
    #[test]
    fn fixed_windows_match_a_walk(
        ts in -1_000_000_000_000_000i64..1_000_000_000_000_000,
        width in 10_000_000_000_000i64..900_000_000_000_000,
    ) {
        let start = walk(ts, |index| 366 * MICROS_PER_DAY + index * width);
        prop_assert_eq!(tumble(ts, micros(width)), Ok(start));
    }

    #[test]
    fn month_windows_match_a_walk(
        ts in -3_000_000_000_000_000i64..3_000_000_000_000_000,
        width in 1i32..40,
    ) {
        let start = walk(ts, |index| month_start(index * i64::from(width)));
        prop_assert_eq!(tumble(ts, months(width)), Ok(start));
    }

    #[test]
    fn any_input_gives_its_window_or_an_error(
        ts in any::<i64>(),
        months in prop_oneof![Just(0i32), any::<i32>()],
        days in prop_oneof![Just(0i32), any::<i32>()],
        micros in prop_oneof![Just(0i64), any::<i64>()],
    ) {
        let width = Width { months, days, micros };
        if let Ok(start) = tumble(ts, width) {
            prop_assert!(start <= ts);
            prop_assert_eq!(tumble(start, width), Ok(start), "a start begins its own window");
        }
    }

    #[test]
    fn month_windows_begin_on_a_first(day in -2_451_545i64..106_000_000, width in 1i32..2400) {
        if let Ok(start) = tumble(day * MICROS_PER_DAY, months(width)) {
            let day = start / MICROS_PER_DAY;
            prop_assert_eq!(start % MICROS_PER_DAY, 0);
            let month = month_of_day(day).unwrap();
            prop_assert_eq!(first_day_of_month(month), Ok(day));
            prop_assert_eq!(month_of_day(day - 1), Ok(month - 1));
        }
    }
}
