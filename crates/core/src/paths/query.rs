//! The questions, as SQL.

use super::PathError;
use crate::session;
use crate::sql::{literal, timestamptz};

/// The events that are asked about. Expressions are SQL, in parentheses; times are
/// PostgreSQL's numbers.
#[derive(Clone, Debug)]
pub struct Source {
    /// The relation, as SQL names it.
    pub relation: String,
    /// Whose events they are.
    pub entity: String,
    /// What they are called.
    pub event: String,
    /// Whether the relation has a position.
    pub has_position: bool,
    /// The first time in the range.
    pub from: Option<i64>,
    /// The first time after the range.
    pub to: Option<i64>,
    /// The longest pause within a visit, in microseconds (see [`super::gap`]).
    pub gap: Option<i64>,
}

impl Source {
    /// Whatever else stands in OVER: the events of an entity (and visit), in their order.
    fn order(&self, partition: &str) -> String {
        let position = if self.has_position { " place," } else { "" };
        format!("PARTITION BY {partition} ORDER BY at,{position} event")
    }

    /// The common table expression `event`, without what ends before `since`. Names are
    /// compared by their bytes: the answer is the same in every locale.
    fn events(&self, since: Option<i64>) -> String {
        let position = if self.has_position {
            ", \"position\" AS place"
        } else {
            ""
        };
        let since = since.map_or(String::new(), |since| {
            let since = timestamptz(since);
            format!(" AND occurred_at OPERATOR(pg_catalog.>=) {since}")
        });
        format!(
            "named AS (
    SELECT {entity}::pg_catalog.text COLLATE pg_catalog.\"C\" AS entity, {event}::pg_catalog.text COLLATE pg_catalog.\"C\" AS event,
           occurred_at::pg_catalog.timestamptz AS at{position}
    FROM {relation}
    WHERE occurred_at IS NOT NULL{since}
), event AS (
    SELECT * FROM named WHERE entity IS NOT NULL AND event IS NOT NULL
)",
            entity = self.entity,
            event = self.event,
            relation = self.relation,
        )
    }

    /// The condition that a time is in the range, after `joint`; empty without a range.
    fn in_range(&self, joint: &str, at: &str) -> String {
        let bound = |operator, ts: Option<i64>| {
            ts.map(|ts| format!("{at} OPERATOR(pg_catalog.{operator}) {}", timestamptz(ts)))
        };
        let bounds = [bound(">=", self.from), bound("<", self.to)];
        let bounds: Vec<_> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() {
            return String::new();
        }
        format!("{joint}{}", bounds.join(" AND "))
    }
}

/// The paths of entities.
#[derive(Clone, Debug)]
pub struct Paths {
    source: Source,
    start: Option<String>,
    depth: Option<i32>,
    repeats: bool,
}

impl Paths {
    /// Of so many events (`None`: all), beginning with `start` (`None`: with the visit).
    /// Without `repeats` an event is left out that is called like the one before it.
    ///
    /// # Errors
    /// A depth that is none.
    pub fn new(
        source: Source,
        start: Option<String>,
        depth: Option<i32>,
        repeats: bool,
    ) -> Result<Self, PathError> {
        match depth {
            Some(depth) if depth < 1 => Err(PathError::Depth(depth)),
            _ => Ok(Self {
                source,
                start,
                depth,
                repeats,
            }),
        }
    }

    /// Each path: columns entity, since, path.
    #[must_use]
    pub fn each(&self) -> String {
        let with = self.with();
        format!("{with}\nSELECT entity, since, path FROM path ORDER BY entity, since")
    }

    /// Paths, the most common first: columns path, entities, occurrences, share.
    ///
    /// # Errors
    /// A limit that is none.
    pub fn counted(&self, limit: Option<i32>) -> Result<String, PathError> {
        Ok(format!(
            "{with}
SELECT path, pg_catalog.count(DISTINCT entity) AS entities, pg_catalog.count(*) AS occurrences, {share} AS share
FROM path
GROUP BY path
ORDER BY occurrences DESC, path{limit}",
            with = self.with(),
            share = share(""),
            limit = limited(limit)?,
        ))
    }

    /// Common table expressions, the last of which is `path`.
    fn with(&self) -> String {
        let source = &self.source;
        // What lies before the range matters where it tells where a visit begins.
        let since = match (&self.start, source.gap) {
            (Some(_), _) => source.from,
            (None, Some(gap)) => source.from.map(|from| session::shift(from, -gap)),
            (None, None) => None,
        };
        let mut with = format!("WITH {}", source.events(since));
        let mut last = "event";
        let mut add = |name: &'static str, columns: String, condition: &str| {
            with += &format!(
                ", {name} AS (
    SELECT *, {columns}
    FROM {last}{condition}
)"
            );
            last = name;
        };
        let mut visit = "entity";
        if let Some(gap) = source.gap {
            let before = source.order("entity");
            add(
                "opened",
                format!(
                    "coalesce(at OPERATOR(pg_catalog.>) pganalytics.shift_time(pg_catalog.lag(at) OVER ({before}), {gap}), true) AS opens"
                ),
                "",
            );
            add(
                "visited",
                format!(
                    "pg_catalog.count(*) FILTER (WHERE opens) OVER ({before} ROWS UNBOUNDED PRECEDING) AS visit"
                ),
                "",
            );
            visit = "entity, visit";
        }
        let order = source.order(visit);
        let mut condition = "";
        if let Some(start) = &self.start {
            let is_start = format!(
                "event OPERATOR(pg_catalog.=) {}{}",
                literal(start),
                source.in_range(" AND ", "at")
            );
            add(
                "begun",
                format!(
                    "pg_catalog.bool_or({is_start}) OVER ({order} ROWS UNBOUNDED PRECEDING) AS has_begun"
                ),
                "",
            );
            condition = "\n    WHERE has_begun";
        }
        if !self.repeats {
            add(
                "changed",
                format!(
                    "coalesce(event OPERATOR(pg_catalog.<>) pg_catalog.lag(event) OVER ({order}), true) AS is_new"
                ),
                condition,
            );
            condition = "\n    WHERE is_new";
        }
        add(
            "numbered",
            format!("pg_catalog.row_number() OVER ({order}) AS number"),
            condition,
        );
        let depth = self.depth.map_or(String::new(), |depth| {
            format!("\n    WHERE number OPERATOR(pg_catalog.<=) {depth}")
        });
        // That of a start is asked for where it begins.
        let having = match self.start {
            Some(_) => String::new(),
            None => source.in_range("\n    HAVING ", "pg_catalog.min(at)"),
        };
        with += &format!(
            ", path AS (
    SELECT entity, pg_catalog.min(at) AS since, pg_catalog.array_agg(event ORDER BY number) AS path
    FROM numbered{depth}
    GROUP BY {visit}{having}
)"
        );
        with
    }
}

