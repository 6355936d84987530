//! The question to an event table, as SQL.

use super::{FunnelError, Question};
use crate::session::shift;
use crate::sql::{in_range, literal, timestamptz};
use crate::timeline::CONDITIONS;
use crate::window::Width;
use std::fmt::Write;

/// What makes a step.
#[derive(Clone, Debug)]
pub enum Steps {
    /// Events of these types.
    Types(Vec<String>),
    /// What these expressions hold for: each as it was written, and in parentheses.
    Conditions(Vec<(String, String)>),
}

impl Steps {
    /// The name and the SQL of each.
    fn named(&self) -> Vec<(String, String)> {
        let of_type = |name: &String| {
            let condition = format!("(event_type OPERATOR(pg_catalog.=) {})", literal(name));
            (name.clone(), condition)
        };
        match self {
            Self::Types(types) => types.iter().map(of_type).collect(),
            Self::Conditions(conditions) => conditions.clone(),
        }
    }
}

/// A funnel over all entities of a relation. Expressions are SQL, in parentheses; times are
/// PostgreSQL's numbers.
#[derive(Clone, Debug)]
pub struct Funnel {
    /// Its name, quoted.
    pub relation: String,
    /// The steps.
    pub steps: Steps,
    /// The window, as the functions over timelines take it.
    pub window: Width,
    /// Window and modes.
    pub question: Question,
    /// Who enters: from here on.
    pub from: Option<i64>,
    /// Who enters: before this.
    pub to: Option<i64>,
    /// What entities are told apart by.
    pub by: Option<String>,
    /// Whether the relation has a position, which tells the first of several events of a time.
    pub has_position: bool,
    /// Whose events belong together.
    pub entity: String,
    /// Until when events are known.
    pub as_of: i64,
}

impl Funnel {
    /// The query. Its columns are those of `funnel()`.
    ///
    /// # Errors
    /// No steps, or too many.
    pub fn sql(&self) -> Result<String, FunnelError> {
        let steps = self.steps.named();
        if !CONDITIONS.contains(&steps.len()) {
            return Err(FunnelError::Count(steps.len()));
        }
        let conditions = steps
            .iter()
            .enumerate()
            .fold(String::new(), |mut text, (place, step)| {
                let _ = write!(text, ", {} AS s{}", step.1, place + 1);
                text
            });
        let numbered: Vec<_> = (1..=steps.len())
            .map(|number| format!("s{number}"))
            .collect();
        let names: Vec<_> = steps.iter().map(|(name, _)| literal(name)).collect();
        let is_any = if self.question.modes.reads_others() {
            String::new()
        } else {
            format!(" AND ({})", numbered.join(" OR "))
        };
        let by = self.by.as_ref().map_or("NULL", String::as_str);
        let (place, first) = if self.by.is_some() && self.has_position {
            (", \"position\" AS place", "at, place")
        } else {
            ("", "ROW(at, value COLLATE pg_catalog.\"C\")")
        };
        let value = match self.by {
            Some(_) => format!(
                "pganalytics.first(value, {first}) FILTER (WHERE s1{})",
                self.entering("at")
            ),
            None => "NULL::pg_catalog.text".to_owned(),
        };
        let arguments = format!(
            "timeline, {}, {}, {}, {}",
            self.window.sql(),
            literal(&self.question.modes.to_string()),
            self.from.map_or("NULL".to_owned(), timestamptz),
            self.to.map_or("NULL".to_owned(), timestamptz),
        );
        Ok(format!(
            "WITH event AS (
    SELECT {entity} AS entity, occurred_at::pg_catalog.timestamptz AS at{place}, {by}::pg_catalog.text AS value{conditions}
    FROM {relation}
    WHERE {looked_at}
), entity AS (
    SELECT {value} AS value, pganalytics.timeline(at, {s}) AS timeline
    FROM event
    WHERE entity IS NOT NULL{is_any}
    GROUP BY entity
), reached AS MATERIALIZED (
    SELECT value, pganalytics.step_durations({arguments}) AS waits,
           coalesce(pganalytics.open_until({arguments}) OPERATOR(pg_catalog.>=) {as_of}, false) AS is_open
    FROM entity
), counted AS (
    SELECT value, step, name,
           pg_catalog.count(*) FILTER (WHERE level OPERATOR(pg_catalog.>=) step) AS entities,
           pg_catalog.percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waits[step])
               FILTER (WHERE level OPERATOR(pg_catalog.>=) step) AS waits,
           pg_catalog.count(*) FILTER (WHERE level OPERATOR(pg_catalog.=) step AND is_open) AS open,
           pg_catalog.count(*) FILTER (WHERE level OPERATOR(pg_catalog.=) step AND NOT is_open) AS expired
    FROM pg_catalog.unnest(ARRAY[{names}]::pg_catalog.text[]) WITH ORDINALITY AS step (name, step)
    LEFT JOIN (SELECT *, pg_catalog.cardinality(waits) AS level FROM reached) AS entity ON level OPERATOR(pg_catalog.>) 0
    GROUP BY value, step, name
), compared AS (
    SELECT *, pg_catalog.first_value(entities) OVER steps AS first, pg_catalog.lag(entities) OVER steps AS previous
    FROM counted
    WINDOW steps AS (PARTITION BY value ORDER BY step)
)
SELECT value, step::pg_catalog.int4, name, entities,
       CASE WHEN first OPERATOR(pg_catalog.>) 0 THEN pg_catalog.round(entities OPERATOR(pg_catalog./) first::pg_catalog.numeric, 4) END AS of_first,
       CASE WHEN previous OPERATOR(pg_catalog.>) 0 THEN pg_catalog.round(entities OPERATOR(pg_catalog./) previous::pg_catalog.numeric, 4) END AS of_previous,
       waits[1] AS median_time, waits[2] AS p90_time,
       CASE WHEN step OPERATOR(pg_catalog.<) {last} THEN open END AS open,
       CASE WHEN step OPERATOR(pg_catalog.<) {last} THEN expired END AS expired
FROM compared
ORDER BY first DESC, value, step",
            entity = self.entity,
            relation = self.relation,
            looked_at = self.looked_at(),
            s = numbered.join(", "),
            as_of = timestamptz(self.as_of),
            names = names.join(", "),
            last = steps.len(),
        ))
    }

    /// Which events begin a chain that counts.
    fn entering(&self, at: &str) -> String {
        let [from, to] = [self.from, self.to].map(|bound| bound.map(timestamptz));
        in_range(" AND ", at, from, to)
    }

    /// Which events may belong to a chain that counts.
    fn looked_at(&self) -> String {
        let end = self.to.map_or(self.as_of, |to| {
            shift(to, self.question.window).min(self.as_of)
        });
        let begin = in_range(" AND ", "occurred_at", self.from.map(timestamptz), None);
        format!(
            "occurred_at OPERATOR(pg_catalog.<=) {}{begin}",
            timestamptz(end)
        )
    }
}
