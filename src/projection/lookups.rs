//! The lookup tables of a projection: what its events are joined to.
//!
//! What counts is what they hold when an event is folded. They are read under the
//! snapshot that the events are read under, so they too are locked before it is taken.

use super::define::Definition;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::query::Query;
use crate::pg::security::ActingAs;
use crate::pg::spi;

/// All tables that a definition reads, as items of FROM. (Nothing is ever read of
/// the event table by this name, and a hundred segments would cost a hundred locks.)
pub fn read_sql(definition: &Definition) -> String {
    let log = format!("ONLY {} AS log", sql_name(definition.event_table));
    std::iter::once(log)
        .chain(items(definition.lookups.clone()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Locks the lookup tables of a projection and their partitions against being
/// rewritten, for a snapshot to be taken next.
pub fn lock_lookups(projection: &Projection) {
    let tables = Query::of_view(projection.definition).from().tables;
    let relations = tables.into_iter().map(|table| table.relation);
    let items = items(
        relations
            .filter(|relation| *relation != projection.event_table)
            .collect(),
    );
    if !items.is_empty() {
        let _owner = ActingAs::new(projection.owner);
        spi::execute(&format!("SELECT FROM {} WHERE false", items.join(", ")));
    }
}

/// Each of them once, under a name of its own.
fn items(mut lookups: Vec<Oid>) -> Vec<String> {
    lookups.sort_unstable_by_key(|table| table.to_u32());
    lookups.dedup();
    (1..)
        .zip(lookups)
        .map(|(place, table)| format!("{} AS lookup_{place}", sql_name(table)))
        .collect()
}