/// Which event comes directly after which.
#[derive(Clone, Debug)]
pub struct Follows {
    /// The events.
    pub source: Source,
    /// Whether an event that follows one of its name counts.
    pub repeats: bool,
}

impl Follows {
    /// Pairs, the most common first: columns event, next, entities, occurrences, share,
    /// median. The next one is NULL where the visit ends.
    ///
    /// # Errors
    /// A limit that is none.
    pub fn counted(&self, limit: Option<i32>) -> Result<String, PathError> {
        let source = &self.source;
        let next = match source.gap {
            None => "next".to_owned(),
            Some(gap) => format!(
                "CASE WHEN next_at OPERATOR(pg_catalog.<=) pganalytics.shift_time(at, {gap}) THEN next END"
            ),
        };
        let repeats = if self.repeats {
            ""
        } else {
            "\n    WHERE coalesce(event OPERATOR(pg_catalog.<>) next, true)"
        };
        Ok(format!(
            "WITH {events}, followed AS (
    SELECT entity, event, at, pg_catalog.lead(event) OVER following AS next, pg_catalog.lead(at) OVER following AS next_at
    FROM event
    WINDOW following AS ({order})
), pair AS (
    SELECT entity, event, {next} AS next,
           CASE WHEN pg_catalog.isfinite(at) AND pg_catalog.isfinite(next_at) THEN next_at OPERATOR(pg_catalog.-) at END AS wait
    FROM followed{range}
), counted AS (
    SELECT * FROM pair{repeats}
)
SELECT event, next, pg_catalog.count(DISTINCT entity) AS entities, pg_catalog.count(*) AS occurrences, {share} AS share,
       pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) FILTER (WHERE next IS NOT NULL) AS median
FROM counted
GROUP BY event, next
ORDER BY occurrences DESC, event, next{limit}",
            events = source.events(source.from),
            order = source.order("entity"),
            range = source.in_range("\n    WHERE ", "at"),
            share = share("PARTITION BY event"),
            limit = limited(limit)?,
        ))
    }
}

/// What part the rows of a group are of all rows, or of those of a window.
fn share(window: &str) -> String {
    format!(
        "pg_catalog.round(pg_catalog.count(*) OPERATOR(pg_catalog./) pg_catalog.sum(pg_catalog.count(*)) OVER ({window}), 4)"
    )
}

fn limited(limit: Option<i32>) -> Result<String, PathError> {
    match limit {
        Some(limit) if limit < 0 => Err(PathError::Limit),
        Some(limit) => Ok(format!("\nLIMIT {limit}")),
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(gap: Option<i64>) -> Source {
        Source {
            relation: "r".into(),
            entity: "(e)".into(),
            event: "(t)".into(),
            has_position: false,
            from: Some(0),
            to: None,
            gap,
        }
    }

    const HOUR: i64 = 3_600_000_000;

    /// No more of the log is read than the answer needs.
    #[test]
    fn reads_back_as_far_as_visits_may_begin() {
        let since = |start: Option<&str>, gap| {
            let paths = Paths::new(source(gap), start.map(str::to_owned), None, true).unwrap();
            let sql = paths.each();
            sql.split_once("occurred_at OPERATOR(pg_catalog.>=) '")
                .map(|(_, rest)| rest[..19].to_owned())
        };
        assert_eq!(since(None, None), None);
        assert_eq!(since(None, Some(HOUR)).unwrap(), "1999-12-31 23:00:00");
        assert_eq!(since(Some("a"), None).unwrap(), "2000-01-01 00:00:00");
        assert_eq!(since(Some("a"), Some(HOUR)).unwrap(), "2000-01-01 00:00:00");
    }

    #[test]
    fn values_cannot_break_out() {
        let paths = Paths::new(source(None), Some("it's".into()), Some(2), false).unwrap();
        assert!(paths.each().contains("OPERATOR(pg_catalog.=) 'it''s'"));
    }

    #[test]
    fn nonsense_is_refused() {
        let depth = Paths::new(source(None), None, Some(0), true);
        assert_eq!(depth.err(), Some(PathError::Depth(0)));
        let paths = Paths::new(source(None), None, None, true).unwrap();
        assert_eq!(paths.counted(Some(-1)), Err(PathError::Limit));
    }
}
