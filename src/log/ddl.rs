//! What a user's DDL may not do to an event table, and what has to be done after it.
//! Event triggers call this when a command begins, has dropped something, and ends.

use super::{attach, mend, settings};
use crate::catalog::{ddl, incarnation, names};
use crate::pg::ddl::Event;
use crate::pg::lock;
use crate::pg::security::{Platform, is_restricted};
use crate::projection::{follow_owners, sweep_dropped};
use pganalytics_core::error::Error;

/// Refuses what would break the log, and hands over to a new owner what goes with an event
/// table or projection, and sweeps up what is left of a projection that is dropped.
pub fn on_ddl(event: Event) -> Result<(), Error> {
    // The extension's own commands.
    if matches!(event, Event::Begins) || is_restricted() {
        return Ok(());
    }
    // A concurrent DROP EXTENSION must not make a command fail. And a restore makes
    // things in an order of its own. (Before the first event table there is nothing
    // to keep.)
    if !lock::pin_extension() || incarnation::is_incomplete() {
        return Ok(());
    }
    let _platform = Platform::act();
    let taken = |action, table| Err(Error::SegmentTaken { action, table });
    match event {
        Event::Begins => Ok(()),
        // At the end is too late: DETACH CONCURRENTLY commits half-way.
        Event::Detaches(from) => {
            ddl::event_table(from).map_or(Ok(()), |table| taken("detached", table))
        }
        Event::Drops => {
            if let Some(table) = ddl::dropped_segment() {
                return taken("dropped", table);
            }
            if let Some((column, table)) =
                ddl::dropped_column(&settings::NEEDED.map(|(name, _)| name))
            {
                return Err(Error::ColumnTaken { table, column });
            }
            sweep_dropped();
            Ok(())
        }
        Event::Ends => on_end(),
    }
}

fn on_end() -> Result<(), Error> {
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
    follow_owners(&touched.relations);
    Ok(())
}
