//! Matching, in time that grows with rows × events and no faster.
//!
//! From the last row to the first, each row learns which events of the pattern it can be
//! such that the rest of the pattern follows: a bit for each event. A match is then found
//! from front to back without ever turning round.

use super::span::{ANY, Span, elapsed};
use super::{Event, Follows, Pattern};
use crate::interrupt::Work;
use crate::timeline::Moment;

impl Pattern {
    /// Whether there is a match. The rows are in order.
    #[must_use]
    pub fn is_match(&self, rows: &[Moment]) -> bool {
        is_match(&self.events, rows)
    }

    /// How many matches there are, none of which begins before the one before it has ended.
    #[must_use]
    pub fn count(&self, rows: &[Moment]) -> usize {
        let able = able(&self.events, rows);
        let (mut count, mut begin, mut work) = (0, 0, Work::default());
        while let Some(end) = walk(&self.events, rows, &able, begin, &mut work, |_, _| {}) {
            count += 1;
            begin = end + 1;
        }
        count
    }

    /// The times of the first match, one for each `(?N)`. Without a match: of the first
    /// match of as many events from the beginning of the pattern as have one, up to a `(?N)`.
    #[must_use]
    pub fn events(&self, rows: &[Moment]) -> Vec<i64> {
        let mut events = &self.events[..];
        if !is_match(events, rows) {
            // What begins a beginning that matches, matches.
            let lengths: Vec<usize> = (1..events.len()).collect();
            let matching = lengths.partition_point(|length| is_match(&events[..*length], rows));
            let is_named = |event: &Event| event.condition.is_some();
            let end = events[..matching].iter().rposition(is_named);
            events = &events[..end.map_or(0, |last| last + 1)];
        }
        let mut times = vec![];
        let able = able(events, rows);
        walk(
            events,
            rows,
            &able,
            0,
            &mut Work::default(),
            |event, row| {
                if event.condition.is_some() {
                    times.push(row.at);
                }
            },
        );
        times
    }
}

fn is_match(events: &[Event], rows: &[Moment]) -> bool {
    able(events, rows).iter().any(|able| able & 1 == 1)
}

/// Which events each row can be, so that the rest follows it.
fn able(events: &[Event], rows: &[Moment]) -> Vec<u64> {
    let mut able = vec![0; rows.len()];
    if events.is_empty() {
        return able;
    }
    let named = Named::of(events);
    let (mut next, mut later, mut timed) = (0, 0, vec![]);
    for (event, after) in events[1..].iter().enumerate() {
        match &after.follows {
            Follows::Next => next |= 1 << event,
            Follows::Later(spans) if spans.0 == [ANY] => later |= 1 << event,
            Follows::Later(spans) => {
                timed.extend(
                    spans
                        .0
                        .iter()
                        .map(|span| Timed::new(event, *span, rows.len())),
                );
            }
        }
    }
    let last = 1 << (events.len() - 1);
    // The events that the row after can be, and those that any row after can be.
    let (mut after, mut any_after, mut work) = (0, 0, Work::default());
    for row in (0..rows.len()).rev() {
        work.done(1 + timed.len());
        let mut is = last | after >> 1 & next | any_after >> 1 & later;
        for timed in &mut timed {
            if timed.follows(row, rows, &able) {
                is |= 1 << timed.event;
            }
        }
        after = is & named.that(rows[row]);
        any_after |= after;
        able[row] = after;
    }
    able
}

/// Which events name which condition.
struct Named {
    any: u64,
    by_condition: [u64; 64],
}

impl Named {
    fn of(events: &[Event]) -> Self {
        let mut named = Self {
            any: 0,
            by_condition: [0; 64],
        };
        for (place, event) in events.iter().enumerate() {
            match event.condition {
                Some(condition) => named.by_condition[usize::from(condition)] |= 1 << place,
                None => named.any |= 1 << place,
            }
        }
        named
    }

    /// The events that a row can be, by itself.
    fn that(&self, row: Moment) -> u64 {
        let mut events = self.any;
        let mut held = row.held;
        while held != 0 {
            events |= self.by_condition[held.trailing_zeros() as usize];
            held &= held - 1;
        }
        events
    }
}

/// An event and when the next one may follow it. As rows are asked from the last to the
/// first, the first row that is late enough only ever moves forward, too.
struct Timed {
    event: usize,
    span: Span,
    /// The first row that is not too early for the row asked last.
    late_enough: usize,
    /// The first of these that can be the next event.
    candidate: usize,
}

impl Timed {
    const fn new(event: usize, span: Span, rows: usize) -> Self {
        Self {
            event,
            span,
            late_enough: rows,
            candidate: rows,
        }
    }

    /// Whether a row that can be the next event follows `row` in time.
    fn follows(&mut self, row: usize, rows: &[Moment], able: &[u64]) -> bool {
        let since = |other: usize| elapsed(rows[row].at, rows[other].at);
        while self.late_enough > row + 1 && since(self.late_enough - 1) >= self.span.least {
            self.late_enough -= 1;
            if able[self.late_enough] >> (self.event + 1) & 1 == 1 {
                self.candidate = self.late_enough;
            }
        }
        self.candidate < rows.len() && since(self.candidate) <= self.span.most
    }
}

/// Goes through the first match from row `begin` on, and gives its last row.
fn walk(
    events: &[Event],
    rows: &[Moment],
    able: &[u64],
    begin: usize,
    work: &mut Work,
    mut visit: impl FnMut(&Event, Moment),
) -> Option<usize> {
    let (first, others) = events.split_first()?;
    let mut row = (begin..rows.len()).find(|row| {
        work.done(1);
        able[*row] & 1 == 1
    })?;
    visit(first, rows[row]);
    for (place, event) in others.iter().enumerate() {
        row = match &event.follows {
            Follows::Next => row + 1,
            Follows::Later(spans) => (row + 1..rows.len()).find(|later| {
                work.done(1);
                able[*later] >> (place + 1) & 1 == 1
                    && spans.contain(elapsed(rows[row].at, rows[*later].at))
            })?,
        };
        visit(event, rows[row]);
    }
    Some(row)
}
