//! What the entries of event tables and projections have in common: a number, and
//! a relation that plain DROP may take away.

use super::names;
use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Under};

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

/// Drops a relation of this kind if it is still there. What depends on it goes too if it
/// belongs to somebody who may not read it: who makes a view of it without asking must not
/// be able to keep it.
pub fn drop_leftover(kind: &str, relation: Oid) {
    if names::exists(relation) {
        let how = if is_rightly_used(relation) {
            "RESTRICT"
        } else {
            "CASCADE"
        };
        spi::execute(&format!("DROP {kind} {} {how}", names::sql_name(relation)));
    }
}

/// Whether something depends on a relation whose owner may read it, or a projection does.
fn is_rightly_used(relation: Oid) -> bool {
    let _platform = Platform::act();
    let rows = spi::run(
        "SELECT FROM pg_depend d \
         LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid \
         LEFT JOIN pg_class c ON c.oid = CASE d.classid WHEN 'pg_class'::regclass THEN d.objid ELSE r.ev_class END \
         LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid \
         LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid \
         WHERE d.deptype = 'n' AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = $1) \
             OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = (SELECT reltype FROM pg_class WHERE oid = $1))) \
           AND (has_table_privilege(coalesce(c.relowner, p.proowner, t.typowner), $1, 'SELECT') \
             OR c.oid IN (SELECT relation FROM pganalytics_data.projection)) LIMIT 1",
        vec![Arg::Oid(relation)],
        Under::Fresh,
    );
    !rows.is_empty()
}
