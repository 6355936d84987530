//! Sequences: whether, how often and when the events of one entity followed a pattern.
//!
//! A pattern, in ClickHouse's notation, is a chain of events and what may lie between
//! them. An *event* is `(?N)`, a row on which condition N holds, or `.`, any row. Between
//! two events stands
//!
//! - nothing: the second is the very next row;
//! - `.*`: any number of rows may lie between;
//! - `(?t<=S)`, with `<`, `<=`, `>`, `>=`, `==` or `!=`: any number of rows may lie
//!   between, and the time from the first event to the second is at most S seconds. Of
//!   several, each must hold.
//!
//! Rows are those on which a condition holds, in order of time; rows of the same time in
//! order of their conditions (see [`Moment`]): a row counts by its last condition, so
//! that the answer does not depend on the order in which rows came. No row serves as two
//! events. A match may begin at any row and end at any row: `.*` before the first event
//! and after the last changes nothing.
//!
//! The *first match* is the one whose first row is the earliest; of these the one whose
//! second row is, and so on. The number of matches is what one finds by searching on
//! after the last row of the first match, and so on.
//!
//! The times of infinite rows are infinitely far from all others, and equal to themselves.
//!
//! Source: `sequenceMatch`, `sequenceCount` and `sequenceMatchEvents` of ClickHouse; where
//! it answers otherwise is listed in docs/sequences.md.

mod matcher;
mod parser;
mod span;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::error::UserError;
use crate::timeline::{Moment, Timeline};
use span::Spans;

/// How many events a pattern takes.
pub const MOST_EVENTS: usize = 64;
/// The most ranges of time that its times leave between events, all together: each is looked
/// for at every row.
pub const MOST_SPANS: usize = 256;

/// A pattern that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    /// The number of the condition that must hold, from 0; `None` is any row.
    condition: Option<u8>,
    /// How it follows the event before. Of the first: that does not matter.
    follows: Follows,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Follows {
    /// It is the next row.
    Next,
    /// It is a later row, within these times.
    Later(Spans),
}

/// The rows of a timeline that patterns are matched against.
#[must_use]
pub fn rows(timeline: &Timeline) -> Vec<Moment> {
    let mut rows = timeline.sorted();
    rows.retain(|row| row.held != 0);
    rows
}

/// Why a pattern was not understood.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid pattern: {fault}")]
pub struct PatternError {
    /// What is wrong.
    pub fault: Fault,
    /// The pattern.
    pub pattern: String,
    /// Where, in characters from 1.
    pub position: usize,
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// Something that no part of a pattern begins with.
    #[error("expected (?N), (?t…), . or .*")]
    Part,
    /// After `(?`.
    #[error("expected the number of a condition, or t")]
    Number,
    /// After `(?t`.
    #[error("expected <, <=, >, >=, == or !=")]
    Operator,
    /// After the operator.
    #[error("expected a number of seconds, with at most six decimals")]
    Seconds,
    /// More than there is time.
    #[error("number of seconds is too large")]
    TooLong,
    /// At the end of a part.
    #[error("expected )")]
    Parenthesis,
    /// A condition that was not given.
    #[error("condition {number} is not one of the {given} given")]
    Condition {
        /// Its number.
        number: u64,
        /// How many there are.
        given: usize,
    },
    /// Before the first event or after the last.
    #[error("a time must stand between two events")]
    Time,
    /// No event at all.
    #[error("it has no event")]
    Empty,
    /// More than [`MOST_SPANS`].
    #[error("its times leave more than {MOST_SPANS} ranges")]
    TooManySpans,
    /// More than [`MOST_EVENTS`].
    #[error("it has more than {MOST_EVENTS} events")]
    TooMany,
}

impl UserError for PatternError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn detail(&self) -> Option<String> {
        Some(format!(
            "At position {} of \"{}\".",
            self.position, self.pattern
        ))
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.fault {
            Fault::Condition { given, .. } => {
                return Some(format!("Conditions are (?1) to (?{given})."));
            }
            Fault::Time => {
                "It is the time from the event before it to the event after it: (?1)(?t<=3600)(?2)."
            }
            Fault::TooLong | Fault::Seconds | Fault::Operator => {
                "Times are in seconds: (?t<=3600) is at most an hour, (?t>0.5) more than half a second."
            }
            _ => {
                "A pattern such as (?1).*(?2)(?t<=3600)(?3): condition 1, later 2, and 3 at most an hour after that."
            }
        };
        Some(hint.to_owned())
    }
}
