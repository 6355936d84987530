//! Windows by the clocks of zones made up here, against a search through all of them.

use proptest::prelude::*;
use std::sync::LazyLock;

use super::super::*;
use super::{at, days, micros, months};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// When the clocks change, and what they are ahead of UTC from then on.
#[derive(Clone, Debug)]
struct Clocks {
    first: i64,
    changes: Vec<(i64, i64)>,
}

impl Clocks {
    fn offset(&self, ts: i64) -> i64 {
        let past = self.changes.iter().rev().find(|(at, _)| *at <= ts);
        past.map_or(self.first, |(_, offset)| *offset)
    }
}

impl Zone for Clocks {
    fn local(&self, ts: i64) -> i64 {
        ts + self.offset(ts)
    }

    /// As PostgreSQL: the later of two; in a gap, as the clocks were before it.
    fn instant(&self, local: i64) -> i64 {
        let offsets = || {
            self.changes
                .iter()
                .map(|(_, offset)| *offset)
                .chain([self.first])
        };
        let shown = offsets()
            .map(|offset| local - offset)
            .filter(|ts| self.local(*ts) == local);
        shown.max().unwrap_or_else(|| {
            let gap = self.changes.iter().find(|(at, offset)| {
                let before = self.offset(at - 1);
                (at + before..at + offset).contains(&local)
            });
            local - self.offset(gap.unwrap().0 - 1)
        })
    }
}

/// Berlin in 2024.
fn berlin() -> Clocks {
    Clocks {
        first: HOUR,
        changes: vec![
            (at("2024-03-31 01:00:00"), 2 * HOUR),
            (at("2024-10-27 01:00:00"), HOUR),
        ],
    }
}

fn tumble(zone: Clocks, ts: &str, width: Width, origin: Option<&str>) -> i64 {
    let calendar = Calendar::new(zone, origin.map(at)).unwrap();
    calendar.tumble(at(ts), width).unwrap()
}

#[test]
fn days_have_23_or_25_hours() {
    for (ts, start) in [
        ("2024-03-30 22:59:59", "2024-03-29 23:00:00"),
        ("2024-03-30 23:00:00", "2024-03-30 23:00:00"),
        ("2024-03-31 21:59:59", "2024-03-30 23:00:00"),
        ("2024-03-31 22:00:00", "2024-03-31 22:00:00"),
        ("2024-10-27 22:59:59", "2024-10-26 22:00:00"),
        ("2024-10-27 23:00:00", "2024-10-27 23:00:00"),
    ] {
        assert_eq!(tumble(berlin(), ts, days(1), None), at(start), "{ts}");
    }
    let week = tumble(berlin(), "2024-03-31 21:59:59", days(7), None);
    assert_eq!(week, at("2024-03-24 23:00:00"));
    let quarter = tumble(berlin(), "2024-06-30 21:59:59", months(3), None);
    assert_eq!(quarter, at("2024-03-31 22:00:00"));
}

#[test]
fn time_is_elapsed_time() {
    // Half days begin at 0 and 12 in winter, at 1 and 13 in summer.
    let half = |ts| tumble(berlin(), ts, micros(12 * HOUR), None);
    assert_eq!(half("2024-01-15 11:30:00"), at("2024-01-15 11:00:00"));
    assert_eq!(half("2024-07-15 11:30:00"), at("2024-07-15 11:00:00"));
    let hour = |ts| tumble(berlin(), ts, micros(HOUR), None);
    assert_eq!(hour("2024-10-27 00:30:00"), at("2024-10-27 00:00:00"));
    assert_eq!(hour("2024-10-27 01:30:00"), at("2024-10-27 01:00:00"));
}

#[test]
fn months_begin_on_the_day_of_the_origin() {
    for (ts, start) in [
        ("2024-02-28 12:00:00", "2024-01-31 05:00:00"),
        ("2024-02-29 05:00:00", "2024-02-29 05:00:00"),
        ("2024-03-31 03:59:59", "2024-02-29 05:00:00"),
        ("2024-03-31 04:00:00", "2024-03-31 04:00:00"),
    ] {
        let origin = Some("2023-12-31 05:00:00");
        assert_eq!(tumble(berlin(), ts, months(1), origin), at(start), "{ts}");
    }
}

