//! `z_score`: how many standard deviations the newest value is away from the mean of those
//! before it.
//!
//! The newest is not among those that it is judged by: in a frame of n rows no value could
//! else be more than (n - 1) / √n away (Shiffler 1988), 2.8 of ten. The deviation is that of
//! a sample, so there are at least two others. If they are all the same, so is a value that
//! equals them: 0; any other is infinitely far. If one of them is NaN or infinite, nothing is
//! known: NaN. Null values are left out; the score of a null is null.
//!
//! A frame that moves takes values back. Subtracting them from sums would keep the errors of
//! a large one for ever, so the frame is a queue of two stacks: moments are only ever merged
//! (Welford's and Chan's formulas), each value a few times, however long the frame.

use super::{Score, SeriesError, in_units};

/// How many there are, their mean and the sum of the squares of what they differ from it.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
    /// Whether one of them is not finite.
    broken: bool,
}

impl Moments {
    fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            mean: value,
            squares: 0.0,
            broken: !value.is_finite(),
        }
    }

    fn and(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let count = self.count + other.count;
        let share = other.count / count;
        let apart = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * self.count * share,
            broken: self.broken || other.broken,
        }
    }
}

/// By mean and standard deviation.
#[derive(Debug, Default)]
pub struct ZScore {
    newest: Option<f64>,
    /// Of each of the oldest values and those between it and `behind`, the oldest on top.
    front: Vec<Moments>,
    /// The others, and their moments.
    behind: Vec<f64>,
    moments: Moments,
}

impl Score for ZScore {
    fn push(&mut self, value: Option<f64>) {
        if let Some(value) = std::mem::replace(&mut self.newest, value) {
            self.behind.push(value);
            self.moments = self.moments.and(Moments::of(value));
        }
    }

    fn pop(&mut self, value: Option<f64>) {
        if value.is_none() {
            return;
        }
        if self.front.is_empty() {
            let mut all = Moments::default();
            for value in self.behind.drain(..).rev() {
                all = Moments::of(value).and(all);
                self.front.push(all);
            }
            self.moments = Moments::default();
        }
        if self.front.pop().is_none() {
            self.newest = None;
        }
    }

    fn score(&self) -> Result<Option<f64>, SeriesError> {
        let others = match self.front.last() {
            Some(oldest) => oldest.and(self.moments),
            None => self.moments,
        };
        let Some(newest) = self.newest.filter(|_| others.count >= 2.0) else {
            return Ok(None);
        };
        if others.broken {
            return Ok(Some(f64::NAN));
        }
        if !others.squares.is_finite() {
            return Err(SeriesError::Overflow);
        }
        let deviation = (others.squares / (others.count - 1.0)).sqrt();
        in_units(newest - others.mean, deviation, newest).map(Some)
    }
}
