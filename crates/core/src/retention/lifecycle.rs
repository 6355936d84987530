//! `lifecycle`: who is new, returns, is back after a pause, or has gone, in each period.

use super::Source;
use super::period::op;
use super::source::{AT, instant};

/// The query: one row for each period. What is before the range is looked at only as "the
/// period before" and "earlier". (MATERIALIZED, or all events would be sorted, for the
/// window function too, instead of one row for each entity and period.) `as_of` as for
/// [`super::cohort_retention`].
#[must_use]
pub fn lifecycle(source: &Source, condition: &str, as_of: i64) -> String {
    let first = source.first();
    let number = source.period.number(AT);
    let number = match &first {
        Some(first) => format!("GREATEST({number}, {})", op(first, "-", 2)),
        None => number,
    };
    let until = source.last().map(|last| op(last, "+", 1));
    let next = op("period", "+", 1);
    let is_over = |period: &str| {
        let end = source.period.start(&op(period, "+", 1));
        op(end, "<=", instant(as_of))
    };
    format!(
        "WITH active AS MATERIALIZED (
    SELECT DISTINCT {entity} AS entity, {number} AS period
    {events}
), stay AS (
    SELECT period, {before} AS since, {after} AS pause
    FROM active WHERE entity IS NOT NULL
    WINDOW entity AS (PARTITION BY entity ORDER BY period)
), counted AS (
    SELECT period, pg_catalog.count(*) FILTER (WHERE since IS NULL) AS fresh,
           pg_catalog.count(*) FILTER (WHERE {one}) AS again,
           pg_catalog.count(*) FILTER (WHERE {more}) AS back
    FROM stay GROUP BY period
), gone AS (
    SELECT {next} AS period, pg_catalog.count(*) AS dormant
    FROM stay WHERE pause IS NULL OR {paused} GROUP BY period
), frame AS (
    {frame}
)
SELECT {start} AS period, COALESCE(fresh, 0) AS new, COALESCE(again, 0) AS \"returning\",
       COALESCE(back, 0) AS resurrecting, CASE WHEN {over} THEN COALESCE(dormant, 0) END AS dormant
FROM frame f LEFT JOIN counted c ON {is_counted} LEFT JOIN gone g ON {is_gone}
ORDER BY 1",
        entity = source.entity(),
        events = source.events(None, until.as_deref(), condition),
        before = op("period", "-", "pg_catalog.lag(period) OVER entity"),
        after = op("pg_catalog.lead(period) OVER entity", "-", "period"),
        one = op("since", "=", 1),
        more = op("since", ">", 1),
        paused = op("pause", ">", 1),
        frame = source.frame(first.as_deref(), "stay"),
        start = source.period.start("f.period"),
        over = is_over("f.period"),
        is_counted = op("c.period", "=", "f.period"),
        is_gone = op("g.period", "=", "f.period"),
    )
}
