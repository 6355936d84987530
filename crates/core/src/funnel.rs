//! Funnels: how far an entity got through a sequence of steps, and when.
//!
//! **The definition.** The steps 1 … n (at most 64) are conditions on the entity's rows. A
//! *chain* of k steps is a row on which condition 1 holds, one on which condition 2 holds,
//! and so on to k, each not before the one before it, and all at most `window` after the
//! first, inclusive. The *level* is the length of the longest chain, whichever row it begins
//! with; 0 if there is none. Rows of one time are taken in the order of the steps, so that
//! one row on which several conditions hold serves as several steps. A condition that is
//! NULL is false, a row without a time is ignored, and the infinities are times like others,
//! at either end. This is what `windowFunnel` of ClickHouse answers.
//!
//! **Modes** ask for more, and can be combined:
//! - `strict_increase`: each step is later than the one before it.
//! - `strict_once`: a row serves as one step at most; rows of one time are in any order.
//! - `strict_order` and `strict_deduplication` read on from the first row of a chain, which
//!   takes each next step as soon as it comes, and end it early:
//!   - `strict_order`: the chain ends at a row in the way: one that holds neither a step the
//!     chain has reached nor the next one. Rows on which no condition holds count; at one time
//!     they come first.
//!   - `strict_deduplication`: the chain ends where a step that it has reached comes again, the
//!     first excepted: on whichever row, one that would serve as the next step included. Where
//!     several conditions hold on one row, or at one time, they come in the order of the steps.
//!
//! **Of several chains** that get furthest, the one that gets there first is told about; of
//! those that get there at once, the one that began last; and of each of its steps the first
//! row after the step before it.

mod matching;
mod query;
mod question;
mod reach;
mod strict;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use self::query::{Funnel, Steps};
pub use self::question::{Modes, Question};
pub use self::reach::{EVER, Reach, entry, level, reach, times};
use crate::error::UserError;
use crate::session::shift;
use crate::timeline::{Moment, Timeline};
use crate::window::{MICROS_PER_DAY, Width};
use std::ops::RangeInclusive;

/// Why there is no funnel.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FunnelError {
    /// A window without a fixed length above zero.
    #[error("the window of a funnel must be a fixed time above zero")]
    Window,
    /// A word that is no mode.
    #[error("unknown mode of a funnel: \"{0}\"")]
    Mode(String),
    /// Both, or neither.
    #[error("a funnel takes either steps or conditions")]
    Steps,
    /// None, or more than a timeline takes.
    #[error("a funnel takes 1 to 64 steps, not {0}")]
    Count(usize),
    /// A window or modes that are not the same for all rows.
    #[error("window and mode of a funnel must be the same for all rows")]
    Varies,
    /// A state of something else.
    #[error("invalid state of a funnel")]
    State,
}

impl UserError for FunnelError {
    fn sqlstate(&self) -> &'static str {
        "22023"
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Window => {
                "Use days or time, like '7 days' or '30 minutes'; months have no fixed length."
            }
            Self::Mode(_) => {
                "The modes are strict_order (or fixed), strict_increase (or increase), strict_once and strict_deduplication (or deduplication), joined by commas; none of them is default."
            }
            Self::Steps => {
                "Give event types as steps, or SQL expressions over the columns of the event table as conditions."
            }
            Self::Count(_) => "Put conditions that count as the same step together with OR.",
            Self::Varies => "Group by what they depend on.",
            Self::State => return None,
        };
        Some(hint.to_owned())
    }
}

/// The level that the state of an aggregate holds.
///
/// # Errors
/// A timeline without a question.
pub fn level_of(timeline: &Timeline, room: &mut Vec<Moment>) -> Result<usize, FunnelError> {
    let question = Question::from_bytes(timeline.question())?;
    timeline.sort_into(room);
    Ok(level(room, timeline.conditions(), question))
}

/// Until when an entity that has not reached the last step may still get further; `None` if
/// it has, or no chain goes on.
#[must_use]
pub fn open_until(
    moments: &[Moment],
    steps: usize,
    question: Question,
    entry: RangeInclusive<i64>,
) -> Option<i64> {
    let alive = reach(moments, steps, question, entry).alive?;
    Some(shift(alive, question.window))
}

/// From each time to the next, as PostgreSQL subtracts them; nothing comes before the first.
#[must_use]
pub fn durations(times: &[i64]) -> Vec<Option<Width>> {
    let between = |pair: &[i64]| {
        let micros = pair[1].saturating_sub(pair[0]);
        Some(Width {
            months: 0,
            days: (micros / MICROS_PER_DAY) as i32,
            micros: micros % MICROS_PER_DAY,
        })
    };
    let first = times.first().map(|_| None);
    first
        .into_iter()
        .chain(times.windows(2).map(between))
        .collect()
}
