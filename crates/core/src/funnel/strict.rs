//! The modes that read on from the first row of a chain.
//!
//! Chains that have reached the same level fare alike from then on, but that the one begun
//! last lasts longest: so one start for each level is enough.

use super::matching;
use super::question::{Modes, Question};
use super::reach::Reach;
use crate::interrupt::Work;
use crate::timeline::Moment;
use std::ops::RangeInclusive;

/// The rows of one time.
struct Group<'a> {
    rows: &'a [Moment],
    /// What holds on any of them.
    union: u64,
    /// What holds on more than one of them.
    repeated: u64,
    /// What a matching is made of, if there is more than one row and one is needed.
    candidates: Vec<u64>,
}

impl<'a> Group<'a> {
    fn new(rows: &'a [Moment], modes: Modes) -> Self {
        let (mut union, mut repeated) = (0, 0);
        for row in rows {
            repeated |= union & row.held;
            union |= row.held;
        }
        let is_matched = modes.once && !modes.increase && rows.len() > 1;
        let candidates = if is_matched {
            matching::candidates(rows.iter().map(|row| row.held))
        } else {
            vec![]
        };
        Self {
            rows,
            union,
            repeated,
            candidates,
        }
    }

    /// What becomes of a chain at these rows: the level that it reaches, and whether it
    /// goes on. Level 0 is one that begins here.
    fn advance(&self, level: usize, steps: usize, modes: Modes) -> (usize, bool) {
        let is_held = |row: &Moment| row.held != 0;
        if modes.order && level > 0 && !self.rows.iter().all(is_held) {
            return (level, false);
        }
        if modes.deduplication && self.union & reached_after_first(level) != 0 {
            return (level, false);
        }
        let wanted = self.union.checked_shr(level as u32).unwrap_or(0);
        let reached = if !self.candidates.is_empty() {
            matching::reached(&self.candidates, level, steps)
        } else if modes.increase || modes.once {
            level + (wanted & 1) as usize
        } else {
            steps.min(level + wanted.trailing_ones() as usize)
        };
        if modes.deduplication {
            let again = self.repeated & reached_after_first(reached) & !reached_after_first(level);
            if again != 0 {
                return (again.trailing_zeros() as usize + 1, false);
            }
        }
        let is_in_the_way =
            |row: &Moment| row.held != 0 && row.held.trailing_zeros() as usize > reached;
        let goes_on = !(modes.order && self.rows.iter().any(is_in_the_way));
        (reached, goes_on)
    }
}

/// The conditions of the steps 2 … `level`.
const fn reached_after_first(level: usize) -> u64 {
    match level {
        0 | 1 => 0,
        _ => u64::MAX >> (64 - level) & !1,
    }
}

fn groups(moments: &[Moment]) -> impl Iterator<Item = &[Moment]> {
    moments.chunk_by(|one, other| one.at == other.at)
}

/// See [`super::reach`].
pub(super) fn reach(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: &RangeInclusive<i64>,
) -> Reach {
    // When the chain that is at each level began, and at which levels there is one: the
    // lowest bit is that of a chain which begins now.
    let mut starts = [0; 64];
    let mut alive = 0_u64;
    let mut reach = Reach::default();
    let mut work = Work::default();
    for rows in groups(moments) {
        let at = rows[0].at;
        let group = Group::new(rows, question.modes);
        let begins = group.union & 1 == 1 && entry.contains(&at);
        starts[0] = at;
        let mut before = alive | u64::from(begins);
        work.done(rows.len());
        alive = 0;
        // The longest chains began first: what comes later may take their place.
        while before != 0 {
            let level = 63 - before.leading_zeros() as usize;
            before ^= 1 << level;
            let start = starts[level];
            work.done(rows.len());
            if !question.holds(start, at) {
                continue;
            }
            let (reached, goes_on) = group.advance(level, steps, question.modes);
            reach.note(reached, start, at);
            if goes_on && reached < steps {
                starts[reached] = start;
                alive |= 1 << reached;
            }
        }
        if reach.level == steps {
            return reach;
        }
    }
    // Of the chains that are left the shortest began last.
    reach.alive = (alive != 0).then(|| starts[alive.trailing_zeros() as usize]);
    reach
}

/// See [`super::times`].
pub(super) fn times(
    moments: &[Moment],
    steps: usize,
    question: Question,
    reach: Reach,
) -> Vec<i64> {
    let mut times = vec![];
    let begin = moments.partition_point(|moment| moment.at < reach.began);
    for rows in groups(&moments[begin..]) {
        if times.len() == reach.level {
            break;
        }
        let group = Group::new(rows, question.modes);
        let (reached, _) = group.advance(times.len(), steps, question.modes);
        times.resize(reached, rows[0].at);
    }
    times
}