#[test]
fn a_midnight_that_comes_twice_begins_the_day_at_the_second() {
    // From 01:00 back to 00:00.
    let havana = Clocks {
        first: -4 * HOUR,
        changes: vec![(at("2024-11-03 05:00:00"), -5 * HOUR)],
    };
    for (ts, start) in [
        ("2024-11-03 04:30:00", "2024-11-02 04:00:00"),
        ("2024-11-03 05:00:00", "2024-11-03 05:00:00"),
    ] {
        assert_eq!(tumble(havana.clone(), ts, days(1), None), at(start), "{ts}");
    }
    // From 00:00 on to 01:00.
    let beirut = Clocks {
        first: 2 * HOUR,
        changes: vec![(at("2024-03-30 22:00:00"), 3 * HOUR)],
    };
    let day = tumble(beirut, "2024-03-31 12:00:00", days(1), None);
    assert_eq!(day, at("2024-03-30 22:00:00"));
}

#[test]
fn a_day_left_out_has_no_window() {
    // Samoa went without December 30, 2011.
    let apia = Clocks {
        first: -10 * HOUR,
        changes: vec![(at("2011-12-30 10:00:00"), 14 * HOUR)],
    };
    let calendar = Calendar::new(apia, None).unwrap();
    let (from, to) = (at("2011-12-28 10:00:00"), at("2012-01-01 10:00:00"));
    let starts: Vec<_> = calendar
        .clone()
        .starts(from, to, days(1))
        .unwrap()
        .collect();
    let expected = ["2011-12-28", "2011-12-29", "2011-12-30", "2011-12-31"];
    assert_eq!(starts, expected.map(|day| at(&format!("{day} 10:00:00"))));
    let hops = calendar.hop(to - 1, days(3), days(1)).unwrap();
    assert_eq!(hops.collect::<Vec<_>>(), starts[2..]);
}

#[test]
fn what_is_refused() {
    for origin in [i64::MIN, i64::MAX] {
        let error = Calendar::new(Utc, Some(origin)).unwrap_err();
        assert_eq!(error, WindowError::NotFinite("origin"));
        let of = |from, to| {
            Calendar::<Utc>::default()
                .starts(from, to, days(1))
                .map(|_| ())
        };
        assert_eq!(of(origin, 0), Err(WindowError::NotFinite("range")));
        assert_eq!(of(0, origin), Err(WindowError::NotFinite("range")));
    }
    let calendar = || Calendar::new(berlin(), None).unwrap();
    let hop = calendar().hop(0, days(1), micros(HOUR)).map(|_| ());
    assert_eq!(hop, Err(WindowError::Sliding));
    assert!(calendar().hop(0, micros(24 * HOUR), micros(HOUR)).is_ok());
}

fn clocks() -> impl Strategy<Value = Clocks> {
    // Changes at least four days apart, of at most three hours, often at midnight.
    let change = (4 * 24..60 * 24i64, 0..4i64, -6..=6i64);
    (-48..=56i64, prop::collection::vec(change, 0..9)).prop_map(|(first, changes)| {
        let quarter = 15 * MINUTE;
        let (mut ts, mut offset) = (-200 * 24 * HOUR, first * quarter);
        let changes = changes.into_iter().map(|(hours, quarters, by)| {
            let midnight = (ts + hours * HOUR).div_euclid(24 * HOUR) * 24 * HOUR - offset;
            ts = midnight + quarters * quarter;
            offset += by * 2 * quarter;
            (ts, offset)
        });
        Clocks {
            changes: changes.collect(),
            first: first * quarter,
        }
    })
}

fn width() -> impl Strategy<Value = Width> {
    prop_oneof![
        (1i32..12).prop_map(days),
        (1i32..4).prop_map(months),
        (8i64..90).prop_map(|hours| micros(hours * HOUR)),
    ]
}

/// The months around 2001, counted one by one.
static MONTHS: LazyLock<Vec<i64>> = LazyLock::new(|| (-200..200).map(super::month_start).collect());

