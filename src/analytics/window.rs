//! Windows of time, declared in `sql/40_windows.sql` and `sql/42_calendars.sql`.
//!
//! Both kinds of timestamp are the same number of microseconds; one without time zone
//! has windows like those of UTC.

use pganalytics_core::window::{Calendar, Utc, Width, WindowError};
use pgrx::datum::{Range, RangeBound, RangeSubType};
use pgrx::prelude::*;

use crate::pg::encoding::Text;
use crate::pg::error::{ErrorReport, report};
use crate::pg::zone::PgZone;

/// An interval, in its three fields.
pub fn width(interval: Interval) -> Width {
    Width {
        months: interval.months(),
        days: interval.days(),
        micros: interval.micros(),
    }
}

fn plain(origin: Option<i64>) -> Result<Calendar<Utc>, ErrorReport> {
    Calendar::new(Utc, origin).map_err(report)
}

fn zoned(timezone: &str, origin: Option<i64>) -> Result<Calendar<PgZone>, ErrorReport> {
    Calendar::new(PgZone::named(timezone), origin).map_err(report)
}

/// The rows of a function that returns a set of windows.
type Rows<T> = Result<SetOfIterator<'static, T>, ErrorReport>;

fn rows<T: 'static>(windows: Result<impl Iterator<Item = T> + 'static, WindowError>) -> Rows<T> {
    windows.map(SetOfIterator::new).map_err(report)
}

fn none<T: 'static>() -> Rows<T> {
    Ok(SetOfIterator::empty())
}

/// `tumble(ts, width)`.
#[pg_extern(sql = false)]
fn tumble(ts: i64, width: Interval) -> Result<i64, ErrorReport> {
    let calendar = Calendar::<Utc>::default();
    calendar.tumble(ts, self::width(width)).map_err(report)
}

/// `tumble(ts, width, origin)`, for both kinds of timestamp.
#[pg_extern(sql = false)]
fn tumble_from(ts: i64, width: Interval, origin: i64) -> Result<i64, ErrorReport> {
    let calendar = plain(Some(origin))?;
    calendar.tumble(ts, self::width(width)).map_err(report)
}

/// `tumble(ts, width, timezone, origin)`.
#[pg_extern(sql = false)]
fn tumble_zoned(
    ts: Option<i64>,
    width: Option<Interval>,
    timezone: Option<Text>,
    origin: Option<i64>,
) -> Result<Option<i64>, ErrorReport> {
    let (Some(ts), Some(width), Some(timezone)) = (ts, width, timezone) else {
        return Ok(None);
    };
    let start = zoned(&timezone, origin)?.tumble(ts, self::width(width));
    start.map(Some).map_err(report)
}

/// `hop(ts, width, slide)`.
#[pg_extern(sql = false)]
fn hop(ts: i64, width: Interval, slide: Interval) -> Rows<i64> {
    rows(Calendar::<Utc>::default().hop(ts, self::width(width), self::width(slide)))
}

/// `hop(ts, width, slide, origin)`, likewise.
#[pg_extern(sql = false)]
fn hop_from(ts: i64, width: Interval, slide: Interval, origin: i64) -> Rows<i64> {
    rows(plain(Some(origin))?.hop(ts, self::width(width), self::width(slide)))
}

/// `hop(ts, width, slide, timezone, origin)`.
#[pg_extern(sql = false)]
fn hop_zoned(
    ts: Option<i64>,
    width: Option<Interval>,
    slide: Option<Interval>,
    timezone: Option<Text>,
    origin: Option<i64>,
) -> Rows<i64> {
    let (Some(ts), Some(width), Some(slide), Some(timezone)) = (ts, width, slide, timezone) else {
        return none();
    };
    rows(zoned(&timezone, origin)?.hop(ts, self::width(width), self::width(slide)))
}

/// `cumulate(ts, step, width, origin)`, without time zone.
#[pg_extern(sql = false)]
fn cumulate(
    ts: Option<i64>,
    step: Option<Interval>,
    width: Option<Interval>,
    origin: Option<i64>,
) -> Rows<Range<Timestamp>> {
    let (Some(ts), Some(step), Some(width)) = (ts, step, width) else {
        return none();
    };
    let windows = plain(origin)?.cumulate(ts, self::width(step), self::width(width));
    rows(windows.map(ranges))
}

/// `cumulate(ts, step, width, timezone, origin)`.
#[pg_extern(sql = false)]
fn cumulate_zoned(
    ts: Option<i64>,
    step: Option<Interval>,
    width: Option<Interval>,
    timezone: Option<Text>,
    origin: Option<i64>,
) -> Rows<Range<TimestampWithTimeZone>> {
    let (Some(ts), Some(step), Some(width), Some(timezone)) = (ts, step, width, timezone) else {
        return none();
    };
    let windows = zoned(&timezone, origin)?.cumulate(ts, self::width(step), self::width(width));
    rows(windows.map(ranges))
}

/// Ranges without their ends; an infinity is one of its own, with it.
fn ranges<T>(windows: impl Iterator<Item = (i64, i64)> + 'static) -> impl Iterator<Item = Range<T>>
where
    T: TryFrom<i64> + RangeSubType + 'static,
{
    windows.filter_map(|(start, end)| {
        let (from, to) = (T::try_from(start).ok()?, T::try_from(end).ok()?);
        let end = if start == end {
            RangeBound::Inclusive(to)
        } else {
            RangeBound::Exclusive(to)
        };
        Some(Range::new(RangeBound::Inclusive(from), end))
    })
}

/// `window_starts("from", "to", width, origin)`, without time zone.
#[pg_extern(sql = false)]
fn window_starts(
    from: Option<i64>,
    to: Option<i64>,
    width: Option<Interval>,
    origin: Option<i64>,
) -> Rows<i64> {
    let (Some(from), Some(to), Some(width)) = (from, to, width) else {
        return none();
    };
    rows(plain(origin)?.starts(from, to, self::width(width)))
}

/// `window_starts("from", "to", width, timezone, origin)`.
#[pg_extern(sql = false)]
fn window_starts_zoned(
    from: Option<i64>,
    to: Option<i64>,
    width: Option<Interval>,
    timezone: Option<Text>,
    origin: Option<i64>,
) -> Rows<i64> {
    let (Some(from), Some(to), Some(width), Some(timezone)) = (from, to, width, timezone) else {
        return none();
    };
    rows(zoned(&timezone, origin)?.starts(from, to, self::width(width)))
}
