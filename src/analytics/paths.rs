//! Paths, declared in `sql/62_paths.sql`.

use pganalytics_core::paths::{self, Follows, Paths, Source};
use pgrx::prelude::*;

use super::question::{Relation, required};
use super::window::width;
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::{ErrorReport, report};

fn source(
    event_table: Option<Oid>,
    [from, to]: [Option<i64>; 2],
    gap: Option<Interval>,
    entity: Option<Text>,
    event: Option<Text>,
) -> Result<Source, ErrorReport> {
    let table = Relation::new(event_table, false)?;
    Ok(Source {
        entity: table.expression("entity", &required(entity, "entity")?)?,
        event: table.expression("event", &required(event, "event")?)?,
        has_position: table.has_column("position", "bigint"),
        relation: table.sql,
        from,
        to,
        gap: gap.map(width).map(paths::gap).transpose().map_err(report)?,
    })
}

/// The query of `entity_paths`.
#[pg_extern(sql = false)]
#[expect(clippy::too_many_arguments, reason = "those of the SQL function")]
fn entity_paths_query(
    event_table: Option<Oid>,
    start: Option<Text>,
    depth: Option<i32>,
    from: Option<i64>,
    to: Option<i64>,
    gap: Option<Interval>,
    entity: Option<Text>,
    event: Option<Text>,
    repeats: Option<bool>,
) -> Result<Text<'static>, ErrorReport> {
    let source = source(event_table, [from, to], gap, entity, event)?;
    let repeats = required(repeats, "repeats")?;
    let paths = Paths::new(source, start.map(Into::into), depth, repeats).map_err(report)?;
    Ok(paths.each().into())
}

/// The query of `paths`.
#[pg_extern(sql = false)]
#[expect(clippy::too_many_arguments, reason = "those of the SQL function")]
fn paths_query(
    event_table: Option<Oid>,
    start: Option<Text>,
    depth: Option<i32>,
    from: Option<i64>,
    to: Option<i64>,
    gap: Option<Interval>,
    entity: Option<Text>,
    event: Option<Text>,
    repeats: Option<bool>,
    limit: Option<i32>,
) -> Result<Text<'static>, ErrorReport> {
    let source = source(event_table, [from, to], gap, entity, event)?;
    let repeats = required(repeats, "repeats")?;
    Paths::new(source, start.map(Into::into), depth, repeats)
        .and_then(|paths| paths.counted(limit))
        .map(Into::into)
        .map_err(report)
}

/// The query of `directly_follows`.
#[pg_extern(sql = false)]
#[expect(clippy::too_many_arguments, reason = "those of the SQL function")]
fn directly_follows_query(
    event_table: Option<Oid>,
    from: Option<i64>,
    to: Option<i64>,
    gap: Option<Interval>,
    entity: Option<Text>,
    event: Option<Text>,
    repeats: Option<bool>,
    limit: Option<i32>,
) -> Result<Text<'static>, ErrorReport> {
    let follows = Follows {
        source: source(event_table, [from, to], gap, entity, event)?,
        repeats: required(repeats, "repeats")?,
    };
    follows.counted(limit).map(Into::into).map_err(report)
}
