use super::*;
use crate::error::UserError;
use proptest::prelude::*;

fn id(letter: char) -> EventId {
    [letter as u8; 16]
}

fn ids(letters: &str) -> Vec<EventId> {
    letters.chars().map(id).collect()
}

/// An aggregate in memory: its events, in the order of their versions.
#[derive(Default)]
struct Log(Vec<EventId>);

impl Log {
    fn logged(&self, index: usize) -> Logged {
        let version = index as i64 + 1;
        Logged {
            event_id: self.0[index],
            position: version * 10,
            version,
            content: 0,
            visible: true,
        }
    }

    /// The whole of an append: decide, insert with deduplication, settle.
    fn append(&mut self, expected: Option<i64>, ids: &[EventId]) -> Result<Vec<Outcome>, Error> {
        let batch = Batch {
            aggregate: "a",
            expected,
            ids,
        };
        let course = batch.course(self.0.len() as i64, |version, count| {
            let from = version as usize - 1;
            Ok((from..self.0.len())
                .take(count)
                .map(|index| self.logged(index))
                .collect())
        })?;
        let before = self.0.clone();
        let outcomes: Vec<_> = match course {
            Course::Repeat(logged) => logged.iter().map(|event| seen(event, true)).collect(),
            Course::Append => ids
                .iter()
                .map(|id| {
                    let known = self.0.iter().position(|logged| logged == id);
                    let index = known.unwrap_or_else(|| {
                        self.0.push(*id);
                        self.0.len() - 1
                    });
                    seen(&self.logged(index), known.is_some())
                })
                .collect(),
        };
        batch.settle(&outcomes).inspect_err(|_| self.0 = before)?;
        Ok(outcomes)
    }
}

fn seen(event: &Logged, deduplicated: bool) -> Outcome {
    Outcome {
        event_id: event.event_id,
        position: event.position,
        version: Some(event.version),
        deduplicated,
    }
}

/// The same by the words of the documentation, comparing whole logs: `log` with
/// the events of a batch that is taken, or the SQLSTATE of one that is not.
fn oracle(log: &str, expected: Option<i64>, batch: &str) -> Result<String, &'static str> {
    let fresh = |c: &char| !log.contains(*c);
    let mut after = log.to_owned();
    let Some(expected) = expected else {
        for c in batch.chars() {
            if !after.contains(c) {
                after.push(c);
            }
        }
        return Ok(after);
    };
    if expected == log.len() as i64 {
        let mut letters: Vec<_> = batch.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        let all_new = batch.chars().all(|c| fresh(&c)) && letters.len() == batch.len();
        let none_new = !batch.chars().any(|c| fresh(&c));
        return match (all_new, none_new) {
            (true, _) => Ok(after + batch),
            (_, true) => Ok(after),
            _ => Err("23505"),
        };
    }
    if expected > log.len() as i64 || batch.is_empty() {
        return Err("40001");
    }
    let (before, _) = log.split_at(expected as usize);
    let holds = |events: &str| log.starts_with(&format!("{before}{events}"));
    if holds(batch) {
        Ok(after)
    } else if holds(&batch[..1]) {
        Err("23505")
    } else {
        Err("40001")
    }
}

#[test]
fn the_decision_table() {
    let conflict = Err("40001");
    let partly = Err("23505");
    for (log, expected, batch, result) in [
        // any version: events are independent
        ("", None, "ab", Ok("ab")),
        ("ab", None, "bc", Ok("abc")),
        ("ab", None, "ab", Ok("ab")),
        ("", None, "aa", Ok("a")),
        // the aggregate must not exist
        ("", Some(0), "ab", Ok("ab")),
        ("x", Some(0), "ab", conflict),
        ("ab", Some(0), "ab", Ok("ab")),
        ("abx", Some(0), "ab", Ok("abx")),
        // at the version expected
        ("ab", Some(2), "cd", Ok("abcd")),
        ("ab", Some(2), "ab", Ok("ab")),
        ("ab", Some(2), "ba", Ok("ab")),
        ("ab", Some(2), "bc", partly),
        ("ab", Some(2), "cb", partly),
        ("ab", Some(2), "cc", partly),
        // beyond it
        ("abcd", Some(2), "cd", Ok("abcd")),
        ("abcd", Some(1), "bc", Ok("abcd")),
        ("abcd", Some(2), "cx", partly),
        ("abcd", Some(2), "cde", partly),
        ("abcd", Some(2), "dc", conflict),
        ("abcd", Some(2), "ab", conflict),
        ("abcd", Some(2), "x", conflict),
        // short of it
        ("ab", Some(3), "c", conflict),
        ("ab", Some(i64::MAX), "c", conflict),
        // nothing to append: the version is checked all the same
        ("ab", None, "", Ok("ab")),
        ("ab", Some(2), "", Ok("ab")),
        ("ab", Some(1), "", conflict),
        ("ab", Some(3), "", conflict),
    ] {
        let case = format!("{log} {expected:?} {batch}");
        let mut state = Log(ids(log));
        let got = state.append(expected, &ids(batch));
        let got = got.map(|_| &state.0).map_err(|e| e.sqlstate());
        assert_eq!(got, result.map(ids).as_ref().map_err(|e| *e), "{case}");
        assert_eq!(
            oracle(log, expected, batch),
            result.map(str::to_owned),
            "the oracle on {case}"
        );
    }
}

