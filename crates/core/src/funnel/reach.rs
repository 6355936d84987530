//! The level of an entity, and the chain that reaches it.

use super::question::Question;
use super::strict;
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
    reach(moments, steps, question, EVER).level
}

/// The longest chain of those that begin in `entry`. The moments are in order of time.
#[must_use]
pub fn reach(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: RangeInclusive<i64>,
) -> Reach {
    let modes = question.modes;
    if modes.order || modes.deduplication || modes.once && !modes.increase {
        strict::reach(moments, steps, question, &entry)
    } else if modes.increase {
        plain::<true>(moments, steps, question, &entry)
    } else {
        plain::<false>(moments, steps, question, &entry)
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
fn plain<const RISING: bool>(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: &RangeInclusive<i64>,
) -> Reach {
    let mut starts = [0; 64];
    // The lengths of which there is a chain: the lowest bit is 1.
    let mut known = 0_u64;
    let mut reach = Reach::default();
    let mut rest = moments.iter().peekable();
    while let Some(moment) = rest.next() {
        let (at, mut held) = (moment.at, moment.held);
        while let Some(more) = rest.next_if(|next| next.at == at) {
            held |= more.held;
        }
        while held != 0 {
            let step = if RISING {
                63 - held.leading_zeros()
            } else {
                held.trailing_zeros()
            } as usize;
            held ^= 1 << step;
            let start = match step {
                0 if entry.contains(&at) => at,
                0 => continue,
                _ if known >> (step - 1) & 1 == 0 => continue,
                _ if !question.holds(starts[step - 1], at) => continue,
                _ => starts[step - 1],
            };
            starts[step] = start;
            if known >> step & 1 == 0 {
                known |= 1 << step;
                reach.note(step + 1, start, at);
                if step + 1 == steps {
                    return reach;
                }
            }
        }
    }
    reach.alive = (known & 1 == 1).then_some(starts[0]);
    reach
}
