//! Each against the formula of its definition, computed from all values at once.

use super::*;
use crate::timeline::Timeline;
use crate::timeline::tests::grown;
use crate::window::Width;
use proptest::prelude::*;

/// Few different numbers, so that there are ties, and some that are hard.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-4..4_i32).prop_map(f64::from),
        2 => -1e3..1e3,
        1 => prop::sample::select(vec![0.0, -0.0, 0.1, 1e15, -1e15, 1e-9]),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    let special = vec![
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        5e-324,
    ];
    prop_oneof![9 => number(), 2 => prop::sample::select(special), 1 => any::<f64>()]
}

/// Year 1, year 9999 and the infinities among them.
fn time() -> impl Strategy<Value = i64> {
    let far = vec![
        i64::MIN,
        i64::MAX,
        -63_082_281_600_000_000,
        252_455_615_999_999_999,
    ];
    prop_oneof![6 => 0..6_i64, 2 => 0..1_000_000_000_i64, 1 => prop::sample::select(far), 1 => any::<i64>()]
}

/// Merges in a random tree.
fn in_a_tree<T>(
    mut parts: Vec<T>,
    picks: &[prop::sample::Index],
    mut merge: impl FnMut(T, T) -> T,
) -> Option<T> {
    for pick in picks {
        if parts.len() < 2 {
            break;
        }
        let left = parts.swap_remove(pick.index(parts.len()));
        let right = parts.swap_remove(pick.index(parts.len()));
        parts.push(merge(left, right));
    }
    let all = parts.into_iter();
    all.reduce(merge)
}

/// Equal, or as good as equal.
fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

fn picks() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 40)
}

/// The difference by its definition: of the values at the last moment the greatest, less
/// that of the first; with NaN the greatest of all.
fn naive_ends(rows: &[(i64, f64)]) -> (i64, f64, i64, f64) {
    let begin = rows.iter().map(|row| row.0).min().unwrap();
    let end = rows.iter().map(|row| row.0).max().unwrap();
    let greatest = |at| {
        let values = || rows.iter().filter(|row| row.0 == at).map(|row| row.1);
        if values().any(f64::is_nan) {
            f64::NAN
        } else {
            values().fold(f64::NEG_INFINITY, f64::max)
        }
    };
    (begin, greatest(begin), end, greatest(end))
}

#[test]
fn a_difference_and_its_rate() {
    let ends = |rows: &[(i64, f64)]| {
        let parts = rows.iter().map(|row| Ends::at(row.0, Float::from(row.1)));
        parts
            .reduce(|mut a, b| {
                a.merge(b);
                a
            })
            .unwrap()
    };
    let hour = 3_600_000_000;
    let rows = ends(&[(hour, 50.0), (0, 10.0), (hour / 2, 99.0)]);
    assert_eq!(difference(&rows), Ok(40.0));
    assert_eq!(per_second(&rows), Ok(Some(40.0 / 3600.0)));
    let one = ends(&[(0, 10.0), (0, 30.0)]);
    assert_eq!(difference(&one), Ok(0.0));
    assert_eq!(per_second(&one), Ok(None));
    assert_eq!(per_second(&ends(&[(0, 1.0), (i64::MAX, 2.0)])), Ok(None));
    assert_eq!(per_second(&ends(&[(i64::MIN, 1.0), (0, 2.0)])), Ok(None));
    let far = ends(&[(0, f64::MIN), (1, f64::MAX)]);
    assert_eq!(difference(&far), Err(SeriesError::Overflow));
    let steep = ends(&[(0, 0.0), (1, 1e305)]);
    assert_eq!(per_second(&steep), Err(SeriesError::Overflow));
    let infinite = ends(&[(0, 0.0), (1, f64::INFINITY)]);
    assert_eq!(per_second(&infinite), Ok(Some(f64::INFINITY)));
}

