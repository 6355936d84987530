//! What the entries of event tables and projections have in common: a number, and
//! a relation that plain DROP may take away.

use super::names;
use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Under};

/// The next number of a sequence of the catalog.
pub fn next_number(sequence: &str) -> i32 {
    let _platform = Platform::act();
    let sql = format!("SELECT nextval('pganalytics_data.{sequence}')");
    spi::run(&sql, vec![], Under::Fresh)
        .first()
        .map_or(0, |row| row.number(0))
}

/// The entries of a catalog table whose relation is gone, by number.
pub fn leftovers(table: &str) -> Vec<i32> {
    let _platform = Platform::act();
    let sql = format!(
        "SELECT id FROM pganalytics_data.{table} t \
         WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation)"
    );
    spi::run(&sql, vec![], Under::Fresh)
        .iter()
        .map(|row| row.number(0))
        .collect()
}

/// Drops a relation of this kind if it is still there.
pub fn drop_leftover(kind: &str, relation: Oid) {
    if names::exists(relation) {
        spi::execute(&format!("DROP {kind} {}", names::sql_name(relation)));
    }
}
