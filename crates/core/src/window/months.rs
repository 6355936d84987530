//! The civil calendar, for as many years as PostgreSQL has.

use chrono::{Datelike, Days, NaiveDate};

use super::{MICROS_PER_DAY, WindowError};

const ORIGIN_YEAR: i64 = 2001;
/// The Gregorian calendar repeats after this many years and days.
const CYCLE_YEARS: i64 = 400;
const CYCLE_DAYS: i64 = 146_097;

/// Months from January 2001 to the month of a day (counted from 2000-01-01).
/// Moved into one cycle of the calendar first: PostgreSQL's years reach further
/// than chrono's.
pub(super) fn month_of_day(day: i64) -> Result<i64, WindowError> {
    let date = u64::try_from(day.rem_euclid(CYCLE_DAYS))
        .ok()
        .and_then(|days| cycle_start()?.checked_add_days(Days::new(days)))
        .ok_or(WindowError::OutOfRange)?;
    let year = i64::from(date.year()) + day.div_euclid(CYCLE_DAYS) * CYCLE_YEARS;
    Ok((year - ORIGIN_YEAR) * 12 + i64::from(date.month0()))
}

/// The inverse: the first day of a month, counted from 2000-01-01.
pub(super) fn first_day_of_month(month: i64) -> Result<i64, WindowError> {
    let years = ORIGIN_YEAR - 2000 + month.div_euclid(12);
    let start = cycle_start().ok_or(WindowError::OutOfRange)?;
    let first = i32::try_from(2000 + years.rem_euclid(CYCLE_YEARS))
        .ok()
        .zip(u32::try_from(month.rem_euclid(12)).ok())
        .and_then(|(year, month0)| NaiveDate::from_ymd_opt(year, month0 + 1, 1))
        .ok_or(WindowError::OutOfRange)?;
    Ok((first - start).num_days() + years.div_euclid(CYCLE_YEARS) * CYCLE_DAYS)
}

/// So many months later: the same day of the month, or the last one, at the same time of
/// day, as PostgreSQL adds months.
pub(super) fn add_months(at: i128, months: i64) -> Result<i128, WindowError> {
    let per_day = i128::from(MICROS_PER_DAY);
    let day = i64::try_from(at.div_euclid(per_day)).map_err(|_| WindowError::OutOfRange)?;
    let month = month_of_day(day)?;
    let place = day - first_day_of_month(month)?;
    let begins = first_day_of_month(month + months)?;
    let last_day = first_day_of_month(month + months + 1)? - 1;
    Ok(i128::from((begins + place).min(last_day)) * per_day + at.rem_euclid(per_day))
}

fn cycle_start() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2000, 1, 1)
}