#[test]
fn averages() {
    assert_eq!(smooth(None, 10.0, 0.5), Ok(10.0));
    assert_eq!(smooth(Some(10.0), 20.0, 0.25), Ok(12.5));
    assert_eq!(smooth(Some(f64::INFINITY), 1.0, 1.0), Ok(1.0));
    assert_eq!(smooth(Some(f64::MAX), f64::MAX, 0.3), Ok(f64::MAX));
    for alpha in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            smooth(None, 1.0, alpha),
            Err(SeriesError::Alpha(_))
        ));
    }
    let width = |months, days, micros| Width {
        months,
        days,
        micros,
    };
    assert_eq!(half_life(width(0, 1, 1)), Ok(86_400_000_001.0));
    assert_eq!(
        half_life(width(0, 1, -86_400_000_000)),
        Err(SeriesError::NotPositive)
    );
    assert_eq!(half_life(width(1, 1, 1)), Err(SeriesError::Months));
    assert!(half_life(width(0, i32::MAX, i64::MAX)).unwrap() > 1e20);
    let mut mean = Decayed::new(10.0, 0, 100.0);
    mean.merge(Decayed::new(10.0, 10, 40.0)).unwrap();
    assert!(close(mean.mean(), 60.0, 1e-15), "a half and one");
    mean.merge(Decayed::new(10.0, i64::MAX, 7.0)).unwrap();
    mean.merge(Decayed::new(10.0, i64::MIN, f64::INFINITY))
        .unwrap();
    assert_eq!(
        mean.mean(),
        7.0,
        "nothing else weighs beside what is at infinity"
    );
    assert_eq!(
        mean.merge(Decayed::new(11.0, 0, 7.0)),
        Err(SeriesError::HalfLives)
    );
    assert_eq!(Decayed::from_words([0; 4]), None);
}

fn count(rows: &[(i64, f64)]) -> Option<Ends<Float>> {
    let readings: Vec<_> = rows.iter().map(|row| reading(row.0, row.1)).collect();
    counted(&Timeline::read(&grown(BITS, &[], &readings)).unwrap())
}

#[test]
fn counters() {
    let hour = 3_600_000_000;
    let reset = [(0, 10.0), (hour, 15.0), (2 * hour, 3.0), (3 * hour, 4.0)];
    let ends = count(&reset).unwrap();
    assert_eq!(difference(&ends), Ok(5.0 + 3.0 + 1.0));
    assert_eq!(per_second(&ends), Ok(Some(9.0 / 3.0 / 3600.0)));
    let one = count(&[(7, 5.0), (7, 2.0)]).unwrap();
    assert_eq!((difference(&one), per_second(&one)), (Ok(0.0), Ok(None)));
    assert_eq!(count(&[]), None);
    let unknown = count(&[(0, f64::NAN), (1, 5.0), (2, 6.0)]).unwrap();
    assert!(difference(&unknown).unwrap().is_nan());
}

fn scores<T: Score>(values: &[Option<f64>]) -> Result<Option<f64>, SeriesError> {
    let mut frame = T::default();
    values.iter().for_each(|value| frame.push(*value));
    frame.score()
}

