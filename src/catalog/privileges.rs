//! Taking privileges back.

use crate::pg::Oid;
use crate::pg::spi::{self, Arg, Under};

/// Something that somebody has made and somebody else now owns, as SQL.
pub enum Made<'a> {
    View(&'a str),
    /// With its arguments.
    Routine(&'a str),
}

/// Leaves it to its owner alone. Default privileges of whoever made it may have given it
/// to others, who would have it with the rights of the owner that it has now.
pub fn leave_to_owner(made: &Made, oid: Oid) {
    let (kind, name, sql) = match made {
        Made::View(name) => (
            "TABLE",
            name,
            "SELECT DISTINCT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END \
             FROM pg_class c, aclexplode(c.relacl) e WHERE c.oid = $1 AND e.grantee <> c.relowner",
        ),
        Made::Routine(name) => (
            "ROUTINE",
            name,
            "SELECT DISTINCT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END \
             FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) e \
             WHERE p.oid = $1 AND e.grantee <> p.proowner",
        ),
    };
    for row in spi::run(sql, vec![Arg::Oid(oid)], Under::Fresh) {
        let grantee = row.known(0);
        spi::execute(&format!(
            "REVOKE ALL ON {kind} {name} FROM {grantee} CASCADE"
        ));
    }
}

/// The columns of a table for which ANALYZE, which runs as the table's owner, would call
/// a function of the type's owner: the `subtype_diff` of a range type.
pub fn columns_that_run_code(table: Oid) -> Vec<String> {
    spi::run(
        "SELECT quote_ident(a.attname) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped \
           AND t.typnamespace <> 'pg_catalog'::regnamespace \
           AND t.typanalyze IN ('range_typanalyze'::regproc, 'multirange_typanalyze'::regproc)",
        vec![Arg::Oid(table)],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.known(0).into())
    .collect()
}
