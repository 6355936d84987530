//! Session windows, declared in `sql/41_sessions.sql` and `sql/43_sessionize.sql`. The
//! window function is in `crate::pg::sessionize`.

use pganalytics_core::session::{self, GapError, Sessions};
use pgrx::prelude::*;

use super::question::{Relation, required};
use super::window::width;
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::{ErrorReport, report};

/// `shift_time(ts, micros)`, for both kinds of timestamp.
#[pg_extern(sql = false)]
fn shift_time(ts: i64, micros: i64) -> i64 {
    session::shift(ts, micros)
}

/// The query that `sessions` runs.
#[pg_extern(sql = false)]
fn sessions_query(
    event_table: Option<Oid>,
    gap: Option<Interval>,
    from: Option<i64>,
    to: Option<i64>,
    entity: Option<Text>,
) -> Result<Text<'static>, ErrorReport> {
    let table = Relation::new(event_table, true)?;
    let gap = width(required(gap, "gap")?);
    let entity = required(entity.as_deref(), "entity")?;
    let asked = Sessions {
        table: &table.sql,
        entity: &table.expression("entity", entity)?,
        has_position: table.has_column("position", "bigint"),
        gap: session::gap(gap).ok_or_else(|| report(GapError))?,
        from,
        to,
    };
    Ok(asked.sql().into())
}
