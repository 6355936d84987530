//! What the worker goes by when it decides which projection to fold.

use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::snapshot::is_still_needed;
use crate::pg::spi::{self, Row, Under};
use std::time::Duration;

/// A projection as the worker sees it.
pub struct Upkeep {
    pub id: i32,
    pub name: String,
    /// Since the last fold, or the creation.
    pub since_last_fold: Duration,
    /// Folds that failed, one after the other.
    pub failures: u32,
    /// Whether what the last fold replaced cannot be removed yet.
    pub horizon_is_held: bool,
    /// Not to be folded now.
    pub is_paused: bool,
    /// Whether another generation is being built to take its place.
    pub has_successor: bool,
    /// Whether it is to be folded by those who append, and is not yet.
    pub is_to_be_inline: bool,
}

/// All projections, by number.
pub fn projections() -> Vec<Upkeep> {
    let _platform = Platform::act();
    spi::run(
        "SELECT p.id, c.relname, p.failures, k.tableoid, k.xmin, \
             (extract(epoch FROM greatest(clock_timestamp() - coalesce(k.last_fold, p.created_at), '0')) \
                 * 1000)::bigint, \
             p.paused_at IS NOT NULL, p.successor IS NOT NULL, \
             p.mode = 'inline' AND NOT k.is_inline AND p.paused_at IS NULL AND p.successor IS NULL \
         FROM pganalytics_data.projection p \
         JOIN pganalytics_data.checkpoint k ON k.generation = p.generation \
         JOIN pg_class c ON c.oid = p.relation ORDER BY p.id",
        vec![],
        Under::Fresh,
    )
    .iter()
    .map(upkeep)
    .collect()
}

fn upkeep(row: &Row) -> Upkeep {
    let table: Oid = row.oid(3);
    Upkeep {
        id: row.number(0),
        name: row.known(1).into(),
        failures: row.number(2),
        // The row of the checkpoint was written by the last fold.
        horizon_is_held: is_still_needed(table, row.number(4)),
        since_last_fold: Duration::from_millis(row.number(5)),
        is_paused: row.known(6) == "t",
        has_successor: row.known(7) == "t",
        is_to_be_inline: row.known(8) == "t",
    }
}

/// Tells listeners that a projection has been folded. Equal notices of one
/// transaction are sent once, when it commits.
pub fn notify(projection: &str) {
    spi::run(
        "SELECT pg_catalog.pg_notify('pganalytics', $1)",
        vec![spi::Arg::Text(projection)],
        Under::Fresh,
    );
}
