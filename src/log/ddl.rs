//! What a user's DDL may not do to an event table, and what has to be done after it.
//! An event trigger calls this at the end of each command.

use super::owner;
use crate::catalog::ddl;
use crate::pg::security::{Platform, is_restricted};
use pganalytics_core::error::Error;

/// Refuses what would break the log, and hands segments over to a new owner.
pub fn on_ddl() -> Result<(), Error> {
    // The extension's own commands.
    if is_restricted() {
        return Ok(());
    }
    let _platform = Platform::act();
    if let Some((constraint, table)) = ddl::foreign_key() {
        return Err(Error::ForeignKey { constraint, table });
    }
    if let Some((partition, table)) = ddl::foreign_partition() {
        return Err(Error::ForeignPartition { partition, table });
    }
    if let Some((trigger, table)) = ddl::late_trigger() {
        return Err(Error::LateTrigger { trigger, table });
    }
    ddl::event_tables().into_iter().for_each(owner::reconcile);
    Ok(())
}