/// So much later by clocks that never change.
fn later(at: i64, by: Width, count: i64) -> i64 {
    if by.months == 0 {
        return at + count * (i64::from(by.days) * 24 * HOUR + by.micros);
    }
    let month = MONTHS.partition_point(|first| *first <= at) - 1;
    let place = at - MONTHS[month];
    let moved = month.strict_add_signed((i64::from(by.months) * count) as isize);
    let last_day = MONTHS[moved + 1] - 24 * HOUR;
    (MONTHS[moved] + place).min(last_day + place % (24 * HOUR))
}

/// Starts and ends of windows around, by their definition.
fn search(zone: &Clocks, origin: Option<i64>, width: Width, slide: Width) -> Vec<(i64, i64)> {
    let window = |count| {
        if slide.micros != 0 {
            let start = later(origin.unwrap_or_else(|| zone.instant(ORIGIN)), slide, count);
            return (start, start + width.micros);
        }
        let local = later(origin.map_or(ORIGIN, |ts| zone.local(ts)), slide, count);
        let start = zone.instant(local);
        if width.micros != 0 {
            return (start, start + width.micros);
        }
        (start, zone.instant(later(local, width, 1)))
    };
    (-reach(slide)..reach(slide)).map(window).collect()
}

/// That many windows lie on each side of the origin, and no instant beyond.
fn reach(slide: Width) -> i64 {
    let hours = slide.micros / HOUR + 24 * i64::from(slide.days + 28 * slide.months);
    700 * 24 / hours + 5
}

fn instants() -> impl Strategy<Value = i64> {
    // Half of them near midnight of some clocks.
    prop_oneof![
        -100 * 24 * HOUR..400 * 24 * HOUR,
        (-400..1600i64, -120..120i64)
            .prop_map(|(quarters, minutes)| quarters * 6 * HOUR + minutes * MINUTE),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn windows_of_a_zone_match_a_search(
        zone in clocks(),
        origin in prop::option::of(instants()),
        ts in instants(),
        width in width(),
    ) {
        let all = search(&zone, origin, width, width);
        let expected = all.iter().rev().find(|(start, _)| *start <= ts).unwrap().0;
        let calendar = Calendar::new(zone, origin).unwrap();
        prop_assert_eq!(calendar.tumble(ts, width), Ok(expected));
        prop_assert_eq!(calendar.tumble(expected, width), Ok(expected));
        let to = ts + 30 * 24 * HOUR;
        let mut starts: Vec<_> = all.iter().map(|(start, _)| *start).filter(|start| (ts..to).contains(start)).collect();
        starts.dedup();
        let found: Vec<_> = calendar.starts(ts, to, width).unwrap().collect();
        prop_assert_eq!(found, starts);
    }

    #[test]
    fn hops_of_a_zone_match_a_search(
        zone in clocks(),
        origin in prop::option::of(instants()),
        ts in instants(),
        width in width(),
        slide in width(),
    ) {
        prop_assume!(slide.micros == 0 || width.micros != 0);
        let all = search(&zone, origin, width, slide);
        let holds = |(start, end): &(i64, i64)| *start <= ts && ts < *end;
        let expected: Vec<_> = all.iter().filter(|window| holds(window)).map(|(start, _)| *start).collect();
        let found = Calendar::new(zone, origin).unwrap().hop(ts, width, slide).unwrap();
        prop_assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn growing_windows_of_a_zone_match_a_search(
        zone in clocks(),
        origin in prop::option::of(instants()),
        ts in instants(),
        step in width(),
        width in width(),
    ) {
        let all = search(&zone, origin, width, width);
        let place = all.iter().rposition(|(start, _)| *start <= ts).unwrap();
        let (start, whole) = (all[place].0, all[place + 1].0);
        let local = if width.micros != 0 {
            zone.local(start)
        } else {
            let origin = origin.map_or(ORIGIN, |ts| zone.local(ts));
            later(origin, width, place as i64 - reach(width))
        };
        let end = |count| match step.micros {
            0 => zone.instant(later(local, step, count)),
            _ => later(start, step, count),
        };
        let mut expected: Vec<_> = (1..300).map(end).take_while(|end| *end < whole).collect();
        expected.push(whole);
        expected.retain(|end| *end > ts);
        let expected: Vec<_> = expected.into_iter().map(|end| (start, end)).collect();
        let found = Calendar::new(zone, origin).unwrap().cumulate(ts, step, width).unwrap();
        prop_assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
