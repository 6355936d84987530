//! What becomes of each event of an `append`, told by the trigger: the caller may
//! not be allowed to read the table, and a duplicate leaves no row to return.
//!
//! One recorder per backend, on only while `append` inserts. It is put aside
//! while a trigger of the user's appends on its own account, and gone when an
//! error unwinds.

use crate::pg::Oid;
use crate::pg::trigger::depth;
use pganalytics_core::append::{EventId, Logged, Outcome};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// What `append` has decided for an event.
#[derive(Clone, Copy)]
pub enum Mode {
    /// It is inserted as the table's options say.
    Plain,
    /// It is given the version after the head.
    Numbered,
    /// It is in the log, if its content is the same.
    Repeat(Logged),
}

/// An event on its way to the trigger.
pub struct Awaited {
    /// Its index among the events of the call.
    pub element: usize,
    /// Its id, if no trigger of the user's changes it.
    pub event_id: EventId,
    /// What is to be done with it.
    pub mode: Mode,
}

struct Recorder {
    event_table: Oid,
    position_sequence: Oid,
    depth: i32,
    awaited: VecDeque<Awaited>,
    outcomes: Vec<Option<Outcome>>,
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// The recorder switched on, until dropped.
pub struct Recording {
    outer: Option<Recorder>,
}

impl Recording {
    /// Awaits these rows of an event table, in this order.
    pub fn of(event_table: Oid, position_sequence: Oid, awaited: VecDeque<Awaited>) -> Self {
        let outcomes = vec![None; awaited.len()];
        let outer = RECORDER.replace(Some(Recorder {
            event_table,
            position_sequence,
            depth: depth() + 1,
            awaited,
            outcomes,
        }));
        ON.set(true);
        Self { outer }
    }

    /// What became of the events, by index; none of those that a trigger of the
    /// user's kept out.
    pub fn outcomes(self) -> Vec<Option<Outcome>> {
        RECORDER
            .with_borrow_mut(|recorder| recorder.as_mut().map(|r| std::mem::take(&mut r.outcomes)))
            .unwrap_or_default()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        ON.set(self.outer.is_some());
        RECORDER.set(self.outer.take());
    }
}

/// A row that was awaited.
pub struct Row {
    element: usize,
    pub event_table: Oid,
    pub mode: Mode,
}

impl Row {
    /// Tells what became of it.
    pub fn tell(&self, outcome: Outcome) {
        RECORDER.with_borrow_mut(|recorder| {
            if let Some(recorder) = recorder {
                recorder.outcomes[self.element] = Some(outcome);
            }
        });
    }
}

/// The row that the trigger is called for, if `append` awaits it: not a row of
/// another event table, nor one that a trigger of the user's inserts meanwhile.
pub fn claim(position_sequence: Oid, event_id: impl FnOnce() -> EventId) -> Option<Row> {
    if !ON.get() {
        return None;
    }
    RECORDER.with_borrow_mut(|recorder| {
        let recorder = recorder.as_mut().filter(|recorder| {
            recorder.position_sequence == position_sequence && recorder.depth == depth()
        })?;
        let id = event_id();
        // Those before it were kept out by a trigger of the user's; where none has
        // the id, such a trigger has changed it.
        let place = recorder
            .awaited
            .iter()
            .position(|awaited| awaited.event_id == id);
        let row = recorder.awaited.drain(..=place.unwrap_or(0)).next_back()?;
        Some(Row {
            element: row.element,
            event_table: recorder.event_table,
            mode: row.mode,
        })
    })
}
