//! The states of inline projections: triggers that owners put on them, and the lock
//! that keeps others from folding.

use crate::catalog::names::{exists, sql_name};
use crate::catalog::projections::Projection;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::security::Platform;
use crate::pg::spi;
use pganalytics_core::error::Error;
use pganalytics_core::sql::ident;
use pgrx::prelude::*;

/// Who may put a trigger on a table may not take it off again unless the table is theirs.
#[pg_extern(sql = false)]
fn drop_projection_trigger(name: Text, trigger: Text) {
    let projection = Projection::owned(&name).or_raise();
    let (trigger, state) = (ident(&trigger), sql_name(projection.state));
    let _platform = Platform::act();
    spi::execute(&format!("DROP TRIGGER {trigger} ON {state}"));
}

/// Keeps those who append from folding into a state until the transaction ends.
pub fn lock_state(projection: &Projection) {
    if !exists(projection.state) {
        return;
    }
    let state = sql_name(projection.state);
    let _platform = Platform::act();
    spi::execute(&format!("LOCK TABLE {state} IN ACCESS EXCLUSIVE MODE"));
}

/// Refuses to give a state up, or to have the worker fold it, that somebody has put
/// triggers on. The caller has locked the projection.
pub fn check_state(projection: &Projection) -> Result<(), Error> {
    match projection.trigger_on_state() {
        Some(trigger) if projection.is_inline() => Err(Error::StateTrigger {
            trigger,
            projection: projection.name.clone(),
        }),
        _ => Ok(()),
    }
}
