//! Retention, active users and their lifecycle, declared in `sql/63_retention.sql`. The
//! transition of the aggregate is in `crate::pg`.

use pganalytics_core::retention::{self, Cohorts, Met, Mode, Period, Source};
use pganalytics_core::sql::literal;
use pganalytics_core::window::Zone;
use pgrx::prelude::*;

use super::question::{Relation, required};
use super::window::width;
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::{ErrorReport, report};
use crate::pg::zone::PgZone;

/// The result of `retention`.
#[pg_extern(sql = false)]
fn retention_final(state: i64) -> Option<Vec<bool>> {
    Met(state).retention()
}

/// The query that `cohort_retention` runs.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn cohort_retention_query(
    event_table: Option<Oid>,
    cohort_event: Option<Text>,
    return_event: Option<Text>,
    period: Option<Interval>,
    periods: Option<i32>,
    from: Option<i64>,
    to: Option<i64>,
    mode: Option<Text>,
    first_time: Option<bool>,
    timezone: Option<Text>,
    entity: Option<Text>,
    as_of: Option<i64>,
    cohort_condition: Option<Text>,
    return_condition: Option<Text>,
    unbounded: Option<bool>,
) -> Result<Text<'static>, ErrorReport> {
    let by_type = cohort_event.is_some() || return_event.is_some();
    let table = Relation::new(event_table, by_type)?;
    let question = Cohorts {
        cohort: events(&table, "cohort_condition", cohort_event, cohort_condition)?,
        returned: events(&table, "return_condition", return_event, return_condition)?,
        periods: required(periods, "periods")?,
        mode: Mode::of(required(mode.as_deref(), "mode")?).map_err(report)?,
        first_time: required(first_time, "first_time")?,
        unbounded: required(unbounded, "unbounded")?,
        as_of: required(as_of, "as_of")?,
    };
    let source = source(table, entity, period, timezone, [from, to])?;
    retention::cohort_retention(&source, &question)
        .map(Into::into)
        .map_err(report)
}

/// The query that `active_users` runs.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn active_users_query(
    event_table: Option<Oid>,
    period: Option<Interval>,
    rolling: Option<i32>,
    from: Option<i64>,
    to: Option<i64>,
    timezone: Option<Text>,
    entity: Option<Text>,
    condition: Option<Text>,
) -> Result<Text<'static>, ErrorReport> {
    let table = Relation::new(event_table, false)?;
    let condition = events(&table, "condition", None, condition)?;
    let source = source(table, entity, period, timezone, [from, to])?;
    retention::active_users(&source, &condition, rolling)
        .map(Into::into)
        .map_err(report)
}

/// The query that `lifecycle` runs.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn lifecycle_query(
    event_table: Option<Oid>,
    period: Option<Interval>,
    from: Option<i64>,
    to: Option<i64>,
    timezone: Option<Text>,
    entity: Option<Text>,
    condition: Option<Text>,
    as_of: Option<i64>,
) -> Result<Text<'static>, ErrorReport> {
    let table = Relation::new(event_table, false)?;
    let condition = events(&table, "condition", None, condition)?;
    let source = source(table, entity, period, timezone, [from, to])?;
    let as_of = required(as_of, "as_of")?;
    Ok(retention::lifecycle(&source, &condition, as_of).into())
}

fn source(
    table: Relation,
    entity: Option<Text>,
    period: Option<Interval>,
    timezone: Option<Text>,
    [from, to]: [Option<i64>; 2],
) -> Result<Source, ErrorReport> {
    let period = required(period, "period")?;
    let timezone = required(timezone, "timezone")?;
    // One that PostgreSQL does not know is an error here, not out of the middle of the query.
    PgZone::named(&timezone).local(0);
    Ok(Source {
        entity: table.expression("entity", &required(entity, "entity")?)?,
        relation: table.sql,
        period: Period::new(width(period), &timezone).map_err(report)?,
        from,
        to,
    })
}

/// Which events are meant: those of a type, and of a condition of the caller's.
fn events(
    table: &Relation,
    argument: &str,
    event_type: Option<Text>,
    condition: Option<Text>,
) -> Result<String, ErrorReport> {
    let is_type =
        event_type.map(|name| format!("event_type OPERATOR(pg_catalog.=) {}", literal(&name)));
    let condition = condition
        .map(|text| table.condition(argument, &text))
        .transpose()?;
    Ok(retention::all([is_type, condition]))
}
