//! `active_users`: how many entities are active in each period.

use super::error::within;
use super::period::op;
use super::{RetentionError, Source};

/// The query: one row for each period, with the active entities, and with those active
/// in the last `rolling` periods.
///
/// Rolling, an entity counts from a period in which it is active until `rolling` periods
/// after, or until it is active again: the sum of who comes and who leaves is exact, and
/// looks once at each entity and period.
///
/// # Errors
/// A count of periods out of range.
pub fn active_users(
    source: &Source,
    condition: &str,
    rolling: Option<i32>,
) -> Result<String, RetentionError> {
    let rolling = rolling
        .map(|periods| within("rolling", periods, 1..=10_000))
        .transpose()?;
    let first = source.first();
    // The first row sums up what was active before it.
    let seen = first
        .as_ref()
        .map(|first| op(first, "-", rolling.map_or(0, |periods| periods - 1)));
    let until = source.last().map(|last| op(last, "+", 1));
    let active = format!(
        "WITH active AS {}(\n    SELECT DISTINCT {} AS entity, {} AS period\n    {}\n)",
        // Or all events would be sorted, see `lifecycle`.
        rolling.map_or("", |_| "MATERIALIZED "),
        source.entity(),
        source.period.number(super::source::AT),
        source.events(seen.as_deref(), until.as_deref(), condition),
    );
    let start = source.period.start("period");
    let Some(rolling) = rolling else {
        let frame = source.frame(first.as_deref(), "counted");
        return Ok(format!(
            "{active}, counted AS (
    SELECT period, pg_catalog.count(*) AS active FROM active WHERE entity IS NOT NULL GROUP BY period
), frame AS (
    {frame}
)
SELECT {} AS period, COALESCE(active, 0) AS active, NULL::bigint AS rolling, NULL::numeric AS stickiness
FROM frame f LEFT JOIN counted c ON {}
ORDER BY 1",
            source.period.start("f.period"),
            op("c.period", "=", "f.period"),
        ));
    };
    let frame = source.frame(seen.as_deref(), "stay");
    let stickiness = op(
        "active::numeric",
        "/",
        format!("(CASE WHEN {} THEN rolling END)", op("rolling", ">", 0)),
    );
    let shown = first.map_or_else(|| "true".to_owned(), |first| op("period", ">=", first));
    Ok(format!(
        "{active}, stay AS (
    SELECT period, {before} AS comes, {after} AS leaves
    FROM (
        SELECT period, pg_catalog.lag(period) OVER entity AS before, pg_catalog.lead(period) OVER entity AS after
        FROM active WHERE entity IS NOT NULL
        WINDOW entity AS (PARTITION BY entity ORDER BY period)
    ) a
), counted AS (
    SELECT period, pg_catalog.sum(active) AS active, pg_catalog.sum(change) AS change
    FROM (
        SELECT period, 1 AS active, comes::integer AS change FROM stay
        UNION ALL
        SELECT {left}, 0, -1 FROM stay WHERE leaves
    ) c
    GROUP BY period
), frame AS (
    {frame}
)
SELECT {start} AS period, active, rolling, pg_catalog.round({stickiness}, 4) AS stickiness
FROM (
    SELECT f.period, COALESCE(active, 0)::bigint AS active,
           COALESCE(pg_catalog.sum(change) OVER (ORDER BY f.period), 0)::bigint AS rolling
    FROM frame f LEFT JOIN counted c ON {same}
) r
WHERE {shown}
ORDER BY 1",
        before = stays_away("before", &op("period", "-", "before"), rolling),
        after = stays_away("after", &op("after", "-", "period"), rolling),
        left = op("period", "+", rolling),
        same = op("c.period", "=", "f.period"),
    ))
}

/// Whether an entity is not active for so long on one side that it does not count there.
fn stays_away(neighbour: &str, distance: &str, rolling: i32) -> String {
    format!("({neighbour} IS NULL OR {})", op(distance, ">=", rolling))
}