#[test]
fn errors_name_what_is_there_and_what_is_not() {
    let twice = Log::default().append(Some(0), &ids("bb")).unwrap_err();
    assert_eq!(
        twice.detail().unwrap(),
        format!("Event {} is there twice.", id_text(&id('b')))
    );
    let partly = Log(ids("abcd")).append(Some(1), &ids("bx")).unwrap_err();
    let (b, x) = (id_text(&id('b')), id_text(&id('x')));
    assert_eq!(
        partly,
        Error::PartlyAppended {
            aggregate: "a".into(),
            known: b.clone(),
            position: 20,
            other: x,
        }
    );
    assert_eq!(b, "62626262-6262-6262-6262-626262626262");
    assert_eq!(
        Log(ids("abcd")).append(Some(1), &ids("x")).unwrap_err(),
        Error::UnexpectedVersion {
            aggregate: "a".into(),
            head: 4,
            expected: 1,
        }
    );
}

#[test]
fn a_retry_of_what_the_snapshot_does_not_see_is_run_again() {
    let logged = |visible| Logged {
        visible,
        ..Log(ids("b")).logged(0)
    };
    for (batch, visible, sqlstate) in [
        ("b", false, "40001"),
        ("bx", false, "40001"),
        ("bx", true, "23505"),
    ] {
        let error = Batch {
            aggregate: "a",
            expected: Some(1),
            ids: &ids(batch),
        }
        .course(2, |_, _| Ok(vec![logged(visible)]))
        .unwrap_err();
        let unseen = matches!(error, Error::ConcurrentAppend { .. });
        assert_eq!(unseen, !visible, "{batch} {visible}");
        assert_eq!(error.sqlstate(), sqlstate, "{batch} {visible}");
    }
}

fn batches() -> impl Strategy<Value = Vec<(Option<i64>, String)>> {
    let expected = prop_oneof![Just(None), (0..9i64).prop_map(Some)];
    proptest::collection::vec((expected, "[a-h]{0,4}"), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn decides_as_the_oracle_does(batches in batches()) {
        let (mut log, mut model) = (Log::default(), String::new());
        for (expected, batch) in batches {
            let got = log.append(expected, &ids(&batch)).map_err(|e| e.sqlstate());
            let told = oracle(&model, expected, &batch);
            prop_assert_eq!(got.map(|_| ()), told.clone().map(|_| ()));
            model = told.unwrap_or(model);
            prop_assert_eq!(&log.0, &ids(&model));
        }
    }

    #[test]
    fn sending_it_again_has_no_effect(batches in batches(), again in 0..12usize) {
        let mut log = Log::default();
        let mut taken = vec![];
        for (expected, batch) in batches {
            if let Ok(outcomes) = log.append(expected, &ids(&batch)) && !batch.is_empty() {
                // What settled by the ledger alone cannot be told by versions
                // once others have appended.
                if outcomes.iter().all(|outcome| !outcome.deduplicated) || expected.is_none() {
                    taken.push((expected, batch, outcomes));
                }
            }
        }
        if let Some((expected, batch, first)) = taken.get(again % taken.len().max(1)) {
            let before = log.0.clone();
            let second = log.append(*expected, &ids(batch)).unwrap();
            prop_assert_eq!(&log.0, &before);
            prop_assert!(second.iter().all(|outcome| outcome.deduplicated));
            let place = |o: &Outcome| (o.event_id, o.position, o.version);
            prop_assert!(first.iter().map(place).eq(second.iter().map(place)));
        }
    }
}
