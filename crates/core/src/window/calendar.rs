//! By which clocks windows are counted, and from where.

use super::{Grid, MIN_TIMESTAMP, ORIGIN, Step, Width, WindowError, in_range, is_infinite};

/// A time zone. Both functions are total for PostgreSQL's timestamps; clocks are less than
/// a day from UTC.
pub trait Zone {
    /// What clocks show at an instant.
    fn local(&self, ts: i64) -> i64;
    /// The instant at which clocks show this: if they do twice, or leave it out, the one
    /// that PostgreSQL takes it for.
    fn instant(&self, local: i64) -> i64;
    /// Whether the clocks never change.
    fn is_steady(&self) -> bool {
        false
    }
}

/// Clocks that show UTC, or timestamps without time zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utc;

impl Zone for Utc {
    fn local(&self, ts: i64) -> i64 {
        ts
    }

    fn instant(&self, local: i64) -> i64 {
        local
    }

    fn is_steady(&self) -> bool {
        true
    }
}

/// Clocks, and where windows are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calendar<Z> {
    pub(super) zone: Z,
    origin: Option<i64>,
}

impl<Z: Zone> Calendar<Z> {
    /// With the origin given, or on 2001-01-01 at midnight.
    ///
    /// # Errors
    /// An infinite origin.
    pub fn new(zone: Z, origin: Option<i64>) -> Result<Self, WindowError> {
        if origin.is_some_and(is_infinite) {
            return Err(WindowError::NotFinite("origin"));
        }
        Ok(Self { zone, origin })
    }

    /// The windows that begin with every `step`.
    pub(super) fn grid(&self, step: Step) -> Grid<'_, Z> {
        let origin = match self.origin {
            Some(origin) if step.is_time() => origin,
            Some(origin) => self.zone.local(origin),
            None if step.is_time() => self.zone.instant(ORIGIN),
            None => ORIGIN,
        };
        Grid {
            zone: &self.zone,
            step,
            origin,
        }
    }

    /// The start of the tumbling window of this `width` that holds `ts`.
    ///
    /// # Errors
    /// A width that is no window width, or a start before PostgreSQL's first timestamp.
    pub fn tumble(&self, ts: i64, width: Width) -> Result<i64, WindowError> {
        let step = Step::of(width, "width")?;
        if is_infinite(ts) {
            return Ok(ts);
        }
        let grid = self.grid(step);
        in_range(grid.start(grid.index(ts)?)?)
    }
}

impl<Z: Zone + 'static> Calendar<Z> {
    /// The starts of all tumbling windows of this `width` that begin in `[from, to)`, in
    /// rising order.
    ///
    /// # Errors
    /// A width that is no window width, or an infinite bound.
    pub fn starts(
        self,
        from: i64,
        to: i64,
        width: Width,
    ) -> Result<impl Iterator<Item = i64>, WindowError> {
        let step = Step::of(width, "width")?;
        if is_infinite(from) || is_infinite(to) {
            return Err(WindowError::NotFinite("range"));
        }
        let grid = self.grid(step);
        let mut first = grid.index(from)?;
        if grid.start(first)? < i128::from(from.max(MIN_TIMESTAMP)) {
            first += 1;
        }
        let starts =
            (first..).map_while(move |index| in_range(self.grid(step).start(index).ok()?).ok());
        Ok(rising(starts.take_while(move |start| *start < to)))
    }
}

/// Without repetitions: a day that a zone has left out begins with the next one.
pub(super) fn rising<T: PartialEq + Copy>(
    items: impl Iterator<Item = T>,
) -> impl Iterator<Item = T> {
    let mut last = None;
    items.filter(move |item| last.replace(*item) != Some(*item))
}
