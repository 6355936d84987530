//! What the owner of a projection may do with the relations and aggregates that belong
//! to it, which are the extension's. ALTER VIEW … OWNER changes the view only.

use crate::pg::Oid;
use crate::pg::security::{Platform, role_sql};
use crate::pg::spi::{self, Arg, Row, Under};
use std::collections::BTreeSet;

/// The parts of projections on which an owner has not all the rights of an owner: kind,
/// name, rights, owner, who has rights instead, and the projection.
macro_rules! left_behind {
    ($condition:literal) => {
        concat!(
            "WITH part AS ( \
                 SELECT g.projection, 'TABLE' AS kind, g.state::oid AS oid, \
                     'SELECT, INSERT, UPDATE, DELETE' || CASE WHEN k.is_inline THEN ', TRIGGER' ELSE '' END AS rights \
                 FROM pganalytics_data.generation g JOIN pganalytics_data.checkpoint k ON k.generation = g.id \
                 UNION ALL SELECT p.id, 'TABLE', to_regclass('pganalytics_data.access_' || p.id)::oid, 'SELECT' \
                 FROM pganalytics_data.projection p \
                 UNION ALL SELECT g.projection, 'TABLE', c.oid, 'SELECT, INSERT' \
                 FROM pg_class c JOIN pganalytics_data.generation g \
                   ON g.id::text = substring(c.relname FROM '^seen_([0-9]+)_[0-9]+$') \
                 WHERE c.relnamespace = 'pganalytics_data'::regnamespace AND c.relkind = 'r' \
                 UNION ALL SELECT g.projection, 'ROUTINE', f.oid, 'EXECUTE' \
                 FROM pg_proc f JOIN pganalytics_data.generation g \
                   ON g.id::text = substring(f.proname FROM '^partial_([0-9]+)_[0-9]+$') \
                 WHERE f.pronamespace = 'pganalytics_data'::regnamespace AND f.prokind = 'a'), \
             own AS ( \
                 SELECT part.*, c.oid::regclass::text AS name, \
                     coalesce(c.relacl, acldefault('r', c.relowner)) AS acl FROM part \
                 JOIN pg_class c ON part.kind = 'TABLE' AND c.oid = part.oid \
                 JOIN pg_namespace n ON n.nspname = 'pganalytics_data' AND n.nspowner = c.relowner \
                 UNION ALL SELECT part.*, f.oid::regprocedure::text, \
                     coalesce(f.proacl, acldefault('f', f.proowner)) FROM part \
                 JOIN pg_proc f ON part.kind = 'ROUTINE' AND f.oid = part.oid \
                 JOIN pg_namespace n ON n.nspname = 'pganalytics_data' AND n.nspowner = f.proowner) \
             SELECT own.kind, own.name, own.rights, v.relowner, array_to_string(ARRAY( \
                     SELECT DISTINCT a.grantee FROM aclexplode(own.acl) a \
                     WHERE a.grantee NOT IN (0, v.relowner, n.nspowner)), ','), p.id \
             FROM own JOIN pganalytics_data.projection p ON p.id = own.projection \
             JOIN pg_class v ON v.oid = p.relation \
             JOIN pg_namespace n ON n.nspname = 'pganalytics_data' \
             WHERE ",
            $condition,
            " AND EXISTS (SELECT FROM unnest(string_to_array(own.rights, ', ')) AS wanted WHERE wanted NOT IN ( \
                 SELECT a.privilege_type FROM aclexplode(own.acl) a WHERE a.grantee = v.relowner))"
        )
    };
}

/// Gives the owner of a projection his rights on all that belongs to it, in place of those
/// who have them. Whether he had not; nothing is done if somebody is changing what it is.
pub fn hand_over(projection: i32) -> bool {
    let _platform = Platform::act();
    let locked = spi::run(
        "SELECT id FROM pganalytics_data.projection WHERE id = $1 FOR UPDATE SKIP LOCKED",
        vec![Arg::Int(projection)],
        Under::Fresh,
    );
    if locked.is_empty() {
        return false;
    }
    let left = spi::run(
        left_behind!("p.id = $1"),
        vec![Arg::Int(projection)],
        Under::Latest,
    );
    for part in &left {
        give(part);
    }
    !left.is_empty()
}

fn give(part: &Row) {
    let object = format!("{} {}", part.known(0), part.known(1));
    for role in part
        .known(4)
        .split(',')
        .filter_map(|role| role.parse().ok())
    {
        let role = role_sql(Oid::from_u32(role));
        spi::execute(&format!("REVOKE ALL ON {object} FROM {role}"));
    }
    let owner = role_sql(part.oid(3));
    spi::execute(&format!("GRANT {} ON {object} TO {owner}", part.known(2)));
}

/// The projections among some relations, given as numbers.
pub fn among(relations: &[String]) -> Vec<i32> {
    if relations.is_empty() {
        return vec![];
    }
    let _platform = Platform::act();
    spi::run_kept(
        "SELECT id FROM pganalytics_data.projection WHERE relation = ANY ($1::oid[]) ORDER BY id",
        vec![Arg::Texts(relations.to_vec())],
        Under::Latest,
    )
    .iter()
    .map(|row| row.number(0))
    .collect()
}

/// The projections of an event table on which their owners have not all rights.
pub fn without_rights(event_table: i32) -> Vec<i32> {
    let _platform = Platform::act();
    let rows = spi::run(
        left_behind!(
            "p.id IN (SELECT g.projection FROM pganalytics_data.generation g \
             JOIN pganalytics_data.event_table t ON t.relation = g.event_table WHERE t.id = $1)"
        ),
        vec![Arg::Int(event_table)],
        Under::Latest,
    );
    let all: BTreeSet<_> = rows.iter().map(|row| row.number(5)).collect();
    all.into_iter().collect()
}
