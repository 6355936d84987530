//! What a user's DDL may not do to an event table, and what has to be done after it.
//! An event trigger calls this at the end of each command.

use super::{attach, mend};
use crate::catalog::{ddl, incarnation, names};
use crate::pg::security::{Platform, is_restricted};
use pganalytics_core::error::Error;

/// Refuses what would break the log, and hands segments over to a new owner.
pub fn on_ddl() -> Result<(), Error> {
    // The extension's own commands; and a restore, which makes things in an order
    // of its own. (Before the first event table there is nothing to keep.)
    if is_restricted() || incarnation::epoch().is_err() {
        return Ok(());
    }
    let _platform = Platform::act();
    let touched = ddl::touched();
    if let Some((constraint, table)) = ddl::foreign_key(&touched) {
        return Err(Error::ForeignKey { constraint, table });
    }
    if let Some((partition, table)) = ddl::foreign_partition(&touched) {
        return Err(Error::ForeignPartition { partition, table });
    }
    if let Some((trigger, table)) = ddl::late_trigger(&touched) {
        return Err(Error::LateTrigger { trigger, table });
    }
    // ALTER TABLE … OWNER changes the event table only, and DROP OWNED BY the old
    // owner would drop events.
    for (segment, owner) in ddl::segments_left_behind(&touched) {
        attach::grant_schema(owner);
        mend::hand_over(&names::sql_name(segment), owner);
    }
    Ok(())
}
