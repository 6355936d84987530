//! Mending what commands meant for ordinary tables leave behind.
//!
//! `ENABLE TRIGGER ALL`, with which `pg_restore --disable-triggers` ends, turns
//! ALWAYS into ORIGIN. `ALTER TABLE … OWNER` skips partitions, and DROP OWNED BY
//! the old owner would then drop events.

use super::attach::{self, TRIGGER};
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::names::sql_name;
use crate::catalog::segments;
use crate::pg::Oid;
use crate::pg::index::Relation;
use crate::pg::security::{ActingAs, SUPERUSER, Settings, role_sql};
use crate::pg::spi::{self, Arg, Under};
use pgrx::prelude::*;

/// Puts owners and triggers of an event table's segments right, and says so in the
/// server log.
pub fn mend(event_table: i32) {
    let Some(table) = event_tables::lock(event_table) else {
        return;
    };
    let Some(root) = Relation::open_if_there(table.root) else {
        return;
    };
    drop(root);
    let damaged = damaged(&table);
    if damaged.iter().any(|damage| damage.owner) {
        attach::grant_schema(table.owner);
    }
    for damage in damaged {
        let segment = sql_name(damage.segment);
        if damage.owner {
            hand_over(&segment, table.owner);
            log!(
                "segment {segment} of event table \"{}\" was given to its owner",
                table.name
            );
        }
        if damage.triggers {
            let _owner = ActingAs::new(table.owner);
            attach::create_triggers(&segment);
            log!(
                "the triggers of segment {segment} of event table \"{}\" were enabled again",
                table.name
            );
        }
    }
}

struct Damage {
    segment: Oid,
    owner: bool,
    triggers: bool,
}

fn damaged(table: &EventTable) -> Vec<Damage> {
    let segments = segments::attached(table.root);
    let list: Vec<_> = segments
        .all()
        .map(|segment| segment.relation.to_u32().to_string())
        .collect();
    spi::run(
        &format!(
            "SELECT * FROM (SELECT c.oid, c.relowner OPERATOR(pg_catalog.<>) $2 AS owner, \
                 (SELECT pg_catalog.count(*) FROM pg_catalog.pg_trigger t \
                  WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND t.tgenabled OPERATOR(pg_catalog.=) 'A' \
                    AND t.tgname IN ('{TRIGGER}', '{TRIGGER}_truncate')) OPERATOR(pg_catalog.<>) 2 AS triggers \
             FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])) AS s \
             WHERE owner OR triggers"
        ),
        vec![
            Arg::Text(&format!("{{{}}}", list.join(","))),
            Arg::Oid(table.owner),
        ],
        Under::Fresh,
    )
    .iter()
    .map(|row| Damage {
        segment: row.oid(0),
        owner: row.known(1) == "t",
        triggers: row.known(2) == "t",
    })
    .collect()
}

/// The old owner cannot give it away, and the platform need not be able to.
pub fn hand_over(segment: &str, owner: Oid) {
    let _superuser = ActingAs::new(SUPERUSER);
    let _settings = Settings::pin([("search_path", "pg_catalog, pg_temp")]);
    spi::execute(&format!(
        "ALTER TABLE {segment} OWNER TO {}",
        role_sql(owner)
    ));
}
