//! Segments belong to whom the event table belongs to.

use crate::pg::spi;

/// Hands a segment over, as the platform.
pub fn give(segment: &str, owner: &str) {
    spi::execute(&format!("ALTER TABLE {segment} OWNER TO {owner}"));
    // An index of the owner's on the event table has a part in this schema.
    spi::execute(&format!(
        "GRANT CREATE ON SCHEMA pganalytics_data TO {owner}"
    ));
}
