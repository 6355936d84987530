//! A session window among the group keys.

use super::parts::Parts;
use super::refused;
use crate::pg::query::{EventSource, Query, SessionKey};
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Column, Kind, SESSION, Sessions};
use pganalytics_core::session::{GAP_HINT, gap};

/// The session key of a query, or why there can be none.
pub(super) fn session_key(query: &Query) -> Result<Option<SessionKey>, Error> {
    let mut calls = query.session_calls();
    if calls.stray {
        return refused(
            "session() as anything but a whole GROUP BY key",
            "Group by session(…), and use that value in the target list: lower(session(…)), upper(session(…)).",
        );
    }
    if calls.keys.len() > 1 {
        return refused(
            "GROUP BY of more than one session()",
            "Make a projection for each of them.",
        );
    }
    Ok(calls.keys.pop())
}

/// The kind and the delta query of a projection with a session key; `columns` are
/// those of all keys.
pub(super) fn sessions(
    query: &Query,
    source: &EventSource,
    key: &SessionKey,
    columns: &[Column],
    parts: &Parts,
    exprs: &[Expr],
) -> Result<(Kind, String), Error> {
    if !parts.sets.is_empty() {
        return refused(
            "DISTINCT in an aggregate over sessions",
            "Count with approx_count_distinct().",
        );
    }
    let Some(gap) = key.gap.and_then(gap) else {
        return refused(
            "session() with a gap that is no constant time above zero",
            GAP_HINT,
        );
    };
    let others: Vec<_> = query
        .keys()
        .into_iter()
        .zip(columns)
        .filter(|(_, column)| column.name != SESSION)
        .map(|(key, column)| (key, column.name.clone()))
        .collect();
    let queries = query.sessions(source, &others, key.time, exprs);
    let (time_type, range) = if key.has_zone {
        ("timestamp with time zone", "pg_catalog.tstzrange")
    } else {
        ("timestamp without time zone", "pg_catalog.tsrange")
    };
    let kind = Kind::Sessions(Sessions {
        time_type,
        range,
        gap,
        events: queries.events,
    });
    Ok((kind, queries.groups))
}
