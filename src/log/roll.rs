//! Rolling and sealing: the steps of [`pganalytics_core::segment`], each in a
//! transaction of its own, done by whoever maintains the event table.
//!
//! What a step does is seen by everybody who locks the event table after it has
//! committed; who held it before is noted by the next one, and waited for.

use super::{attach, bounds, ledgers};
use crate::catalog::event_tables::{self, EventTable};
use crate::catalog::lives::{self, Lives};
use crate::pg::Oid;
use pganalytics_core::error::Error;
use pganalytics_core::segment::{State, Step, steps};

/// What can be done now for an event table, the most urgent first.
pub fn next_steps(event_table: i32) -> Vec<Step> {
    let now = lives::of(event_table);
    steps(&now.segments, now.due)
}

/// Does a step, if it can still be done: somebody else may have been faster, and
/// the event table may be gone. [`Step::Freeze`] only names the segment, for the
/// caller to vacuum outside of a transaction.
pub fn perform(event_table: i32, step: Step) -> Result<Option<Oid>, Error> {
    let Some(table) = event_tables::lock(event_table) else {
        return Ok(None);
    };
    let lives = lives::of(event_table);
    if !steps(&lives.segments, lives.due).contains(&step) {
        return Ok(None);
    }
    if let Step::Attach(number) = step {
        let ledgers = ledgers::of_segment(&table, number);
        let segment = attach::segment(&table, number);
        lives::register(table.id, table.root, number, State::Spare, segment, ledgers);
        return Ok(None);
    }
    change(&table, &lives, step)
}

fn change(table: &EventTable, lives: &Lives, step: Step) -> Result<Option<Oid>, Error> {
    let set = |number, state| {
        if let Some(segment) = lives.relation(number) {
            lives::set_state(table.root, segment, state);
        }
    };
    let for_segment = |number, act: fn(&EventTable, Oid)| {
        if let Some(segment) = lives.relation(number) {
            act(table, segment);
        }
    };
    match step {
        Step::Attach(_) => {}
        Step::Note(number) => note(table, lives, number),
        Step::MoveOn(number) => {
            lives::close_active(table.id);
            set(number, State::Active);
        }
        Step::Shut(number) => set(number, State::Shut),
        Step::Seal(number) => set(number, State::Sealed),
        Step::Measure(number) => for_segment(number, bounds::measure),
        Step::Constrain(number) => for_segment(number, bounds::constrain),
        Step::Bound(number) => {
            for_segment(number, bounds::validate);
            set(number, State::Bounded);
        }
        Step::Freeze(number) => return Ok(lives.relation(number)),
    }
    Ok(None)
}

/// Before a segment is shut its writers may hold the event table alone, after
/// that only the segment.
fn note(table: &EventTable, lives: &Lives, number: i32) {
    let found = lives.segments.iter().find(|s| s.number == number);
    if let (Some(segment), Some(relation)) = (found, lives.relation(number)) {
        let locked = match segment.state {
            State::Shut => relation,
            _ => table.root,
        };
        lives::note_holders(relation, locked);
    }
}

/// Notes that a segment has been vacuumed.
pub fn frozen(event_table: i32, segment: Oid) {
    if let Some(table) = event_tables::lock(event_table) {
        lives::set_state(table.root, segment, State::Frozen);
    }
}

/// Drops what has left the dedup window of an event table.
pub fn expire(event_table: i32) {
    if let Some(table) = event_tables::lock(event_table) {
        ledgers::drop_expired(&table);
    }
}
