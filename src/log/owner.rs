//! Segments belong to whom the event table belongs to.

use crate::catalog::{ddl, names};
use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi;

/// Hands a segment over, as the platform.
pub fn give(segment: &str, owner: &str) {
    spi::execute(&format!("ALTER TABLE {segment} OWNER TO {owner}"));
    // An index of the owner's on the event table has a part in this schema.
    spi::execute(&format!(
        "GRANT CREATE ON SCHEMA pganalytics_data TO {owner}"
    ));
}

/// Hands over the segments that `ALTER TABLE … OWNER` has left behind: it changes
/// the event table only, and `DROP OWNED BY` the old owner would drop events.
pub fn reconcile(event_table: Oid) {
    let _platform = Platform::act();
    for (segment, owner) in ddl::segments_left_behind(event_table) {
        give(&names::sql_name(segment), &owner);
    }
}
