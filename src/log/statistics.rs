//! What the planner knows of segments that grow faster than autovacuum looks at them: a
//! new one would be read whole, again and again, for batches that indexes find.

use super::bounds;
use crate::catalog::names::sql_name;
use crate::catalog::segments;
use crate::pg::Oid;
use crate::pg::security::ActingAs;
use crate::pg::spi::{self, Arg, Under};
use crate::pg::transaction::attempt;

/// Tells the planner of the segments that have at least doubled since it last heard of
/// them, and are not small. Not of those that somebody else is at just now.
pub fn renew_statistics(event_table: Oid) {
    for segment in segments::attached(event_table).newest_first() {
        if let Some(owner) = owner_if_outgrown(segment.relation) {
            let _ = attempt(|| {
                let _owner = ActingAs::new(owner);
                let _settings = bounds::settings();
                spi::execute(&format!("ANALYZE {}", sql_name(segment.relation)));
                bounds::summarize(segment.relation);
            });
        }
    }
}

fn owner_if_outgrown(segment: Oid) -> Option<Oid> {
    let rows = spi::run(
        "SELECT c.relowner FROM pg_catalog.pg_class c, LATERAL (SELECT \
             pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) \
             pg_catalog.current_setting('block_size')::pg_catalog.int8) AS now (pages) \
         WHERE c.oid OPERATOR(pg_catalog.=) $1 AND now.pages OPERATOR(pg_catalog.>=) \
             greatest(1000, 2 OPERATOR(pg_catalog.*) c.relpages)",
        vec![Arg::Oid(segment)],
        Under::Latest,
    );
    rows.first().map(|row| row.oid(0))
}