#[test]
fn scores_of_the_newest() {
    let score = |values: &[f64]| {
        let values: Vec<_> = values.iter().copied().map(Some).collect();
        (scores::<ZScore>(&values), scores::<AnomalyScore>(&values))
    };
    let both = |score| (Ok(Some(score)), Ok(Some(score)));
    assert_eq!(score(&[]), (Ok(None), Ok(None)));
    assert_eq!(score(&[1.0, 5.0]), (Ok(None), Ok(None)));
    assert_eq!(score(&[2.0, 4.0, 3.0]), both(0.0));
    assert_eq!(
        score(&[2.0, 4.0, 5.0]),
        (Ok(Some(2.0 / 2f64.sqrt())), Ok(Some(2.0 * 0.6745)))
    );
    assert_eq!(score(&[0.1, 0.1, 0.1, 0.1]), both(0.0));
    assert_eq!(score(&[0.1, 0.1, 0.2]), both(f64::INFINITY));
    assert_eq!(score(&[0.1, 0.1, -0.2]), both(f64::NEG_INFINITY));
    assert_eq!(score(&[1.0, 2.0, 3.0, f64::INFINITY]), both(f64::INFINITY));
    // More than half are the same: the mean distance of 1, 1, 1, 5 from 1 is 1.
    let (_, repeated) = score(&[1.0, 1.0, 1.0, 5.0, 3.0]);
    assert_eq!(repeated, Ok(Some(2.0 / 1.253_314)));
    let (z, anomaly) = score(&[1.0, f64::NAN, 2.0, 2.0]);
    assert!(z.unwrap().unwrap().is_nan() && anomaly.unwrap().unwrap().is_nan());
    let (z, anomaly) = score(&[1.0, 2.0, f64::NAN]);
    assert!(z.unwrap().unwrap().is_nan() && anomaly.unwrap().unwrap().is_nan());
    let overflow = (Err(SeriesError::Overflow), Err(SeriesError::Overflow));
    assert_eq!(
        score(&[f64::MIN, f64::MAX, f64::MIN, f64::MAX, 0.0]),
        overflow
    );
    assert_eq!(scores::<ZScore>(&[Some(1.0), Some(2.0), None]), Ok(None));
    assert_eq!(
        scores::<AnomalyScore>(&[Some(1.0), Some(2.0), None]),
        Ok(None)
    );
}

/// The textbook's example: 55 is an outlier among 1 to 9, and two outliers do not hide each
/// other from the median.
#[test]
fn outliers_hide_from_the_mean_only() {
    let mut values: Vec<_> = (1..=9).map(|x| Some(f64::from(x))).collect();
    values.extend([Some(500.0), Some(55.0)]);
    assert!(scores::<ZScore>(&values).unwrap().unwrap() < 1.0);
    assert!(scores::<AnomalyScore>(&values).unwrap().unwrap() > 10.0);
}

/// What has left a frame leaves nothing behind: sums would keep an error of 1e16.
#[test]
fn a_large_value_that_has_left_is_forgotten() {
    let mut frame = ZScore::default();
    frame.push(Some(1e24));
    for value in [2.0, 4.0, 5.0] {
        frame.push(Some(value));
    }
    frame.pop(Some(1e24));
    assert_eq!(frame.score(), Ok(Some(2.0 / 2f64.sqrt())));
}

