//! What becomes of a batch of events for one aggregate: appended, recognised as
//! one that is in the log already, or refused.
//!
//! With an expected version a batch is one unit, and sending it again has no
//! effect, whatever was appended since. Without one its events are independent.

use crate::error::Error;

/// A `uuid`, as PostgreSQL stores it.
pub type EventId = [u8; 16];

/// The events that one call brings for one aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The aggregate, for messages.
    pub aggregate: &'a str,
    /// The version it must be at; 0: it must not exist; `None`: any.
    pub expected: Option<i64>,
    /// The ids of the events, in order.
    pub ids: &'a [EventId],
}

/// An event that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its id.
    pub event_id: EventId,
    /// Its place in the log.
    pub position: i64,
    /// Its version.
    pub version: i64,
    /// The hash of its content.
    pub content: i64,
    /// Whether the snapshot of a transaction that keeps one sees it.
    pub visible: bool,
}

/// What to do with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Insert the events; duplicates among them show while that is done, and
    /// [`Batch::settle`] has the last word.
    Append,
    /// These are the events, in the same order: only their content is left to
    /// be compared.
    Repeat(Vec<Logged>),
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its id.
    pub event_id: EventId,
    /// Its place in the log.
    pub position: i64,
    /// Its version, if it has one.
    pub version: Option<i64>,
    /// It was in the log before.
    pub deduplicated: bool,
}

impl Batch<'_> {
    /// What to do, with the aggregate's head locked and at version `current`.
    ///
    /// `read(version, count)` gives the events of the aggregate from a version on,
    /// at most so many, none missing between two of them.
    pub fn course(
        &self,
        current: i64,
        read: impl FnOnce(i64, usize) -> Result<Vec<Logged>, Error>,
    ) -> Result<Course, Error> {
        let Some(expected) = self.expected else {
            return Ok(Course::Append);
        };
        if current == expected {
            return Ok(Course::Append);
        }
        let conflict = Error::UnexpectedVersion {
            aggregate: self.aggregate.into(),
            head: current,
            expected,
        };
        if current < expected || self.ids.is_empty() {
            return Err(conflict);
        }
        let logged = read(expected + 1, self.ids.len())?;
        let same = self
            .ids
            .iter()
            .zip(&logged)
            .take_while(|(id, event)| **id == event.event_id)
            .count();
        if let Some(unseen) = logged[..same].iter().find(|event| !event.visible) {
            return Err(Error::ConcurrentAppend {
                event_id: id_text(&unseen.event_id),
            });
        }
        match same {
            0 => Err(conflict),
            all if all == self.ids.len() => Ok(Course::Repeat(logged)),
            some => Err(self.partly(&logged[0].event_id, logged[0].position, &self.ids[some])),
        }
    }

    /// Whether what became of the events, in their order, is what may become of
    /// a batch: with an expected version, all or none of them were there before.
    pub fn settle(&self, outcomes: &[Outcome]) -> Result<(), Error> {
        let known = outcomes.iter().find(|outcome| outcome.deduplicated);
        let new = outcomes.iter().find(|outcome| !outcome.deduplicated);
        match (self.expected, known, new) {
            (Some(_), Some(known), Some(new)) => {
                Err(self.partly(&known.event_id, known.position, &new.event_id))
            }
            _ => Ok(()),
        }
    }

    fn partly(&self, known: &EventId, position: i64, other: &EventId) -> Error {
        Error::PartlyAppended {
            aggregate: self.aggregate.into(),
            known: id_text(known),
            position,
            other: id_text(other),
        }
    }
}

/// An id as PostgreSQL writes it.
#[must_use]
pub fn id_text(id: &EventId) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

#[cfg(test)]
mod tests;
