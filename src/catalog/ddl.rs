//! What the running DDL command did to event tables and their segments. Only an
//! event trigger can ask, at the end of the command.

use crate::pg::Oid;
use crate::pg::spi::{self, Arg, Under};

/// Event tables and segments by relation, with their event table.
macro_rules! logs {
    () => {
        "(SELECT relation::oid, relation::oid AS root FROM pganalytics_data.event_table \
          UNION ALL SELECT s.relation, t.relation FROM pganalytics_data.segment s \
          JOIN pganalytics_data.event_table t ON t.id = s.event_table)"
    };
}

/// The first answer, as two names.
fn names(sql: &'static str) -> Option<(String, String)> {
    spi::run_kept(sql, vec![], Under::Latest)
        .first()
        .map(|row| (row.known(0).into(), row.known(1).into()))
}

/// A foreign key to an event table or segment, and the event table.
pub fn foreign_key() -> Option<(String, String)> {
    names(concat!(
        "SELECT k.conname, c.relname FROM pg_event_trigger_ddl_commands() d \
         JOIN pg_constraint k ON k.conrelid = d.objid AND k.contype = 'f' JOIN ",
        logs!(),
        " l ON l.relation = k.confrelid JOIN pg_class c ON c.oid = l.root \
         WHERE d.classid = 'pg_class'::regclass ORDER BY k.oid LIMIT 1"
    ))
}

/// A partition of an event table that is no segment, and the event table.
pub fn foreign_partition() -> Option<(String, String)> {
    names(
        "SELECT p.relname, c.relname FROM pg_event_trigger_ddl_commands() d \
         JOIN pg_inherits i ON d.objid IN (i.inhparent, i.inhrelid) \
         JOIN pganalytics_data.event_table t ON t.relation = i.inhparent \
         JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_class c ON c.oid = i.inhparent \
         WHERE d.classid = 'pg_class'::regclass \
           AND NOT EXISTS (SELECT FROM pganalytics_data.segment s WHERE s.relation = i.inhrelid) LIMIT 1",
    )
}

/// A BEFORE INSERT row trigger that runs after the extension's, and the event table.
pub fn late_trigger() -> Option<(String, String)> {
    names(concat!(
        "SELECT t.tgname, c.relname FROM pg_event_trigger_ddl_commands() d \
         JOIN pg_trigger t ON t.oid = d.objid JOIN ",
        logs!(),
        " l ON l.relation = t.tgrelid JOIN pg_class c ON c.oid = l.root \
         WHERE d.classid = 'pg_trigger'::regclass AND t.tgname >= '~~append' AND t.tgtype & 7 = 7 \
           AND (t.tgname <> '~~append' OR t.tgfoid <> 'pganalytics.on_event'::regproc) LIMIT 1"
    ))
}

/// The event tables that the command altered.
pub fn event_tables() -> Vec<Oid> {
    spi::run_kept(
        "SELECT DISTINCT d.objid FROM pg_event_trigger_ddl_commands() d \
         JOIN pganalytics_data.event_table t ON t.relation = d.objid WHERE d.classid = 'pg_class'::regclass",
        vec![],
        Under::Latest,
    )
    .iter()
    .map(|row| row.oid(0))
    .collect()
}

/// The segments of an event table that are not its owner's, or that the owner
/// cannot make indexes on, and the owner as SQL.
pub fn segments_left_behind(event_table: Oid) -> Vec<(Oid, String)> {
    spi::run_kept(
        "SELECT s.relation::oid, quote_ident(pg_get_userbyid(c.relowner)) FROM pganalytics_data.segment s \
         JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         JOIN pg_class c ON c.oid = t.relation JOIN pg_class l ON l.oid = s.relation \
         WHERE t.relation = $1 AND (l.relowner <> c.relowner \
             OR NOT has_schema_privilege(c.relowner, 'pganalytics_data', 'CREATE'))",
        vec![Arg::Oid(event_table)],
        Under::Latest,
    )
    .iter()
    .map(|row| (row.oid(0), row.known(1).into()))
    .collect()
}
