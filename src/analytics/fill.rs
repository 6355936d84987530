//! Filling of gaps, declared in `sql/44_fill_gaps.sql`.

use pganalytics_core::error::Error;
use pganalytics_core::fill::{self, Column, Kind, Question};
use pgrx::prelude::*;

use super::question::{required, texts};
use super::window::width as of_interval;
use crate::catalog::names::sql_name;
use crate::pg::Oid;
use crate::pg::error::{ErrorReport, report};
use crate::pg::naming::sql_type;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Under};

/// The query that `fill_gaps` runs.
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn fill_gaps_query(
    relation: Option<Oid>,
    time_column: Option<&str>,
    width: Option<Interval>,
    from: Option<i64>,
    to: Option<i64>,
    method: Option<&str>,
    timezone: Option<&str>,
    by: Option<Array<&[u8]>>,
) -> Result<String, ErrorReport> {
    let relation = required(relation, "relation")?;
    let by: Option<Vec<_>> = texts(by)?.unwrap_or_default().into_iter().collect();
    let columns = columns(relation);
    if columns.is_empty() {
        return Err(report(Error::BadArgument {
            message: "the first argument has no row type of a table or view".into(),
            hint: "Give a NULL of its type, as in fill_gaps(NULL::daily, …).",
        }));
    }
    let question = Question {
        relation: &sql_name(relation),
        columns: &columns,
        time: required(time_column, "time_column")?,
        width: of_interval(required(width, "width")?),
        from,
        to,
        method: required(method, "method")?,
        timezone,
        by: &required(by, "by")?,
    };
    fill::fill_gaps(&question).map_err(report)
}

/// The columns of a relation that has rows; a domain counts as what it is over.
fn columns(relation: Oid) -> Vec<Column> {
    let _path = Settings::pin(ONLY_BUILT_IN);
    let rows = spi::run(
        "SELECT a.attname, a.atttypid, a.atttypmod, \
                (WITH RECURSIVE base AS ( \
                     SELECT t.typname, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid \
                     UNION ALL SELECT t.typname, t.typtype, t.typbasetype FROM base JOIN pg_type t ON t.oid = base.typbasetype) \
                 SELECT typname FROM base WHERE typtype <> 'd') \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
         WHERE c.oid = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped \
         ORDER BY a.attnum",
        vec![Arg::Oid(relation)],
        Under::Active,
    );
    let column = |row: &spi::Row| Column {
        name: row.known(0).into(),
        sql_type: sql_type(row.oid(1), row.number(2)),
        kind: Kind::of(row.known(3)),
    };
    rows.iter().map(column).collect()
}
