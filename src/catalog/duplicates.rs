//! Duplicates: the events that were skipped, for the view of that name.

use super::names;
use crate::pg::cache::RelationCache;
use crate::pg::security::Platform;
use crate::pg::snapshot::clock;
use crate::pg::spi::{self, Arg, Under};
use crate::pg::unique;
use crate::pg::{Datum, Oid};
use pganalytics_core::error::Error;

thread_local! {
    /// The relation, under one key.
    pub(super) static DUPLICATES: RelationCache<Oid> =
        RelationCache::new(|relation| DUPLICATES.with(|cache| cache.forget(relation)));
}

/// Notes that an event was skipped. A row for each time, without an index: two
/// transactions that skip the same events wait for nobody.
pub fn note(event_table: i32, event_id: Datum, position: i64) {
    let table = DUPLICATES.with(|table| {
        table.get_or_make(Oid::INVALID, || {
            let found = names::find("pganalytics_data.duplicate").unwrap_or(Oid::INVALID);
            Ok::<_, Error>((vec![found], found))
        })
    });
    let now = Datum::from(clock());
    let row = [
        Datum::from(event_table),
        event_id,
        Datum::from(position),
        Datum::from(1i64),
        now,
        now,
    ];
    if let Ok(table) = table {
        unique::append(*table, &row);
    }
}

/// Forgets those of an event table whose id may have left the dedup window, and
/// adds up the rows of each of the others.
pub fn tidy(event_table: i32) {
    let _platform = Platform::act();
    let id = || vec![Arg::Int(event_table)];
    spi::run(
        "DELETE FROM pganalytics_data.duplicate d USING pganalytics_data.event_table t \
         WHERE t.id = $1 AND d.event_table = t.id \
           AND d.last_at < clock_timestamp() - coalesce(t.dedup_window, t.retention)",
        id(),
        Under::Fresh,
    );
    spi::run(
        "WITH repeated AS (SELECT event_id, position FROM pganalytics_data.duplicate \
                           WHERE event_table = $1 GROUP BY event_id, position HAVING count(*) > 1), \
         gone AS (DELETE FROM pganalytics_data.duplicate d USING repeated r \
                  WHERE d.event_table = $1 AND d.event_id = r.event_id AND d.position = r.position RETURNING d.*) \
         INSERT INTO pganalytics_data.duplicate \
         SELECT event_table, event_id, position, sum(times), min(first_at), max(last_at) \
         FROM gone GROUP BY event_table, event_id, position",
        id(),
        Under::Fresh,
    );
}
