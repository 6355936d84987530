//! The starts of windows, numbered.

use super::months::{add_months, month_of_day};
use super::{END_TIMESTAMP, MICROS_PER_DAY, MIN_TIMESTAMP, Width, WindowError, Zone};

/// From one start of a window to the next, or from the start of a window to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Elapsed time.
    Micros(i128),
    /// Days of a calendar, in microseconds of days of 24 hours.
    Days(i128),
    /// Months of a calendar.
    Months(i64),
}

impl Step {
    /// `what` is its name in errors.
    pub(super) fn of(width: Width, what: &'static str) -> Result<Self, WindowError> {
        let span = width.span();
        let fixed = width.days != 0 || width.micros != 0;
        match (width.months, fixed) {
            (months, true) if months != 0 => Err(WindowError::Mixed(what)),
            (_, true) if span > 0 && width.micros == 0 => Ok(Self::Days(span)),
            (_, true) if span > 0 => Ok(Self::Micros(span)),
            (months, false) if months > 0 => Ok(Self::Months(months.into())),
            _ => Err(WindowError::NotPositive(what)),
        }
    }

    /// Whether it is elapsed time.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Micros(_))
    }

    /// So many of it later than `at`, on clocks that never change.
    pub(super) fn after(self, at: i128, count: i128) -> Result<i128, WindowError> {
        match self {
            Self::Micros(span) | Self::Days(span) => Ok(at + count * span),
            Self::Months(months) => i64::try_from(count * i128::from(months))
                .map_err(|_| WindowError::OutOfRange)
                .and_then(|months| add_months(at, months)),
        }
    }
}

/// Windows that begin with every `step` from the origin on, and before it.
pub(super) struct Grid<'a, Z> {
    pub(super) zone: &'a Z,
    pub(super) step: Step,
    /// An instant, or for days and months a time of the zone's clocks.
    pub(super) origin: i64,
}

impl<Z: Zone> Grid<'_, Z> {
    /// What the clocks show at the start with this number, or, if the step is elapsed
    /// time, that instant. That of the origin has number 0.
    pub(super) fn nominal(&self, index: i128) -> Result<i128, WindowError> {
        self.step.after(self.origin.into(), index)
    }

    /// The start with this number.
    pub(super) fn start(&self, index: i128) -> Result<i128, WindowError> {
        let nominal = self.nominal(index)?;
        Ok(if self.step.is_time() {
            nominal
        } else {
            instant(self.zone, nominal)
        })
    }

    /// The number of the last start up to an instant.
    pub(super) fn index(&self, ts: i64) -> Result<i128, WindowError> {
        let mut index = match self.step {
            Step::Micros(span) => {
                return Ok((i128::from(ts) - i128::from(self.origin)).div_euclid(span));
            }
            Step::Days(days) => {
                let since = i128::from(self.zone.local(ts)) - i128::from(self.origin);
                since.div_euclid(days)
            }
            Step::Months(months) => {
                let month = |at: i64| month_of_day(at.div_euclid(MICROS_PER_DAY));
                let since = month(self.zone.local(ts))? - month(self.origin)?;
                since.div_euclid(months).into()
            }
        };
        // A month may begin later in it, and a time of day may be one that the clocks show
        // twice or leave out.
        while self.start(index)? > i128::from(ts) {
            index -= 1;
        }
        Ok(index)
    }
}

/// Where a zone puts a time of its clocks. Beyond PostgreSQL's timestamps there are no zones.
pub(super) fn instant(zone: &impl Zone, local: i128) -> i128 {
    match i64::try_from(local) {
        Ok(local) if (MIN_TIMESTAMP..END_TIMESTAMP).contains(&local) => zone.instant(local).into(),
        _ => local,
    }
}
