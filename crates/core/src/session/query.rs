//! The query behind `sessions()`: the sessions of an event table.
//!
//! Those that begin in `[from, to)`, whole: they may end after `to`. So that no session
//! begins where one merely goes on, events are read from one gap before `from`; and to
//! the end of the log, for nobody knows how far the last session reaches. An event without a
//! time or an entity is in none. First and last event are those by time, then by position.

use crate::session::shift;
use crate::sql::{in_range, timestamptz};
use crate::window::Width;

/// What is asked.
pub struct Sessions<'a> {
    /// The event table, as SQL.
    pub table: &'a str,
    /// The entity, as an expression over its columns.
    pub entity: &'a str,
    /// Whether it has a column `position`.
    pub has_position: bool,
    /// In microseconds, above zero.
    pub gap: i64,
    /// When sessions begin at the earliest.
    pub from: Option<i64>,
    /// When they have begun.
    pub to: Option<i64>,
}

impl Sessions<'_> {
    /// The query: entity, session, start, end, length, events, first and last event.
    #[must_use]
    pub fn sql(&self) -> String {
        let (table, entity) = (self.table, self.entity);
        let gap = Width {
            micros: self.gap,
            ..Width::default()
        }
        .sql();
        let ties = if self.has_position {
            "e.position"
        } else {
            "e.event_type"
        };
        let reach = self.from.map(|from| timestamptz(shift(from, -self.gap)));
        let since = in_range(" AND ", "e.occurred_at", reach, None);
        let [from, to] = [self.from, self.to].map(|bound| bound.map(timestamptz));
        let having = in_range("\n    HAVING ", "pg_catalog.min(e.at)", from, to);
        format!(
            "SELECT s.entity, pg_catalog.row_number() OVER (PARTITION BY s.entity ORDER BY s.session) AS session, \
s.start, s.\"end\", \
CASE WHEN s.\"end\" OPERATOR(pg_catalog.=) s.start THEN '0'::pg_catalog.interval ELSE s.\"end\" OPERATOR(pg_catalog.-) s.start END AS length, \
s.events, s.first_event, s.last_event
FROM (
    SELECT e.entity, e.session, pg_catalog.min(e.at) AS start, pg_catalog.max(e.at) AS \"end\", pg_catalog.count(*) AS events, \
pganalytics.first(e.event_type, e.place) AS first_event, pganalytics.last(e.event_type, e.place) AS last_event
    FROM (
        SELECT e.entity, e.at, e.event_type, \
pganalytics.sessionize(e.at, {gap}) OVER w AS session, \
pg_catalog.row_number() OVER w AS place
        FROM (
            SELECT {entity}::pg_catalog.text AS entity, e.occurred_at::pg_catalog.timestamptz AS at, e.event_type::pg_catalog.text AS event_type, {ties} AS tie
            FROM {table} AS e
            WHERE e.occurred_at IS NOT NULL{since}
        ) AS e
        WHERE e.entity IS NOT NULL
        WINDOW w AS (PARTITION BY e.entity ORDER BY e.at, e.tie)
    ) AS e
    GROUP BY e.entity, e.session{having}
) AS s"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_matter_is_read() {
        let mut asked = Sessions {
            table: "\"public\".\"events\"",
            entity: "(aggregate_id\n)",
            has_position: true,
            gap: 1_800_000_000,
            from: None,
            to: None,
        };
        let all = asked.sql();
        assert!(all.contains("sessionize(e.at, '00:30:00'::pg_catalog.interval)"));
        assert!(all.contains("e.position AS tie"));
        assert!(!all.contains("HAVING") && !all.contains(">="));
        (asked.from, asked.to, asked.has_position) = (Some(0), Some(86_400_000_000), false);
        let day = asked.sql();
        for part in [
            "e.occurred_at OPERATOR(pg_catalog.>=) '1999-12-31 23:30:00+00'::pg_catalog.timestamptz",
            "HAVING pg_catalog.min(e.at) OPERATOR(pg_catalog.>=) '2000-01-01 00:00:00+00'::pg_catalog.timestamptz \
             AND pg_catalog.min(e.at) OPERATOR(pg_catalog.<) '2000-01-02 00:00:00+00'::pg_catalog.timestamptz",
            "e.event_type AS tie",
        ] {
            assert!(day.contains(part), "{part}\n{day}");
        }
    }
}
