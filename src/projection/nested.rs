//! Reads within reads: a function of a definition may read projections, but not its own.
//!
//! That would go as deep as the stack is, and from there, where the events that fail are
//! left out, up again as often as there are events: the worker would never come to an end.

use crate::pg::Oid;
use pganalytics_core::error::Error;
use std::cell::RefCell;

thread_local! {
    /// The states whose tails are being read, the innermost last.
    static BEING_READ: RefCell<Vec<Oid>> = const { RefCell::new(vec![]) };
}

/// While this lives the tail behind a state is being read.
pub(super) struct Reading(());

impl Reading {
    /// Refused within a read of the same.
    pub fn begin(state: Oid) -> Result<Self, Error> {
        BEING_READ.with_borrow_mut(|all| {
            if all.contains(&state) {
                return Err(Error::Unsupported {
                    construct: "a function that reads the projection that calls it".into(),
                    hint: "Read the event table or another projection.",
                });
            }
            all.push(state);
            Ok(Self(()))
        })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        BEING_READ.with_borrow_mut(Vec::pop);
    }
}
