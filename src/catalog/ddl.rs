//! What a DDL command did to event tables and their segments.

use crate::pg::Oid;
use crate::pg::spi::{self, Arg, Under};

/// The relations and triggers that a command made or changed, as numbers.
pub struct Touched {
    pub relations: Vec<String>,
    pub triggers: Vec<String>,
}

/// Of the running command. Only an event trigger can ask, at the end of it.
/// Temporary tables, which are made often, have nothing to do with event tables.
pub fn touched() -> Touched {
    let mut touched = Touched {
        relations: vec![],
        triggers: vec![],
    };
    for row in spi::run_kept(
        "SELECT DISTINCT classid = 'pg_class'::regclass, objid FROM pg_event_trigger_ddl_commands() \
         WHERE classid IN ('pg_class'::regclass, 'pg_trigger'::regclass) AND schema_name IS DISTINCT FROM 'pg_temp'",
        vec![],
        Under::Latest,
    ) {
        let object = row.known(1).to_owned();
        match row.known(0) {
            "t" => touched.relations.push(object),
            _ => touched.triggers.push(object),
        }
    }
    touched
}

/// Event tables and segments by relation, with their event table.
macro_rules! logs {
    () => {
        "(SELECT relation::oid, relation::oid AS root FROM pganalytics_data.event_table \
          UNION ALL SELECT s.relation, t.relation FROM pganalytics_data.segment s \
          JOIN pganalytics_data.event_table t ON t.id = s.event_table)"
    };
}

/// The first answer, as two names.
fn names(sql: &'static str, of: &[String]) -> Option<(String, String)> {
    if of.is_empty() {
        return None;
    }
    spi::run_kept(sql, vec![Arg::Texts(of.to_vec())], Under::Latest)
        .first()
        .map(|row| (row.known(0).into(), row.known(1).into()))
}

/// A foreign key to an event table or segment, and the event table.
pub fn foreign_key(touched: &Touched) -> Option<(String, String)> {
    names(
        concat!(
            "SELECT k.conname, c.relname FROM pg_constraint k JOIN ",
            logs!(),
            " l ON l.relation = k.confrelid JOIN pg_class c ON c.oid = l.root \
             WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'f' ORDER BY k.oid LIMIT 1"
        ),
        &touched.relations,
    )
}

/// A partition of an event table that is no segment, and the event table.
pub fn foreign_partition(touched: &Touched) -> Option<(String, String)> {
    names(
        "SELECT p.relname, c.relname FROM unnest($1::oid[]) AS relation \
         JOIN pg_inherits i ON relation IN (i.inhparent, i.inhrelid) \
         JOIN pganalytics_data.event_table t ON t.relation = i.inhparent \
         JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_class c ON c.oid = i.inhparent \
         WHERE NOT EXISTS (SELECT FROM pganalytics_data.segment s WHERE s.relation = i.inhrelid) LIMIT 1",
        &touched.relations,
    )
}

/// A BEFORE INSERT row trigger that runs after the extension's, and the event table.
pub fn late_trigger(touched: &Touched) -> Option<(String, String)> {
    names(
        concat!(
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN ",
            logs!(),
            " l ON l.relation = t.tgrelid JOIN pg_class c ON c.oid = l.root \
             WHERE t.oid = ANY ($1::oid[]) AND t.tgname >= '~~append' AND t.tgtype & 7 = 7 \
               AND (t.tgname <> '~~append' OR t.tgfoid <> 'pganalytics.on_event'::regproc) LIMIT 1"
        ),
        &touched.triggers,
    )
}

/// The segments of the event tables touched that are not their owner's, or that
/// the owner cannot make indexes on, each with the owner.
pub fn segments_left_behind(touched: &Touched) -> Vec<(Oid, Oid)> {
    if touched.relations.is_empty() {
        return vec![];
    }
    spi::run_kept(
        "SELECT s.relation::oid, c.relowner FROM pganalytics_data.segment s \
         JOIN pganalytics_data.event_table t ON t.id = s.event_table \
         JOIN pg_class c ON c.oid = t.relation JOIN pg_class l ON l.oid = s.relation \
         WHERE t.relation = ANY ($1::oid[]) AND (l.relowner <> c.relowner \
             OR NOT has_schema_privilege(c.relowner, 'pganalytics_data', 'CREATE'))",
        vec![Arg::Texts(touched.relations.clone())],
        Under::Latest,
    )
    .iter()
    .map(|row| (row.oid(0), row.oid(1)))
    .collect()
}

/// The name of a relation if it is an event table.
pub fn event_table(relation: Oid) -> Option<String> {
    spi::run_kept(
        "SELECT c.relname FROM pganalytics_data.event_table t JOIN pg_class c ON c.oid = t.relation \
         WHERE t.relation = $1",
        vec![Arg::Oid(relation)],
        Under::Latest,
    )
    .first()
    .map(|row| row.known(0).into())
}

/// The projections whose view the running command has dropped, by number.
pub fn dropped_projections() -> Vec<i32> {
    spi::run_kept(
        "SELECT p.id FROM pg_event_trigger_dropped_objects() d \
         JOIN pganalytics_data.projection p ON p.relation = d.objid \
         WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 ORDER BY p.id",
        vec![],
        Under::Latest,
    )
    .iter()
    .map(|row| row.number(0))
    .collect()
}

/// The projections of which it has dropped a replacement that is being built, with what
/// that alone reads, and its generation.
pub fn dropped_successors() -> Vec<(i32, i32)> {
    spi::run_kept(
        "SELECT g.projection, g.id FROM pg_event_trigger_dropped_objects() d \
         JOIN pganalytics_data.generation g ON g.definition = d.objid \
         JOIN pganalytics_data.projection p ON p.successor = g.id \
         WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0 ORDER BY g.id",
        vec![],
        Under::Latest,
    )
    .iter()
    .map(|row| (row.number(0), row.number(1)))
    .collect()
}

/// One of these columns that the running command dropped from an event table that stays,
/// and the event table.
pub fn dropped_column(needed: &[&str]) -> Option<(String, String)> {
    let needed: Vec<_> = needed.iter().map(|name| (*name).to_owned()).collect();
    names(
        "SELECT d.address_names[3], c.relname FROM pg_event_trigger_dropped_objects() d \
         JOIN pganalytics_data.event_table t ON t.relation = d.objid JOIN pg_class c ON c.oid = t.relation \
         WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0 AND d.address_names[3] = ANY ($1) LIMIT 1",
        &needed,
    )
}

/// The event table that the running command dropped a segment of, together with its
/// guard, and not itself. (`pg_restore --clean` drops the guards first.) Segments
/// are looked for first: of other tables thousands of partitions may go at once.
pub fn dropped_segment() -> Option<String> {
    spi::run_kept(
        "WITH dropped AS MATERIALIZED (SELECT * FROM pg_event_trigger_dropped_objects()), \
         segments AS MATERIALIZED ( \
             SELECT c.relname, ARRAY[d.schema_name, d.object_name, '~~append'] AS guard FROM dropped d \
             JOIN pganalytics_data.segment s ON s.relation = d.objid \
             JOIN pganalytics_data.event_table t ON t.id = s.event_table \
             JOIN pg_class c ON c.oid = t.relation \
             WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0) \
         SELECT s.relname FROM segments s JOIN dropped guard ON guard.address_names = s.guard \
         WHERE guard.classid = 'pg_trigger'::regclass LIMIT 1",
        vec![],
        Under::Latest,
    )
    .first()
    .map(|row| row.known(0).into())
}
