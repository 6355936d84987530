//! `cohort_retention`: how many of those who entered together came back.

use super::error::within;
use super::period::op;
use super::source::{AT, instant};
use super::{RetentionError, Source};

/// What is asked, beside the log.
#[derive(Clone, Debug)]
pub struct Cohorts {
    /// When an event lets its entity enter.
    pub cohort: String,
    /// When an event is a return.
    pub returned: String,
    /// How many periods after that of the entry.
    pub periods: i32,
    /// How they are counted.
    pub mode: Mode,
    /// Whether entities enter once, or once in each period.
    pub first_time: bool,
    /// Whether later returns count as well.
    pub unbounded: bool,
    /// What is over by then is known.
    pub as_of: i64,
}

/// How periods are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those of the calendar.
    Calendar,
    /// From each entity's own entry.
    Rolling,
}

impl Mode {
    /// By its name.
    ///
    /// # Errors
    /// No such mode.
    pub fn of(name: &str) -> Result<Self, RetentionError> {
        match name {
            "calendar" => Ok(Self::Calendar),
            "rolling" => Ok(Self::Rolling),
            _ => Err(RetentionError::Mode(name.to_owned())),
        }
    }
}

/// The query: one row for each cohort and period.
///
/// # Errors
/// A count of periods out of range.
pub fn cohort_retention(source: &Source, question: &Cohorts) -> Result<String, RetentionError> {
    let periods = within("periods", question.periods, 0..=1_000)?;
    let parts = match question.mode {
        Mode::Calendar => calendar(source, question),
        Mode::Rolling => rolling(source, question),
    };
    let (returns, retained) = if question.unbounded {
        (
            "SELECT cohort, LEAST(pg_catalog.max(period), LAST) AS period FROM hit WHERE period IS NOT NULL GROUP BY entity, cohort",
            "pg_catalog.sum(r.retained) OVER (PARTITION BY c.cohort ORDER BY n.period DESC)",
        )
    } else {
        ("SELECT cohort, period FROM hit", "r.retained")
    };
    // Whoever entered at the end of a rolling period is one period later.
    let later = match question.mode {
        Mode::Calendar => 1,
        Mode::Rolling => 2,
    };
    let end = op(op("c.cohort", "+", "n.period"), "+", later);
    Ok(format!(
        "WITH {parts}, cohort AS (
    SELECT cohort, pg_catalog.count(*) AS size FROM {entered} GROUP BY cohort
), returned AS (
    SELECT cohort, period, pg_catalog.count(*) AS retained FROM ({returns}) h GROUP BY cohort, period
)
SELECT {start} AS cohort, size, period, retained,
       pg_catalog.round({rate}, 4) AS rate
FROM (
    SELECT c.cohort, c.size, n.period, CASE WHEN {over} THEN COALESCE({retained}, 0) END::bigint AS retained
    FROM cohort c CROSS JOIN pg_catalog.generate_series(0, {periods}) AS n (period)
    LEFT JOIN returned r ON {cohort} AND {period}
) t
ORDER BY 1, 3",
        entered = match question.mode {
            Mode::Calendar => "member",
            Mode::Rolling => "(SELECT DISTINCT entity, cohort FROM hit) m",
        },
        returns = returns.replace("LAST", &periods.to_string()),
        start = source.period.start("cohort"),
        rate = op("retained::numeric", "/", "size"),
        over = op(
            source.period.start(&end),
            "<=",
            instant(question.as_of)
        ),
        cohort = op("r.cohort", "=", "c.cohort"),
        period = op("r.period", "=", "n.period"),
    ))
}

