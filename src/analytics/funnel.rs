//! Funnels, declared in `sql/61_funnels.sql`. The transitions of the aggregate are in
//! [`crate::pg`].

use std::cell::RefCell;
use std::ops::RangeInclusive;

use pganalytics_core::funnel::{self, Funnel, FunnelError, Question, Steps};
use pganalytics_core::timeline::{Moment, Timeline};
use pganalytics_core::window::Width;
use pgrx::prelude::*;

use super::question::{Relation, required, texts};
use super::timeline::timestamp;
use super::window::width;
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::{ErrorReport, report};

thread_local! {
    /// Where moments are put in order: one place for all the groups of a query.
    static ROOM: RefCell<Vec<Moment>> = const { RefCell::new(vec![]) };
}

/// The result of `window_funnel`.
#[pg_extern(sql = false)]
fn window_funnel_final(state: Option<&[u8]>) -> Result<i32, ErrorReport> {
    let Some(state) = state else { return Ok(0) };
    let timeline = Timeline::read(state).map_err(report)?;
    let level = ROOM.with_borrow_mut(|room| funnel::level_of(&timeline, room));
    Ok(level.map_err(report)? as i32)
}

/// What a function over timelines is asked.
struct Asked<'a> {
    timeline: &'a [u8],
    question: Question,
    entry: RangeInclusive<i64>,
}

impl<'a> Asked<'a> {
    /// Of its arguments; `None` without a timeline.
    fn new(
        timeline: Option<&'a [u8]>,
        window: Option<Interval>,
        mode: Option<&str>,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<Option<Self>, ErrorReport> {
        let question = Question::new(width(required(window, "window")?), required(mode, "mode")?);
        let question = question.map_err(report)?;
        Ok(timeline.map(|timeline| Self {
            timeline,
            question,
            entry: funnel::entry(from, to),
        }))
    }

    fn answer<T>(
        self,
        answer: impl FnOnce(&[Moment], usize, Question, RangeInclusive<i64>) -> T,
    ) -> Result<T, ErrorReport> {
        let timeline = Timeline::read(self.timeline).map_err(report)?;
        Ok(ROOM.with_borrow_mut(|room| {
            timeline.sort_into(room);
            answer(room, timeline.conditions(), self.question, self.entry)
        }))
    }
}

/// `funnel_level(timeline, window, mode, from, to)`.
#[pg_extern(sql = false)]
fn funnel_level(
    timeline: Option<&[u8]>,
    window: Option<Interval>,
    mode: Option<Text>,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Option<i32>, ErrorReport> {
    let asked = Asked::new(timeline, window, mode.as_deref(), from, to)?;
    let level = |moments: &[_], steps, question, entry| {
        funnel::reach(moments, steps, question, entry).level as i32
    };
    asked.map(|asked| asked.answer(level)).transpose()
}

/// `step_times(timeline, window, mode, from, to)`.
#[pg_extern(sql = false)]
fn step_times(
    timeline: Option<&[u8]>,
    window: Option<Interval>,
    mode: Option<Text>,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Option<Vec<TimestampWithTimeZone>>, ErrorReport> {
    let Some(asked) = Asked::new(timeline, window, mode.as_deref(), from, to)? else {
        return Ok(None);
    };
    let times = asked.answer(funnel::times)?.into_iter().map(timestamp);
    times.collect::<Result<_, _>>().map(Some)
}

/// `step_durations(timeline, window, mode, from, to)`.
#[pg_extern(sql = false)]
fn step_durations(
    timeline: Option<&[u8]>,
    window: Option<Interval>,
    mode: Option<Text>,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Option<Vec<Option<Interval>>>, ErrorReport> {
    let Some(asked) = Asked::new(timeline, window, mode.as_deref(), from, to)? else {
        return Ok(None);
    };
    let durations = funnel::durations(&asked.answer(funnel::times)?);
    let interval = |width: Option<Width>| {
        // No months, so no signs to disagree.
        width.and_then(|width| Interval::new(0, width.days, width.micros).ok())
    };
    Ok(Some(durations.into_iter().map(interval).collect()))
}

/// `open_until(timeline, window, mode, from, to)`.
#[pg_extern(sql = false)]
fn open_until(
    timeline: Option<&[u8]>,
    window: Option<Interval>,
    mode: Option<Text>,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Option<TimestampWithTimeZone>, ErrorReport> {
    let Some(asked) = Asked::new(timeline, window, mode.as_deref(), from, to)? else {
        return Ok(None);
    };
    asked.answer(funnel::open_until)?.map(timestamp).transpose()
}

/// `funnel_query(…)`: the SQL that `funnel()` runs.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn funnel_query(
    event_table: Option<Oid>,
    steps: Option<Array<&[u8]>>,
    window: Option<Interval>,
    from: Option<i64>,
    to: Option<i64>,
    by: Option<Text>,
    conditions: Option<Array<&[u8]>>,
    mode: Option<Text>,
    entity: Option<Text>,
    as_of: Option<i64>,
) -> Result<Text<'static>, ErrorReport> {
    let window = width(required(window, "window")?);
    let table = Relation::new(event_table, steps.is_some())?;
    let steps = match (texts(steps), texts(conditions)) {
        (Some(types), None) => Steps::Types(all_of(types, "steps")?),
        (None, Some(conditions)) => {
            let named = |text: String| {
                let name = text.trim().to_owned();
                Ok((name, table.condition("conditions", &text)?))
            };
            let conditions = all_of(conditions, "conditions")?.into_iter().map(named);
            Steps::Conditions(conditions.collect::<Result<_, _>>()?)
        }
        _ => return Err(report(FunnelError::Steps)),
    };
    let funnel = Funnel {
        steps,
        window,
        question: Question::new(window, required(mode.as_deref(), "mode")?).map_err(report)?,
        from,
        to,
        by: by.map(|text| table.expression("by", &text)).transpose()?,
        entity: table.expression("entity", required(entity.as_deref(), "entity")?)?,
        has_position: table.has_column("position", "bigint"),
        relation: table.sql,
        as_of: required(as_of, "as_of")?,
    };
    funnel.sql().map(Into::into).map_err(report)
}

fn all_of(texts: Vec<Option<String>>, argument: &'static str) -> Result<Vec<String>, ErrorReport> {
    texts
        .into_iter()
        .map(|text| required(text, argument))
        .collect()
}
