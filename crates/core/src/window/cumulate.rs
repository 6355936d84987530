//! Cumulating windows: a tumbling window as it grows. All begin where it does, and end
//! after one step, two steps, … and, last, where it ends, be that a whole step or not
//! (a month by weeks). An instant lies in those that end after it. After Flink's CUMULATE,
//! which wants the width to be a multiple of the step and so has no days of a month.

use super::calendar::rising;
use super::grid::instant;
use super::{Calendar, MOST_WINDOWS, Step, Width, WindowError, Zone, in_range, is_infinite};

impl<Z: Zone + 'static> Calendar<Z> {
    /// The windows `[start, end)` within the tumbling window of this `width` that hold
    /// `ts`, in rising order. An infinity is a window of its own, start and end.
    ///
    /// # Errors
    /// A step or width that is none, too many windows, or one that reaches beyond
    /// PostgreSQL's timestamps.
    pub fn cumulate(
        self,
        ts: i64,
        step: Width,
        width: Width,
    ) -> Result<Box<dyn Iterator<Item = (i64, i64)>>, WindowError> {
        let step = Step::of(step, "step")?;
        let width = Step::of(width, "width")?;
        if is_infinite(ts) {
            return Ok(Box::new(std::iter::once((ts, ts))));
        }
        let grid = self.grid(width);
        let index = grid.index(ts)?;
        let start = in_range(grid.start(index)?)?;
        let whole = i128::from(in_range(grid.start(index + 1)?)?);
        // Days and months after what the clocks show at the start.
        let begins = match (step.is_time(), width.is_time()) {
            (true, _) => start.into(),
            (false, true) => self.zone.local(start).into(),
            (false, false) => grid.nominal(index)?,
        };
        let end = move |count: i128| {
            let end = step.after(begins, count)?;
            let end = if step.is_time() {
                end
            } else {
                instant(&self.zone, end)
            };
            Ok(end.min(whole))
        };
        if end(MOST_WINDOWS)? < whole {
            return Err(WindowError::TooMany);
        }
        let ends = (1..=MOST_WINDOWS)
            .map_while(move |count| i64::try_from(end(count).ok()?).ok())
            .skip_while(move |end| *end <= ts);
        let mut is_over = false;
        let ends =
            ends.take_while(move |end| !std::mem::replace(&mut is_over, i128::from(*end) == whole));
        Ok(Box::new(rising(ends).map(move |end| (start, end))))
    }
}
