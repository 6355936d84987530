//! Hopping windows: all that hold an instant.

use super::calendar::rising;
use super::grid::instant;
use super::{Calendar, Grid, MOST_WINDOWS, Step, Width, WindowError, Zone, in_range, is_infinite};

impl<Z: Zone + 'static> Calendar<Z> {
    /// The starts of all windows of this `width` that hold `ts`, in rising order; one
    /// begins with every `slide`. None: `ts` lies in a gap between windows, which there
    /// are if `slide` is greater than `width`. A window of days or months ends when the
    /// clocks show that many later than its start.
    ///
    /// # Errors
    /// A width or slide that is none, too many windows, or a start before PostgreSQL's
    /// first timestamp.
    pub fn hop(
        self,
        ts: i64,
        width: Width,
        slide: Width,
    ) -> Result<Box<dyn Iterator<Item = i64>>, WindowError> {
        let width = Step::of(width, "width")?;
        let slide = Step::of(slide, "slide")?;
        if slide.is_time() && !width.is_time() && !self.zone.is_steady() {
            return Err(WindowError::Sliding);
        }
        if is_infinite(ts) {
            return Ok(Box::new(std::iter::once(ts)));
        }
        let grid = self.grid(slide);
        let last = grid.index(ts)?;
        let first = grid.first_to_end_after(ts, width, last)?;
        if first <= last {
            in_range(grid.start(first)?)?;
        }
        // They lie between two that have been computed.
        let start = move |index| self.grid(slide).start(index).ok()?.try_into().ok();
        Ok(Box::new(rising((first..=last).filter_map(start))))
    }
}

impl<Z: Zone> Grid<'_, Z> {
    /// The number of the first window that ends after `ts`; one above `last`, the last
    /// window to begin up to `ts`, if there is none. Ends never fall as starts rise.
    fn first_to_end_after(&self, ts: i64, width: Step, last: i128) -> Result<i128, WindowError> {
        let holds = |index| Ok(self.end(index, width)? > i128::from(ts));
        let least = last - MOST_WINDOWS;
        // Strides back, each twice as long, to one that has ended; then what lies between.
        let (mut ended, mut found, mut stride) = (last, last + 1, 1);
        while holds(ended)? {
            if ended == least {
                return Err(WindowError::TooMany);
            }
            found = ended;
            ended = (ended - stride).max(least);
            stride *= 2;
        }
        while found - ended > 1 {
            let middle = ended + (found - ended) / 2;
            if holds(middle)? {
                found = middle;
            } else {
                ended = middle;
            }
        }
        Ok(found)
    }

    /// The end of the window with this number.
    fn end(&self, index: i128, width: Step) -> Result<i128, WindowError> {
        Ok(if width.is_time() {
            width.after(self.start(index)?, 1)?
        } else {
            instant(self.zone, width.after(self.nominal(index)?, 1)?)
        })
    }
}
