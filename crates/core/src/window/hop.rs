//! Hopping windows: all that hold an instant.

use super::{
    MICROS_PER_DAY, MIN_TIMESTAMP, Step, Width, WindowError, first_day_of_month,
    first_instant_of_month, is_infinite, month_of_day,
};

/// The starts of all windows of this `width` that hold `ts`, in rising order; one
/// begins with every `slide`. None: `ts` lies in a gap between windows, which there
/// are if `slide` is greater than `width`. The two infinities are windows of their own.
///
/// # Errors
/// A width or slide that is none, or a start before PostgreSQL's first timestamp.
pub fn hop(
    ts: i64,
    width: Width,
    slide: Width,
) -> Result<Box<dyn Iterator<Item = i64>>, WindowError> {
    let width = Step::of(width, "width")?;
    let slide = Step::of(slide, "slide")?;
    if is_infinite(ts) {
        return Ok(Box::new(std::iter::once(ts)));
    }
    let last = slide.index(ts)?;
    let first = first_to_end_after(ts, width, slide, last)?;
    // They lie between two that have been computed.
    let start = move |index| slide.start(index).ok()?.try_into().ok();
    Ok(Box::new((first..=last).filter_map(start)))
}

/// The number of the first window that ends after `ts`; one above `last`, the last
/// window to begin up to `ts`, if there is none. Ends never fall as starts rise.
fn first_to_end_after(ts: i64, width: Step, slide: Step, last: i128) -> Result<i128, WindowError> {
    let holds = |index| Ok(width.end(slide.start(index)?)? > i128::from(ts));
    let least = slide.index(MIN_TIMESTAMP - 1)?.min(last);
    // Strides back, each twice as long, to one that has ended; then what lies between.
    let (mut ended, mut found, mut stride) = (last, last + 1, 1);
    while holds(ended)? {
        if ended == least {
            return Err(WindowError::OutOfRange);
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

impl Step {
    /// The end of a window that begins at `start`. Months later the day of the month
    /// is the same, or the last one, as PostgreSQL adds them.
    fn end(self, start: i128) -> Result<i128, WindowError> {
        let months = match self {
            Self::Micros(span) => return Ok(start + span),
            Self::Months(months) => months,
        };
        let per_day = i128::from(MICROS_PER_DAY);
        let day = i64::try_from(start.div_euclid(per_day)).map_err(|_| WindowError::OutOfRange)?;
        let month = month_of_day(day)?;
        let place = i128::from(day - first_day_of_month(month)?) * per_day;
        let begins = first_instant_of_month(month + months)?;
        let last_day = first_instant_of_month(month + months + 1)? - per_day;
        Ok((begins + place).min(last_day) + start.rem_euclid(per_day))
    }
}
