//! Making a segment and attaching it to its event table.
//!
//! It is made as a table of its own and then attached, which blocks neither
//! readers nor writers of the event table. All of it is done as the owner of the
//! event table: an index or a constraint of theirs may call their functions.

use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::inline;
use crate::catalog::names::{self, sql_name};
use crate::pg::Oid;
use crate::pg::security::{ActingAs, ONLY_BUILT_IN, Platform, Settings, role_sql};
use crate::pg::spi::{self, Arg};
use pganalytics_core::sql::ident;

/// The trigger that runs after every other BEFORE trigger: they run by name.
pub const TRIGGER: &str = "~~append";

/// Makes and attaches the segment with this number. Its triggers are its own and
/// not the event table's: a restore makes a root's triggers before it loads rows.
pub fn segment(table: &EventTable, number: i32) -> Oid {
    let name = names::unused(&format!("segment_{}_{number}", table.id));
    let index = names::unused(&format!("{name}_version"));
    let segment = format!("pganalytics_data.{name}");
    let root = sql_name(table.root);
    let tablespace = tablespace(table.root);
    grant_schema(table.owner);
    let _owner = ActingAs::new(table.owner);
    let _settings = Settings::pin(ONLY_BUILT_IN);
    for statement in [
        format!(
            "CREATE TABLE {segment} (LIKE {root} INCLUDING DEFAULTS INCLUDING GENERATED \
                 INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION){tablespace}"
        ),
        format!("CREATE UNIQUE INDEX {index} ON {segment} (aggregate_id, version)"),
        format!("ALTER TABLE {root} ATTACH PARTITION {segment} FOR VALUES IN ({number})"),
    ] {
        spi::execute(&statement);
    }
    create_triggers(&segment);
    let relation = names::find(&segment).unwrap_or(Oid::INVALID);
    if inline::has_any(table.root) {
        super::inline::create_trigger(relation);
    }
    relation
}

/// An index of the owner's on the event table has a part in this schema. Granted
/// once: a GRANT that changes nothing still writes, and two at a time do not agree.
pub fn grant_schema(owner: Oid) {
    let _platform = Platform::act();
    let may_create = || {
        let sql = "SELECT has_schema_privilege($1, 'pganalytics_data', 'CREATE')";
        spi::latest(sql, vec![Arg::Oid(owner)]).is_some_and(|row| row.known(0) == "t")
    };
    if may_create() {
        return;
    }
    event_tables::one_at_a_time();
    if !may_create() {
        let owner = role_sql(owner);
        spi::execute(&format!(
            "GRANT CREATE ON SCHEMA pganalytics_data TO {owner}"
        ));
    }
}

/// Gives a segment the triggers that append and refuse, as its owner.
pub fn create_triggers(segment: &str) {
    for statement in [
        format!(
            "CREATE OR REPLACE TRIGGER \"{TRIGGER}\" BEFORE INSERT OR UPDATE OR DELETE ON {segment} \
             FOR EACH ROW EXECUTE FUNCTION pganalytics.on_event()"
        ),
        format!(
            "CREATE OR REPLACE TRIGGER \"{TRIGGER}_truncate\" BEFORE TRUNCATE ON {segment} \
             FOR EACH STATEMENT EXECUTE FUNCTION pganalytics.on_event()"
        ),
        format!(
            "ALTER TABLE {segment} ENABLE ALWAYS TRIGGER \"{TRIGGER}\", \
             ENABLE ALWAYS TRIGGER \"{TRIGGER}_truncate\""
        ),
    ] {
        spi::execute(&statement);
    }
}

/// The event table's, which a table made LIKE it does not take on.
fn tablespace(root: Oid) -> String {
    let row = spi::latest(
        "SELECT s.spcname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_tablespace s \
         ON s.oid OPERATOR(pg_catalog.=) c.reltablespace WHERE c.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(root)],
    );
    row.map_or_else(String::new, |row| {
        format!(" TABLESPACE {}", ident(row.known(0)))
    })
}
