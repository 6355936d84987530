use super::*;
use crate::error::UserError;
use crate::window::{MICROS_PER_DAY, Width};
use proptest::prelude::*;

/// The definition: no bits, no states.
fn naive(rows: &[Vec<bool>]) -> Option<Vec<bool>> {
    let conditions = rows.iter().map(Vec::len).max()?;
    let met = |condition: usize| rows.iter().any(|row| row.get(condition) == Some(&true));
    Some((0..conditions).map(|i| met(0) && met(i)).collect())
}

fn add(state: Met, row: &[bool]) -> Met {
    let held = (0..row.len()).fold(0, |held, i| held | u64::from(row[i]) << i);
    state.add(row.len(), held).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Vec<bool>>> {
    let same = (1..=32_usize).prop_flat_map(|conditions| {
        let row = prop::collection::vec(prop::bool::weighted(0.2), conditions);
        prop::collection::vec(row, 0..12)
    });
    let row = prop::collection::vec(any::<bool>(), 1..=32);
    prop_oneof![3 => same, 1 => prop::collection::vec(row, 0..6)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn is_what_the_definition_says(rows in rows()) {
        let met = rows.iter().fold(Met::default(), |met, row| add(met, row));
        prop_assert_eq!(met.retention(), naive(&rows));
    }

    /// The combine function is PostgreSQL's own "bitwise or".
    #[test]
    fn any_tree_of_merges_gives_the_same(rows in rows(), picks in prop::collection::vec(any::<prop::sample::Index>(), 12)) {
        let whole = rows.iter().fold(Met::default(), |met, row| add(met, row));
        let mut parts: Vec<Met> = rows.iter().map(|row| add(Met::default(), row)).collect();
        parts.push(Met::default());
        for pick in picks {
            let part = parts.swap_remove(pick.index(parts.len()));
            match parts.is_empty() {
                true => parts.push(part),
                false => {
                    let other = pick.index(parts.len());
                    parts[other] = Met(parts[other].0 | part.0);
                }
            }
        }
        prop_assert_eq!(parts.iter().fold(0, |all, part| all | part.0), whole.0);
    }

    /// Whatever number somebody hands to the final function.
    #[test]
    fn any_state_has_a_result(state: i64) {
        let conditions = Met(state).retention().map_or(0, |met| met.len());
        prop_assert!(conditions <= 32);
    }
}

#[test]
fn answers_as_clickhouse_does() {
    let kept = include_str!("../../../../tests/data/parity/retention.txt");
    for line in kept.lines() {
        let (rows, expected) = line.split_once('\t').unwrap();
        let rows = rows
            .split(' ')
            .map(|row| -> Vec<bool> { row.chars().map(|c| c == '1').collect() });
        let met = rows.fold(Met::default(), |met, row| add(met, &row));
        let answer: String = met
            .retention()
            .unwrap()
            .iter()
            .map(|&met| if met { '1' } else { '0' })
            .collect();
        assert_eq!(answer, expected, "{line}");
    }
    assert_eq!(kept.lines().count(), 400);
}

#[test]
fn takes_1_to_32_conditions() {
    for conditions in [0, 33, 64, usize::MAX] {
        let error = Met::default().add(conditions, 0).unwrap_err();
        assert_eq!(error, RetentionError::Conditions(conditions));
        assert_eq!(error.sqlstate(), "22023");
    }
    // Bits beyond the conditions do not come in.
    assert_eq!(
        Met::default().add(1, u64::MAX).unwrap().retention(),
        Some(vec![true])
    );
}

fn period(months: i32, days: i32, micros: i64) -> Result<Period, RetentionError> {
    let width = Width {
        months,
        days,
        micros,
    };
    Period::new(width, "UTC")
}

#[test]
fn a_period_has_one_unit_and_ends() {
    for (months, days, micros) in [
        (1, 0, 0),
        (1_200, 0, 0),
        (0, 1, 0),
        (0, 36_600, 0),
        (0, 0, 1_000_000),
        (0, 0, 36_600 * MICROS_PER_DAY),
    ] {
        assert!(period(months, days, micros).is_ok());
        assert_eq!(period(-months, -days, -micros), Err(RetentionError::Length));
    }
    for (months, days, micros) in [
        (1, 1, 0),
        (1, 0, 1),
        (0, 1, 1_000_000),
        (1, -30, 0),
        (0, 0, 1),
        (0, 0, 1_500_000),
    ] {
        assert_eq!(period(months, days, micros), Err(RetentionError::Mixed));
    }
    for (months, days, micros) in [
        (0, 0, 0),
        (1_201, 0, 0),
        (0, i32::MAX, 0),
        (i32::MIN, 0, 0),
        (0, 0, i64::MAX / 1_000_000 * 1_000_000),
    ] {
        assert_eq!(period(months, days, micros), Err(RetentionError::Length));
    }
}

fn source(from: Option<i64>, to: Option<i64>) -> Source {
    Source {
        relation: "\"public\".\"it's\"".into(),
        entity: "(user_id\n)".into(),
        period: Period::new(
            Width {
                months: 0,
                days: 1,
                micros: 0,
            },
            "a'b\\",
        )
        .unwrap(),
        from,
        to,
    }
}

#[test]
fn the_query_of_active_users_reads() {
    let query = active_users(&source(None, None), "(n > 0\n)", None).unwrap();
    let at = "(occurred_at)::timestamp with time zone";
    assert_eq!(query, format!("WITH active AS (
    SELECT DISTINCT ((user_id\n))::pg_catalog.text COLLATE pg_catalog.\"C\" AS entity, \
((pg_catalog.timezone(E'a''b\\\\', {at}))::pg_catalog.date OPERATOR(pg_catalog.-) '2001-01-01'::pg_catalog.date) AS period
    FROM \"public\".\"it's\" WHERE ({at} OPERATOR(pg_catalog.>=) '0001-01-02 00:00:00+00'::pg_catalog.timestamptz) \
AND ({at} OPERATOR(pg_catalog.<=) '9999-12-31 23:59:59.999999+00'::pg_catalog.timestamptz) AND ((n > 0\n))
), counted AS (
    SELECT period, pg_catalog.count(*) AS active FROM active WHERE entity IS NOT NULL GROUP BY period
), frame AS (
    SELECT pg_catalog.generate_series(least, most) AS period
    FROM (SELECT pg_catalog.min(period) AS least, pg_catalog.max(period) AS most FROM counted) c
)
SELECT pg_catalog.timezone(E'a''b\\\\', ('2001-01-01'::pg_catalog.date OPERATOR(pg_catalog.+) (f.period OPERATOR(pg_catalog.*) 1))::timestamp without time zone) AS period, \
COALESCE(active, 0) AS active, NULL::bigint AS rolling, NULL::numeric AS stickiness
FROM frame f LEFT JOIN counted c ON (c.period OPERATOR(pg_catalog.=) f.period)
ORDER BY 1"));
}

/// Every operator of ours is PostgreSQL's, whatever the caller's search_path has. (What
/// looks "=" up there are also IN, BETWEEN, NULLIF, USING, CASE x WHEN and IS DISTINCT FROM.)
#[test]
fn no_query_depends_on_the_search_path() {
    let mut queries = vec![];
    for (months, days, micros) in [(2, 0, 0), (0, 1, 0), (0, 7, 0), (0, 0, 3_600_000_000)] {
        for range in [None, Some(0)] {
            let mut source = source(range, range.map(|from| from + MICROS_PER_DAY));
            source.period = period(months, days, micros).unwrap();
            queries.push(lifecycle(&source, "true", 0));
            queries.extend(
                [None, Some(7)].map(|rolling| active_users(&source, "x", rolling).unwrap()),
            );
            for bits in 0..16 {
                let question = Cohorts {
                    cohort: if bits & 1 == 0 { "true" } else { "x" }.into(),
                    returned: if bits & 2 == 0 { "x" } else { "y" }.into(),
                    periods: 8,
                    mode: if bits & 4 == 0 {
                        Mode::Calendar
                    } else {
                        Mode::Rolling
                    },
                    first_time: bits & 8 == 0,
                    unbounded: bits % 3 == 0,
                    as_of: i64::MAX,
                };
                queries.push(cohort_retention(&source, &question).unwrap());
            }
        }
    }
    for query in queries {
        let bare = query
            .replace("count(*)", "count()")
            .replace("AS (", "(")
            .replace(" => ", " ");
        let mut rest = bare.as_str();
        let mut left = String::new();
        while let Some((before, after)) = rest.split_once("OPERATOR(pg_catalog.") {
            left.push_str(before);
            rest = after.split_once(')').unwrap().1;
        }
        left.push_str(rest);
        for operator in [
            " = ",
            " < ",
            " > ",
            " <= ",
            " >= ",
            " <> ",
            " + ",
            " - ",
            " * ",
            " / ",
            " IN ",
            " BETWEEN ",
            "NULLIF",
            "USING",
            "DISTINCT FROM",
        ] {
            assert!(!left.contains(operator), "{operator}: {query}");
        }
        for function in [
            "count(",
            "min(",
            "max(",
            "sum(",
            "round(",
            "floor(",
            "timezone(",
            "date_part(",
            "make_interval(",
            "generate_series(",
            "to_timestamp(",
            "lag(",
            "lead(",
        ] {
            assert_eq!(
                left.matches(function).count(),
                left.matches(&format!("pg_catalog.{function}")).count(),
                "{function}: {query}"
            );
        }
    }
}

#[test]
fn a_range_without_a_moment_has_no_period() {
    let day = MICROS_PER_DAY;
    for (from, to) in [
        (Some(0), Some(0)),
        (Some(1), Some(0)),
        (Some(i64::MAX), None),
        (None, Some(i64::MIN)),
        (Some(i64::MAX), Some(i64::MAX)),
    ] {
        let source = source(from, to);
        assert_eq!(
            (source.first(), source.last()),
            (Some("1".into()), Some("0".into()))
        );
    }
    let endless = source(Some(i64::MIN), Some(i64::MAX));
    assert_eq!((endless.first(), endless.last()), (None, None));
    let one = source(Some(0), Some(day));
    assert!(one.first().unwrap().contains("'2000-01-01 00:00:00+00'"));
    assert!(
        one.last()
            .unwrap()
            .contains("'2000-01-01 23:59:59.999999+00'")
    );
}

#[test]
fn counts_and_modes_have_bounds() {
    let question = |periods| Cohorts {
        cohort: "true".into(),
        returned: "true".into(),
        periods,
        mode: Mode::Calendar,
        first_time: true,
        unbounded: false,
        as_of: i64::MIN,
    };
    let source = source(None, None);
    for periods in [-1, 1_001, i32::MIN, i32::MAX] {
        assert!(cohort_retention(&source, &question(periods)).is_err());
    }
    let never = cohort_retention(&source, &question(1_000)).unwrap();
    assert!(never.contains("'-infinity'::pg_catalog.timestamptz"));
    for rolling in [0, -1, 10_001] {
        let error = active_users(&source, "true", Some(rolling)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("rolling must be between 1 and 10000, not {rolling}")
        );
    }
    assert_eq!(
        Mode::of("Rolling"),
        Err(RetentionError::Mode("Rolling".into()))
    );
}