/// By the definitions, in two passes.
fn naive_scores(frame: &[Option<f64>]) -> Option<(f64, f64)> {
    let (newest, others) = frame.split_last()?;
    let mut others: Vec<f64> = others.iter().copied().flatten().collect();
    let newest = (*newest)?;
    if others.len() < 2 {
        return None;
    }
    let count = others.len() as f64;
    let all_the_same = |deviation: f64, away: f64| if away == 0.0 { 0.0 } else { away / deviation };
    let mean = others.iter().sum::<f64>() / count;
    let squares: f64 = others.iter().map(|x| (x - mean).powi(2)).sum();
    let same = others.iter().all(|x| *x == others[0]);
    let (mean, deviation) = if same {
        (others[0], 0.0)
    } else {
        (mean, (squares / (count - 1.0)).sqrt())
    };
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
    };
    let middle = median(&mut others);
    let mut distances: Vec<f64> = others.iter().map(|x| (x - middle).abs()).collect();
    let anomaly = match median(&mut distances) {
        0.0 => all_the_same(
            1.253_314 * distances.iter().sum::<f64>() / count,
            newest - middle,
        ),
        distance => 0.6745 * (newest - middle) / distance,
    };
    Some((all_the_same(deviation, newest - mean), anomaly))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn ends_are_those_of_the_definition(
        rows in prop::collection::vec((time(), any_number()), 1..40),
        picks in picks(),
    ) {
        let parts = rows.iter().map(|row| Ends::at(row.0, Float::from(row.1))).collect();
        let ends = in_a_tree(parts, &picks, |mut a, b| {
            let before = a;
            assert_eq!(a.merge(b), a != before);
            a
        }).unwrap();
        let (begin, first, end, last) = naive_ends(&rows);
        let naive = Ends { first: (begin, Float::from(first)), last: (end, Float::from(last)) };
        prop_assert_eq!(ends, naive);
        prop_assert_eq!(ends.to_words(), naive.to_words(), "the same bits, too");
        prop_assert_eq!(Ends::from_words(ends.to_words()), ends);
        match difference(&ends) {
            Ok(difference) => prop_assert!(close(difference, last - first, 0.0)),
            Err(_) => prop_assert!(first.is_finite() && last.is_finite() && (last - first).is_infinite()),
        }
        let is_finite = begin > i64::MIN && end < i64::MAX;
        match per_second(&ends) {
            Ok(None) => prop_assert!(begin == end || !is_finite),
            Ok(Some(rate)) => {
                let seconds = (i128::from(end) - i128::from(begin)) as f64 / 1e6;
                prop_assert!(begin < end && is_finite && close(rate, (last - first) / seconds, 1e-15));
            }
            Err(error) => prop_assert_eq!(error, SeriesError::Overflow),
        }
    }

    #[test]
    fn a_counter_is_as_if_never_reset(rows in prop::collection::vec((time(), number()), 1..40)) {
        let mut times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        times.sort();
        times.dedup();
        let at = |time: i64| rows.iter().filter(|row| row.0 == time).map(|row| row.1).fold(f64::NEG_INFINITY, f64::max);
        // Prometheus: the last less the first, and each value before a reset again.
        let values: Vec<f64> = times.into_iter().map(at).collect();
        let resets: f64 = values.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[0]).sum();
        let expected = values[values.len() - 1] - values[0] + resets;
        let largest = rows.iter().fold(1.0, |a: f64, row| a.max(row.1.abs()));
        let ends = count(&rows).unwrap();
        prop_assert!((difference(&ends).unwrap() - expected).abs() <= 1e-12 * largest);
        let (begin, _, end, _) = naive_ends(&rows);
        prop_assert_eq!((ends.first.0, ends.last.0), (begin, end));
    }

    #[test]
    fn an_average_is_the_weighted_sum(values in prop::collection::vec(number(), 1..30), alpha in 0.001..=1.0_f64) {
        let smoothed = values.iter().fold(None, |average, value| Some(smooth(average, *value, alpha).unwrap()));
        let weight = |age: usize| (1.0 - alpha).powi(age as i32);
        let oldest = values.len() - 1;
        let sum: f64 = values.iter().rev().enumerate()
            .map(|(age, x)| x * weight(age) * if age == oldest { 1.0 } else { alpha }).sum();
        let largest = values.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
        prop_assert!((smoothed.unwrap() - sum).abs() <= 1e-12 * largest);
    }

    #[test]
    fn a_decayed_mean_is_the_weighted_mean(
        rows in prop::collection::vec((time(), number()), 1..30),
        half_life in prop_oneof![1.0..10.0, 1e6..1e17],
        picks in picks(),
    ) {
        let parts = rows.iter().map(|row| Decayed::new(half_life, row.0, row.1)).collect();
        let merged = in_a_tree(parts, &picks, |mut a: Decayed, b| { a.merge(b).unwrap(); a }).unwrap();
        let newest = rows.iter().map(|row| row.0).max().unwrap();
        let weight = |at: i64| ((i128::from(at) - i128::from(newest)) as f64 / half_life).exp2();
        let weights: f64 = rows.iter().map(|row| weight(row.0)).sum();
        let mean = rows.iter().map(|row| weight(row.0) * row.1).sum::<f64>() / weights;
        let largest = rows.iter().fold(1.0, |a: f64, row| a.max(row.1.abs()));
        prop_assert!((merged.mean() - mean).abs() <= 1e-12 * largest);
        prop_assert_eq!(Decayed::from_words(merged.to_words()), Some(merged));
    }

    #[test]
    fn what_stays_the_same_is_its_own_average(value in any::<f64>(), rows in 1..20_i64, alpha in 0.001..=1.0) {
        prop_assume!(value.is_finite());
        let mut mean = Decayed::new(1e3, 0, value);
        let mut average = None;
        for row in 0..rows {
            mean.merge(Decayed::new(1e3, row * 700, value)).unwrap();
            average = Some(smooth(average, value, alpha).unwrap());
        }
        prop_assert_eq!((mean.mean(), average), (value, Some(value)));
    }

    /// Frames that move as those of window functions do.
    #[test]
    fn scores_are_those_of_the_definition(
        values in prop::collection::vec(prop::option::weighted(0.9, number()), 0..60),
        width in 1..20_usize,
    ) {
        let (mut z, mut anomaly) = (ZScore::default(), AnomalyScore::default());
        for (place, value) in values.iter().enumerate() {
            // PostgreSQL takes back before it adds, and begins anew when nothing is left.
            if let Some(leaves) = place.checked_sub(width) {
                z.pop(values[leaves]);
                anomaly.pop(values[leaves]);
            }
            if width == 1 {
                (z, anomaly) = (ZScore::default(), AnomalyScore::default());
            }
            z.push(*value);
            anomaly.push(*value);
            let frame = &values[(place + 1).saturating_sub(width)..=place];
            let (got_z, got_anomaly) = (z.score().unwrap(), anomaly.score().unwrap());
            match naive_scores(frame) {
                None => prop_assert_eq!((got_z, got_anomaly), (None, None)),
                Some((naive_z, naive_anomaly)) => {
                    prop_assert!(close(got_z.unwrap(), naive_z, 1e-9), "{:?} {}", got_z, naive_z);
                    prop_assert!(close(got_anomaly.unwrap(), naive_anomaly, 1e-9), "{:?} {}", got_anomaly, naive_anomaly);
                }
            }
        }
    }

    #[test]
    fn nothing_panics(
        steps in prop::collection::vec((prop::option::of(any_number()), any::<bool>()), 0..60),
    ) {
        let (mut z, mut anomaly) = (ZScore::default(), AnomalyScore::default());
        for (value, takes_back) in steps {
            if takes_back {
                z.pop(value);
                anomaly.pop(value);
            } else {
                z.push(value);
                anomaly.push(value);
            }
            let _ = (z.score(), anomaly.score());
        }
    }
}

