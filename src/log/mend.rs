//! Mending what commands meant for ordinary tables leave behind.
//!
//! `ENABLE TRIGGER ALL`, with which `pg_restore --disable-triggers` ends, turns
//! ALWAYS into ORIGIN. `ALTER TABLE … OWNER` skips partitions, and DROP OWNED BY
//! the old owner would then drop events. REASSIGN OWNED tells no event trigger.
//! `ALTER SEQUENCE … CACHE` lets sessions draw positions ahead, which then contradict
//! versions.

use super::attach::{self, TRIGGER};
use super::inline;
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::catalog::{lives, segments};
use crate::pg::Oid;
use crate::pg::index::Relation;
use crate::pg::security::{ActingAs, ONLY_BUILT_IN, SUPERUSER, Settings, role_sql};
use crate::pg::spi::{self, Arg, Under};
use crate::projection::begin_rebuild;
use pgrx::prelude::*;

/// Puts owners and triggers of an event table's segments right, and says so in the
/// server log.
pub fn mend(event_table: i32) {
    let Some(table) = event_tables::lock(event_table) else {
        return;
    };
    for number in lives::forget_dropped(table.id) {
        log!(
            "segment {number} of event table \"{}\" has been dropped by its owner",
            table.name
        );
    }
    mend_sequence(&table);
    mend_inline(&table);
    // Also where nothing is wrong with the segments: REASSIGN OWNED has given them away.
    attach::grant_schema(table.owner);
    for damage in damaged(&table) {
        // Keeps its name meanwhile.
        drop(Relation::open_if_there(damage.segment));
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

fn mend_sequence(table: &EventTable) {
    let sequence = spi::run(
        "SELECT s.seqrelid FROM pg_catalog.pg_sequence s \
         WHERE s.seqrelid OPERATOR(pg_catalog.=) $1 \
           AND (s.seqcache OPERATOR(pg_catalog.<>) 1 OR s.seqincrement OPERATOR(pg_catalog.<>) 1 OR s.seqcycle)",
        vec![Arg::Oid(table.position_sequence)],
        Under::Fresh,
    );
    if !sequence.is_empty() {
        let _owner = ActingAs::new(table.owner);
        let name = sql_name(table.position_sequence);
        spi::execute(&format!(
            "ALTER SEQUENCE {name} INCREMENT 1 CACHE 1 NO CYCLE"
        ));
        log!(
            "the position sequence of event table \"{}\" was reset to CACHE 1",
            table.name
        );
    }
}

/// What an inline projection has missed while its trigger was off is folded nowhere: it
/// is built anew.
fn mend_inline(table: &EventTable) {
    if !inline::mend(table) {
        return;
    }
    log!(
        "a trigger of event table \"{}\" that inline projections are folded by was off; they are built anew",
        table.name
    );
    for projection in Projection::inline_of(table.root) {
        if projection.lock()
            && let Err(error) = begin_rebuild(&projection, None)
        {
            log!(
                "projection \"{}\" has to be rebuilt: {error}",
                projection.name
            );
        }
    }
}

struct Damage {
    segment: Oid,
    owner: bool,
    triggers: bool,
}

/// What is wrong with its partitions. One that has been detached may be somebody
/// else's by now.
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
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) c.oid \
             WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[]) \
               AND i.inhparent OPERATOR(pg_catalog.=) $3) AS s \
             WHERE owner OR triggers"
        ),
        vec![
            Arg::Text(&format!("{{{}}}", list.join(","))),
            Arg::Oid(table.owner),
            Arg::Oid(table.root),
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
    let _settings = Settings::pin(ONLY_BUILT_IN);
    spi::execute(&format!(
        "ALTER TABLE {segment} OWNER TO {}",
        role_sql(owner)
    ));
}
