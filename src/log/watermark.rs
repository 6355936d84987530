//! The watermark of an event table: a tiny fold of its own over event times.
//!
//! It rises to the latest event time seen, less the lateness allowed. An event from
//! the future counts as of when it was recorded: a wrong clock must not push the
//! watermark ahead. Lock, then look, as any fold.

use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::incarnation;
use crate::catalog::names::{ColumnType, columns_of, shown, sql_name};
use crate::catalog::projections::Projection;
use crate::catalog::watermarks::{self, Advance, Watermark};
use crate::pg::Oid;
use crate::pg::error::OrRaise;
use crate::pg::index::Relation;
use crate::pg::security::{ActingAs, Settings, require_select};
use crate::pg::snapshot::{Snapshot, keeps_snapshot};
use crate::pg::spi::{self, Under};
use crate::projection::{count_tail, lock_segments, segments_of};
use pganalytics_core::coverage::Events;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{source_column, source_sql};
use pganalytics_core::sql::literal;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

/// Times pass through text without loss.
const AS_TEXT: [(&str, &str); 2] = [("DateStyle", "ISO, YMD"), ("TimeZone", "UTC")];
const FOLDING: [(&str, &str); 2] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("row_security", "off"),
];

/// Advances the watermark of an event table if there are `worth` events it has not
/// seen. Nothing new: nothing is written.
pub fn advance(table: &EventTable, worth: i64) -> Result<(), Error> {
    let _settings = Settings::pin(AS_TEXT);
    let Some(seen) = watermarks::of(table.id) else {
        return Ok(());
    };
    if count_tail(table.root, &seen.coverage, worth)? < worth {
        return Ok(());
    }
    if keeps_snapshot() {
        return Err(Error::FoldNeedsFreshSnapshot);
    }
    let Some(from) = watermarks::lock(table.id) else {
        return Ok(());
    };
    let Some(_log) = Relation::open_if_there(table.root) else {
        return Ok(());
    };
    lock_segments(table.root, &from.coverage);
    let now = incarnation::moment()?;
    let segments = segments_of(table.root, Events::Tail(&from.coverage))?;
    if !segments.is_empty() {
        let read = read(table, &from, &segments, now.own, &now.snapshot)?;
        drop(now.snapshot);
        watermarks::advance(table.id, &now.checkpoint, &read);
    }
    Ok(())
}

/// Looks at the times of the tail, as the owner of the event table: its columns
/// may be computed by functions of the owner's.
fn read(
    table: &EventTable,
    from: &Watermark,
    segments: &[i32],
    own: u64,
    snapshot: &Snapshot,
) -> Result<Advance, Error> {
    let columns = ["occurred_at", "recorded_at"];
    columns_of(
        table.root,
        || shown(table.root),
        columns.map(|column| (column, ColumnType::Timestamptz)),
    )?;
    let source = source_sql(
        &sql_name(table.root),
        &columns.map(source_column),
        segments,
        Events::Tail(&from.coverage),
        Some(own),
    );
    let is_late = from.stood_at.as_ref().map_or_else(
        || "false".to_owned(),
        |time| format!("e.occurred_at < {}::timestamptz", literal(time)),
    );
    let _owner = ActingAs::new(table.owner);
    let _settings = Settings::pin(FOLDING);
    let rows = spi::run(
        &format!(
            "SELECT count(*), count(*) FILTER (WHERE {is_late}), \
             max(least(e.occurred_at, e.recorded_at)) FROM ({source}) AS e"
        ),
        vec![],
        Under::Given(snapshot),
    );
    Ok(Advance {
        events: rows[0].number(0),
        late_events: rows[0].number(1),
        latest: rows[0].text(2).map(Into::into),
    })
}

/// `watermark(event_table)`, of an event table or the one that a projection reads.
#[pg_extern(sql = false)]
fn watermark(event_table: Oid) -> Option<TimestampWithTimeZone> {
    let root = if event_tables::exists(event_table) {
        event_table
    } else {
        let unknown = || Error::UnknownEventTable {
            name: shown(event_table),
        };
        let projection = Projection::of_view(event_table).ok_or_else(unknown);
        projection.or_raise().event_table
    };
    require_select(event_table);
    watermarks::stands_at(root)
}