/// What ClickHouse answered to tests/parity/series.py.
#[test]
fn clickhouse_agrees() {
    let answers = include_str!("../../../../tests/data/parity/series.txt");
    let number = |text: &str| text.parse::<f64>().unwrap();
    for line in answers.lines() {
        let [half_life, rows, average, rate, value, max, width, drawn] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("not an answer: {line}");
        };
        let rows = rows.split(' ').map(|row| {
            let (seconds, value) = row.split_once(':').unwrap();
            (seconds.parse::<i64>().unwrap() * 1_000_000, number(value))
        });
        let decayed = rows
            .clone()
            .map(|(at, value)| Decayed::new(number(half_life) * 1e6, at, value));
        let mean = decayed
            .reduce(|mut a, b| {
                a.merge(b).unwrap();
                a
            })
            .unwrap()
            .mean();
        assert!(close(mean, number(average), 1e-9), "{line}: {mean}");
        let ends = rows.map(|(at, value)| Ends::at(at, Float::from(value)));
        let ends = ends
            .reduce(|mut a, b| {
                a.merge(b);
                a
            })
            .unwrap();
        if !rate.is_empty() {
            let ours = per_second(&ends).unwrap().unwrap();
            assert!(close(ours, number(rate), 1e-9), "{line}: {ours}");
        }
        let ours = crate::chart::bar(
            number(value),
            number(max),
            width.parse().unwrap(),
            crate::chart::Ink::Blocks,
        );
        assert_eq!(ours.unwrap(), drawn, "{line}");
    }
}
