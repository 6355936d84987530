//! What ClickHouse answered: `tests/data/parity/funnels.txt`, written by `tests/parity/funnels.py`.

use super::*;

const ANSWERS: &str = include_str!("../../../../../tests/data/parity/funnels.txt");

/// A line: modes, window, number of steps, rows (`time=conditions`), the answer.
#[test]
fn clickhouse_answered_the_same() {
    let mut cases = 0;
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        let [modes, window, steps, rows, answer] = line.split(';').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let mut moments: Vec<_> = rows
            .split_whitespace()
            .map(|row| {
                let (at, held) = row.split_once('=').unwrap();
                Moment {
                    at: at.parse().unwrap(),
                    held: held.parse().unwrap(),
                }
            })
            .collect();
        moments.sort();
        let question = Question {
            window: window.parse().unwrap(),
            modes: Modes::parse(modes).unwrap(),
        };
        let ours = level(&moments, steps.parse().unwrap(), question);
        assert_eq!(ours.to_string(), answer, "{line}");
        cases += 1;
    }
    assert!(cases > 300);
}
