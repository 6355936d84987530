use super::*;
use proptest::prelude::*;

fn spark(values: &[f64]) -> String {
    let values: Vec<_> = values.iter().copied().map(Some).collect();
    sparkline(&values, None, None, Ink::Blocks).unwrap()
}

#[test]
fn eight_heights() {
    assert_eq!(spark(&[1., 2., 3., 4., 5., 6., 7., 8.]), "▁▂▃▄▅▆▇█");
    assert_eq!(spark(&[0., 30., 55., 80., 33., 150.]), "▁▂▃▅▂█");
    assert_eq!(spark(&[]), "");
    assert_eq!(spark(&[7.]), "▄");
    assert_eq!(spark(&[-0.1, -0.1]), "▄▄");
    assert_eq!(spark(&[f64::MIN, 0., f64::MAX]), "▁▅█");
    let ascii = [1., 2., 3., 4., 5., 6., 7., 8.].map(Some);
    assert_eq!(
        sparkline(&ascii, None, None, Ink::Ascii).unwrap(),
        ".:-=+*#@"
    );
}

#[test]
fn what_has_no_height() {
    let values = [
        Some(1.),
        None,
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(3.),
        Some(f64::NEG_INFINITY),
    ];
    assert_eq!(
        sparkline(&values, None, None, Ink::Blocks).unwrap(),
        "▁  ██▁"
    );
    let infinite = [None, Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
    assert_eq!(
        sparkline(&infinite, None, None, Ink::Blocks).unwrap(),
        " █▁"
    );
}

#[test]
fn a_given_scale() {
    let draw = |low, high| sparkline(&[Some(4.), Some(5.), Some(6.)], low, high, Ink::Blocks);
    assert_eq!(draw(Some(0.), None).unwrap(), "▆▇█");
    assert_eq!(draw(Some(0.), Some(100.)).unwrap(), "▁▁▁");
    assert_eq!(draw(None, Some(5.)).unwrap(), "▁██");
    assert_eq!(draw(Some(5.), Some(5.)).unwrap(), "▁▄█");
    assert_eq!(draw(Some(9.), None).unwrap(), "▁▁▁");
    assert_eq!(draw(None, Some(1.)).unwrap(), "███");
    for (low, high) in [
        (2., 1.),
        (f64::NAN, 1.),
        (0., f64::INFINITY),
        (f64::NEG_INFINITY, 0.),
    ] {
        assert!(matches!(
            draw(Some(low), Some(high)),
            Err(ChartError::Scale(..))
        ));
    }
}

#[test]
fn bars() {
    let draw = |value, max| bar(value, max, 4, Ink::Blocks).unwrap();
    assert_eq!(bar(57., 100., 100, Ink::Blocks), Ok("█".repeat(57)));
    assert_eq!(draw(4., 4.), "████");
    assert_eq!(draw(3., 4.), "███");
    assert_eq!(draw(2.5, 4.), "██▌");
    assert_eq!(draw(1e-300, 4.), "▏");
    assert_eq!(draw(1., f64::INFINITY), "▏");
    assert_eq!(draw(3.999_999, 4.), "███▉");
    assert_eq!(draw(5., 4.), "████");
    assert_eq!(draw(f64::INFINITY, 4.), "████");
    assert_eq!(draw(1., 0.), "████");
    assert_eq!(draw(1., -1.), "████");
    for (value, max) in [
        (0., 4.),
        (-1., 4.),
        (f64::NAN, 4.),
        (1., f64::NAN),
        (0., 0.),
        (f64::NEG_INFINITY, 4.),
    ] {
        assert_eq!(draw(value, max), "");
    }
    assert_eq!(bar(2.5, 4., 4, Ink::Ascii).unwrap(), "###");
    for width in [i32::MIN, -1, 0, 1001] {
        assert_eq!(
            bar(1., 1., width, Ink::Blocks),
            Err(ChartError::Width(width))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn is_as_long_as_the_values_and_in_their_order(values: Vec<Option<f64>>, ascii: bool) {
        let (ink, ramp) = if ascii { (Ink::Ascii, ".:-=+*#@") } else { (Ink::Blocks, "▁▂▃▄▅▆▇█") };
        let drawn: Vec<char> = sparkline(&values, None, None, ink).unwrap().chars().collect();
        prop_assert_eq!(drawn.len(), values.len());
        let height = |place: usize| ramp.chars().position(|c| c == drawn[place]);
        for (a, value) in values.iter().enumerate() {
            prop_assert_eq!(height(a).is_some(), value.is_some_and(|x| !x.is_nan()));
            for (b, other) in values.iter().enumerate() {
                if value.unwrap_or(f64::NAN) <= other.unwrap_or(f64::NAN) {
                    prop_assert!(height(a) <= height(b));
                }
            }
        }
    }

    #[test]
    fn a_bar_is_never_wider_and_grows_with_the_value(value: f64, other: f64, max: f64, width in WIDTHS) {
        let long = |value| bar(value, max, width, Ink::Blocks).unwrap();
        let eighths = |value| long(value).chars().map(|c| "▏▎▍▌▋▊▉█".chars().position(|d| c == d).unwrap() + 1).sum::<usize>();
        let all = 8 * width.unsigned_abs() as usize;
        prop_assert!(eighths(value) <= all);
        prop_assert_eq!(eighths(value) == all, value > 0.0 && value >= max);
        prop_assert_eq!(eighths(value) > 0, value > 0.0 && !max.is_nan());
        if value <= other {
            prop_assert!(eighths(value) <= eighths(other));
        }
        let cells = bar(value, max, width, Ink::Ascii).unwrap().len();
        prop_assert_eq!(cells, long(value).chars().count());
    }
}
