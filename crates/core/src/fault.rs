//! Faults: which errors can be the fault of a single event, and the search for the
//! events at fault.

/// Classes of SQLSTATE whose errors are no event's fault: something that the
/// definition needs is missing, forbidden, busy or broken.
const NO_EVENTS_FAULT: [&str; 33] = [
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "24", "25", "26", "27",
    "28", "2B", "2D", "34", "3B", "3D", "3F", "40", "42", "53", "55", "57", "58", "72", "F0", "HV",
    "XX",
];

/// Whether an error can be the fault of an event: its values cannot be digested, or
/// a function of the user's has raised it, with an SQLSTATE of PostgreSQL's or its own.
#[must_use]
pub fn may_be_of_an_event(sqlstate: &str) -> bool {
    let class = sqlstate.get(..2).unwrap_or("XX");
    !NO_EVENTS_FAULT.contains(&class)
}

/// What is raised, among others, when a key of a group is too large for the index.
pub const LIMIT_EXCEEDED: &str = "54000";

/// Searches `parts` for those that fail and cannot be split: `fault` tries one, `split`
/// divides one that has failed, or returns nothing if there is nothing to divide, and
/// `found` is told of it. What fails as a whole and in none of its parts is nobody's
/// fault. Ends at the first error.
pub fn search<P, F, E>(
    parts: Vec<P>,
    mut fault: impl FnMut(&P) -> Result<Option<F>, E>,
    mut split: impl FnMut(&P) -> Vec<P>,
    mut found: impl FnMut(P, F) -> Result<(), E>,
) -> Result<(), E> {
    let mut left = parts;
    left.reverse();
    while let Some(part) = left.pop() {
        let Some(fault) = fault(&part)? else {
            continue;
        };
        let pieces = split(&part);
        if pieces.is_empty() {
            found(part, fault)?;
        }
        left.extend(pieces.into_iter().rev());
    }
    Ok(())
}

/// A number of events as words.
#[must_use]
pub fn events(number: usize) -> String {
    match number {
        1 => "1 event".into(),
        _ => format!("{number} events"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_value_that_cannot_be_digested_is_the_fault_of_its_event() {
        for sqlstate in [
            "22P02", "22012", "22003", "2200M", "23514", "21000", "P0001", "P0004", "38000",
            "39001", "54000", "54001", "20000", "2F005", "44000", "MY001", "99999",
        ] {
            assert!(may_be_of_an_event(sqlstate), "{sqlstate}");
        }
    }

    #[test]
    fn what_is_missing_forbidden_busy_or_broken_is_no_event_s_fault() {
        for sqlstate in [
            "42883", "42P01", "42501", "53200", "53100", "57014", "57P01", "58030", "40001",
            "40P01", "55P03", "25006", "25001", "28000", "0A000", "3F000", "XX000", "XX001",
            "08006", "HV000", "F0000", "72000", "",
        ] {
            assert!(!may_be_of_an_event(sqlstate), "{sqlstate}");
        }
    }

    #[test]
    fn events_are_counted_in_words() {
        assert_eq!(
            (events(1), events(2)),
            ("1 event".into(), "2 events".into())
        );
    }

    fn halves(range: &(usize, usize)) -> Vec<(usize, usize)> {
        let (first, end) = *range;
        let middle = first.midpoint(end);
        if middle == first {
            return vec![];
        }
        vec![(first, middle), (middle, end)]
    }

    #[test]
    fn what_only_fails_together_is_nobody_s_fault() {
        let mut found = vec![];
        let fails = |r: &(usize, usize)| Ok::<_, ()>((r.1 - r.0 > 2).then_some(()));
        search(vec![(0, 40)], fails, halves, |r, ()| {
            found.push(r);
            Ok(())
        })
        .unwrap();
        assert!(found.is_empty());
    }

    proptest! {
        /// All are found, in order, and no others; the first that are too many end it.
        #[test]
        fn finds_those_that_fail(
            bad in prop::collection::btree_set(0usize..500, 0..40),
            most in 0usize..60,
        ) {
            let mut tried = 0usize;
            let mut found = vec![];
            let outcome = search(
                vec![(0, 200), (200, 500)],
                |(first, end)| {
                    tried += 1;
                    Ok(bad.range(first..end).next().copied())
                },
                halves,
                |(first, _), fault| {
                    assert_eq!(first, fault);
                    found.push(first);
                    if found.len() > most { Err("too many") } else { Ok(()) }
                },
            );
            let expected: Vec<_> = bad.iter().copied().take(most + 1).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(outcome.is_err(), bad.len() > most);
            prop_assert!(tried <= 2 + found.len() * 2 * 10);
            prop_assert!(found.iter().collect::<BTreeSet<_>>().len() == found.len());
        }
    }
}
