//! The lookup tables of a projection: what its events are joined to.
//!
//! What counts is what they hold when an event is folded. They are read under the
//! snapshot that the events are read under, so they too are locked before it is taken.

use super::define::Definition;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::Oid;
use crate::pg::index::{Lock, Relation};
use crate::pg::query::Query;
use crate::pg::security::{ActingAs, Settings};
use crate::pg::spi::{self, Arg};

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
    let lookups: Vec<_> = relations
        .filter(|relation| *relation != projection.event_table)
        .collect();
    // Only then is it certain what they are. One that its owner has made a view is
    // refused when it is to be read; it must not run code before.
    for lookup in &lookups {
        drop(Relation::open(*lookup, Lock::Read));
    }
    if lookups.is_empty() || lookups.iter().any(|lookup| is_view(*lookup)) {
        return;
    }
    let _owner = ActingAs::new(projection.owner);
    let _settings = Settings::pin(projection.pinned_settings());
    spi::execute(&format!(
        "SELECT FROM {} WHERE false",
        items(lookups).join(", ")
    ));
}

fn is_view(relation: Oid) -> bool {
    spi::latest(
        "SELECT FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) $1 AND relkind OPERATOR(pg_catalog.=) 'v'",
        vec![Arg::Oid(relation)],
    )
    .is_some()
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
