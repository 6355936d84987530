//! The trigger by which a transaction folds what it has appended into inline
//! projections, on every segment that events can still go into.
//!
//! Deferred, it comes before the commit and can still refuse it, as can deferred
//! constraints of the user's that come after it. Enabled always: what replication
//! brings counts too. Its owner can disable or drop it all the same, as any trigger;
//! maintenance puts it back, and the projections then have to be rebuilt.

use super::settings::Log;
use crate::catalog::event_tables::EventTable;
use crate::catalog::names::sql_name;
use crate::catalog::{inline, lives};
use crate::pg::Oid;
use crate::pg::index::Relation;
use crate::pg::own;
use crate::pg::security::{ActingAs, ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Under};
use crate::pg::trigger::Call;
use crate::projection;
use pganalytics_core::error::Error;

/// Its name.
const TRIGGER: &str = "~~fold";

/// For each row appended, at the end of the transaction or when its constraints are set
/// immediate. The first has all folded that are there, the others find that it was.
pub fn on_appended(call: &Call) -> Result<(), Error> {
    let log = Log::of_segment(call.relation())?;
    let position = call.value(log.columns.position);
    if position.is_some_and(|position| position.value() as i64 <= own::folded(log.root)) {
        return Ok(());
    }
    projection::fold_own(log.root)
}

/// Waits for those who write to an event table, keeps others from it until the
/// transaction ends, and has their appends folded from then on. The caller has locked
/// the event table's entry, so no segment comes meanwhile.
pub fn keep_writers_out(table: &EventTable) {
    let open = lives::open(table.id);
    let _owner = ActingAs::new(table.owner);
    let _settings = Settings::pin(ONLY_BUILT_IN);
    for segment in open {
        let name = sql_name(segment);
        spi::execute(&format!(
            "LOCK TABLE ONLY {name} IN SHARE ROW EXCLUSIVE MODE"
        ));
        create_trigger(segment);
    }
}

/// Gives it to a segment, as its owner.
pub fn create_trigger(segment: Oid) {
    let name = sql_name(segment);
    match trigger(segment).as_deref() {
        Some("A") => return,
        Some(_) => {}
        None => spi::execute(&format!(
            "CREATE CONSTRAINT TRIGGER \"{TRIGGER}\" AFTER INSERT ON {name} DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION pganalytics.on_appended()"
        )),
    }
    spi::execute(&format!(
        "ALTER TABLE {name} ENABLE ALWAYS TRIGGER \"{TRIGGER}\""
    ));
}

/// How it is enabled on a segment.
fn trigger(segment: Oid) -> Option<String> {
    let rows = spi::run(
        "SELECT tgenabled FROM pg_catalog.pg_trigger \
         WHERE tgrelid OPERATOR(pg_catalog.=) $1 AND tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
           AND tgfoid OPERATOR(pg_catalog.=) 'pganalytics.on_appended()'::pg_catalog.regprocedure",
        vec![Arg::Oid(segment), Arg::Text(TRIGGER)],
        Under::Fresh,
    );
    rows.first().map(|row| row.known(0).into())
}

/// Puts it where it is missing, or takes it away if it is needed no more. Whether appends
/// may not have been folded.
pub fn mend(table: &EventTable) -> bool {
    // Who waits for a lock on a table keeps those waiting who come after.
    let _settings = Settings::pin([("lock_timeout", "100ms")]);
    let is_needed = inline::has_any(table.root);
    let mut was_off = false;
    for segment in if is_needed {
        lives::open(table.id)
    } else {
        inline::segments_with_trigger(table.id, TRIGGER)
    } {
        let now = trigger(segment);
        if is_needed && now.as_deref() == Some("A") {
            continue;
        }
        // Keeps its name meanwhile.
        drop(Relation::open_if_there(segment));
        let _owner = ActingAs::new(table.owner);
        let _settings = Settings::pin(ONLY_BUILT_IN);
        if is_needed {
            // Enabled, but not always (O): as after ENABLE TRIGGER ALL.
            was_off |= now.as_deref() != Some("O");
            create_trigger(segment);
        } else {
            let name = sql_name(segment);
            spi::execute(&format!("DROP TRIGGER \"{TRIGGER}\" ON {name}"));
        }
    }
    was_off
}