/// One pass: what an entity did in a period is all there is to know of it.
fn calendar(source: &Source, question: &Cohorts) -> String {
    let Cohorts {
        cohort, returned, ..
    } = question;
    let is_either = match cohort == returned || cohort == "true" || returned == "true" {
        true if cohort == "true" || returned == "true" => "true".to_owned(),
        true => cohort.clone(),
        false => format!("({cohort}) OR ({returned})"),
    };
    let filter = |condition: &str| match condition == is_either {
        true => String::new(),
        false => format!(" FILTER (WHERE {condition})"),
    };
    let entries = match question.first_time {
        true => {
            "SELECT entity, pg_catalog.min(entered) AS entered FROM active WHERE entered IS NOT NULL GROUP BY entity"
        }
        false => "SELECT entity, entered FROM active WHERE entered IS NOT NULL",
    };
    format!(
        "active AS (
    SELECT {entity} AS entity, {number} AS period,
           pg_catalog.min({AT}){cohort} AS entered, pg_catalog.max({AT}){returned} AS returned
    {events}
    GROUP BY 1, 2
), member AS (
    {member}
), hit AS (
    SELECT m.entity, m.cohort, {since} AS period
    FROM member m JOIN active a ON {same}
    WHERE {after} AND {not_before}{limit}
)",
        entity = source.entity(),
        number = source.period.number(AT),
        cohort = filter(cohort),
        returned = filter(returned),
        events = source.events(
            since(source, question).as_deref(),
            until(source, question, 0).as_deref(),
            &is_either
        ),
        member = member(source, entries),
        since = op("a.period", "-", "m.cohort"),
        same = op("a.entity", "=", "m.entity"),
        after = op("a.returned", ">=", "m.entered"),
        not_before = op("a.period", ">=", "m.cohort"),
        limit = limited(
            question,
            &op("a.period", "<=", op("m.cohort", "+", question.periods))
        ),
    )
}

/// Two passes: who entered when, and what came after, if anything (period NULL). They are
/// joined as they are, not as CTEs, of which the planner knows so little that it sorts, and
/// whose names would be found before those of tables in the caller's conditions. When clocks
/// have just been put back a return may lie before the entry on the wall; that is period 0 as
/// well.
fn rolling(source: &Source, question: &Cohorts) -> String {
    let period = &source.period;
    let entity = source.entity();
    let number = match question.first_time {
        true => String::new(),
        false => format!(", {}", period.number(AT)),
    };
    let entries = format!(
        "SELECT {entity} AS entity, pg_catalog.min({AT}) AS entered{number} {} GROUP BY {}",
        source.events(
            since(source, question).as_deref(),
            source.last().map(|last| op(last, "+", 1)).as_deref(),
            &question.cohort,
        ),
        if question.first_time { "1" } else { "1, 3" },
    );
    let shifted = |number: &str| period.shifted("entered", number);
    format!(
        "near AS (
    SELECT m.entity, m.cohort, m.entered, e.at, {about} AS period
    FROM ({member}) m LEFT JOIN (
        SELECT {entity} AS entity, {AT} AS at
        {events}
    ) e ON {same} AND {after}{limit}
    OFFSET 0
), hit AS (
    SELECT DISTINCT entity, cohort, period
    FROM (
        SELECT entity, cohort, CASE WHEN at IS NOT NULL THEN GREATEST(0, CASE WHEN {too_many} THEN {less} ELSE period END) END AS period
        FROM near
    ) n
)",
        member = member(source, &entries),
        events = source.events(
            source.first().as_deref(),
            until(source, question, 1).as_deref(),
            &question.returned
        ),
        about = period.about("m.entered", "e.at"),
        same = op("e.entity", "=", "m.entity"),
        after = op("e.at", ">=", "m.entered"),
        limit = limited(
            question,
            &op("e.at", "<", period.shifted("m.entered", &(question.periods + 1).to_string()))
        ),
        too_many = op("at", "<", shifted("period")),
        less = op("period", "-", 1),
    )
}

/// Who entered in which cohort of the range.
fn member(source: &Source, entries: &str) -> String {
    let from = source.first().map(|first| op("cohort", ">=", first));
    let to = source.last().map(|last| op("cohort", "<=", last));
    let is_in_range = super::source::all([from, to]);
    format!(
        "SELECT entity, cohort, entered
    FROM (SELECT entity, entered, {} AS cohort FROM ({entries}) e WHERE entity IS NOT NULL) m
    WHERE {is_in_range}",
        source.period.number("entered"),
    )
}

/// The period before which nothing matters: unless the first time ever is looked for.
fn since(source: &Source, question: &Cohorts) -> Option<String> {
    source.first().filter(|_| !question.first_time)
}

/// The period from which on nothing matters, if the range ends.
fn until(source: &Source, question: &Cohorts, later: i32) -> Option<String> {
    let last = source.last().filter(|_| !question.unbounded)?;
    Some(op(last, "+", question.periods + 1 + later))
}

fn limited(question: &Cohorts, condition: &str) -> String {
    match question.unbounded {
        true => String::new(),
        false => format!(" AND {condition}"),
    }
}
