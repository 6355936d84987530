//! The level of an entity, and the chain that reaches it.

use super::question::{Modes, Question};
use super::strict;
use crate::interrupt::Work;
use crate::timeline::Moment;
use std::ops::RangeInclusive;

/// When chains may begin: ever.
pub const EVER: RangeInclusive<i64> = i64::MIN..=i64::MAX;

/// When chains may begin: from an instant on, and before another, if there are any.
#[must_use]
pub fn entry(from: Option<i64>, to: Option<i64>) -> RangeInclusive<i64> {
    let from = from.unwrap_or(i64::MIN);
    match to.map(|to| to.checked_sub(1)) {
        None => from..=i64::MAX,
        Some(Some(last)) => from..=last,
        Some(None) => RangeInclusive::new(1, 0),
    }
}

/// How far an entity got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The length of the longest chain.
    pub level: usize,
    /// When the chain that is told about began; 0 at level 0.
    pub began: i64,
    /// When it reached its last step; 0 at level 0.
    pub ended: i64,
    /// When the last chain began that may still get further, if its window lasts.
    pub alive: Option<i64>,
}

impl Reach {
    /// A chain has reached so many steps: the longest so far, or at the same time as that
    /// and begun later, is the one to tell about.
    pub(super) fn note(&mut self, level: usize, began: i64, at: i64) {
        let is_as_soon = level == self.level && at == self.ended && began > self.began;
        if level > self.level || is_as_soon {
            (self.level, self.began, self.ended) = (level, began, at);
        }
    }
}

/// The length of the longest chain. The moments are in order of time.
#[must_use]
pub fn level(moments: &[Moment], steps: usize, question: Question) -> usize {
    match way(moments, question.modes) {
        Way::ReadOn => strict::reach(moments, steps, question, &EVER).level,
        Way::Rising => plain::<true, false>(moments, steps, question, &EVER).level,
        Way::Any => plain::<false, false>(moments, steps, question, &EVER).level,
    }
}

/// The longest chain of those that begin in `entry`. The moments are in order of time.
#[must_use]
pub fn reach(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: RangeInclusive<i64>,
) -> Reach {
    match way(moments, question.modes) {
        Way::ReadOn => strict::reach(moments, steps, question, &entry),
        Way::Rising => plain::<true, true>(moments, steps, question, &entry),
        Way::Any => plain::<false, true>(moments, steps, question, &entry),
    }
}

/// How chains are found.
enum Way {
    ReadOn,
    Rising,
    Any,
}

fn way(moments: &[Moment], modes: Modes) -> Way {
    let has_ties = || moments.windows(2).any(|pair| pair[0].at == pair[1].at);
    match modes {
        Modes { order: true, .. }
        | Modes {
            deduplication: true,
            ..
        } => Way::ReadOn,
        Modes { increase: true, .. } => Way::Rising,
        Modes { once: true, .. } if has_ties() => Way::ReadOn,
        // Rows that are used once rise, if no two are of one time.
        Modes { once: true, .. } => Way::Rising,
        _ => Way::Any,
    }
}

/// When each step of the chain that is told about was reached: as many times as the level.
#[must_use]
pub fn times(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: RangeInclusive<i64>,
) -> Vec<i64> {
    let reach = reach(moments, steps, question, entry);
    strict::times(moments, steps, question, reach)
}

/// The modes in which the rows of a time are known by the conditions that hold on any of
/// them. Of all chains of one length only the one that began last matters: it lasts longest.
/// So one start for each length is kept, and a row on which condition k holds makes the
/// chain of k - 1 one of k. `RISING`: not with rows of the same time, so the longest first.
/// `TOLD`: not the level alone. Events come as they like, so what depends on them is
/// computed without a branch.
fn plain<const RISING: bool, const TOLD: bool>(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: &RangeInclusive<i64>,
) -> Reach {
    // A chain of no rows begins whenever one of a row does.
    let mut starts = [0; 64];
    let mut known = 1_u64;
    let mut reach = Reach::default();
    let mut rest = moments;
    let mut work = Work::default();
    while let Some((first, after)) = rest.split_first() {
        let (at, mut held) = (first.at, first.held);
        rest = after;
        work.done(1);
        while let Some((next, after)) = rest.split_first().filter(|(next, _)| next.at == at) {
            held |= next.held;
            rest = after;
            work.done(1);
        }
        if TOLD && !entry.contains(&at) {
            held &= !1;
        }
        starts[0] = at;
        held &= u64::MAX >> (64 - steps);
        while held != 0 {
            let step = if RISING {
                63 - held.leading_zeros()
            } else {
                held.trailing_zeros()
            } as usize;
            held ^= 1 << step;
            let start = starts[step];
            let follows = (known >> step & 1 == 1) & question.holds(start, at);
            if TOLD && follows {
                reach.note(step + 1, start, at);
            }
            if step + 1 == steps {
                if follows {
                    reach.level = steps;
                    return reach;
                }
                continue;
            }
            starts[step + 1] = if follows { start } else { starts[step + 1] };
            known |= u64::from(follows) << (step + 1);
        }
    }
    reach.level = 63 - known.leading_zeros() as usize;
    reach.alive = (known & 2 != 0).then_some(starts[1]);
    reach
}
