//! From a query to the shape of a projection, or the reason why it has none.

mod contents;
mod parts;
mod session;

use crate::catalog::{event_tables, names};
use crate::pg::Oid;
use crate::pg::query::{OutputFault, Query};
use crate::pg::tree::Expr;
use contents::{check_contents, column_names, contents};
use parts::Parts;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Column, Kind, SESSION, Shape};
use session::{session_key, sessions};

/// A projection's query, understood.
pub struct Definition {
    pub event_table: Oid,
    /// The columns of the event table that it reads.
    pub columns: Vec<String>,
    pub shape: Shape,
}

const IN_A_VIEW: &str = "Put it into a view or query on top of the projection.";
const MOST_KEYS: usize = 32;

fn refused<T>(construct: impl Into<String>, hint: &'static str) -> Result<T, Error> {
    Err(Error::Unsupported {
        construct: construct.into(),
        hint,
    })
}

/// Understands the query that the view `definition` holds.
pub fn define(definition: Oid) -> Result<Definition, Error> {
    let query = Query::of_view(definition);
    if let Some(construct) = query.unsupported() {
        return refused(construct, IN_A_VIEW);
    }
    let Some(event_table) = query.table() else {
        return refused(
            "FROM with anything but one event table",
            "Select from exactly one event table; join and filter its projections in a view on top.",
        );
    };
    if !event_tables::exists(event_table) {
        return Err(Error::UnknownEventTable {
            name: names::shown(event_table),
        });
    }
    if query.is_stateless() {
        return refused(
            "a query without GROUP BY or aggregate",
            "Aggregate the events, or read the event table itself.",
        );
    }
    let read = contents(&query);
    check_contents(&read)?;
    Ok(Definition {
        event_table,
        columns: column_names(event_table, &read.columns),
        shape: shape(&query)?,
    })
}

fn column(prefix: &str, number: usize, expr: Expr, modifier: bool) -> Column {
    Column {
        name: format!("{prefix}{}", number + 1),
        sql_type: expr.type_sql(modifier),
        collation: expr.collation_sql(),
    }
}

fn shape(query: &Query) -> Result<Shape, Error> {
    let keys = query.keys();
    if keys.len() > MOST_KEYS {
        return refused(
            format!("GROUP BY of more than {MOST_KEYS} keys"),
            "Combine keys into one, such as an array.",
        );
    }
    let session = session_key(query)?;
    let mut parts = Parts::default();
    for expr in query
        .outputs()
        .into_iter()
        .map(|o| o.expr)
        .chain(query.having())
    {
        for aggregate in expr.aggregates() {
            parts.add(aggregate)?;
        }
    }
    let mut columns: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(i, key)| column("k", i, *key, true))
        .collect();
    if let Some(key) = &session {
        columns[key.place].name = SESSION.into();
    }
    let mut from = keys.clone();
    from.extend(&parts.calls);
    let mut names: Vec<_> = columns.iter().map(|k| k.name.clone()).collect();
    names.extend((1..=parts.calls.len()).map(|i| format!("a{i}")));
    let output = query.output(&from, &names).or_else(|fault| match fault {
        OutputFault::Ungrouped(name) => refused(
            format!("output \"{name}\", which reads a column that is not grouped,"),
            "Add the column to GROUP BY.",
        ),
        OutputFault::DependsOnSession(name) => refused(
            format!("output \"{name}\", whose value depends on settings of the reader,"),
            "Group by the whole expression, or return its inputs and compute it in a view on top.",
        ),
    })?;
    let (kind, delta) = match &session {
        Some(key) => sessions(query, key, &columns, &parts.exprs)?,
        None => (Kind::Grouped, query.delta(&parts.exprs)),
    };
    // The session is kept apart from the other keys.
    let places = (0..keys.len()).filter(|i| columns[*i].name != SESSION);
    let (keys, columns): (Vec<_>, Vec<_>) = places.map(|i| (keys[i], columns[i].clone())).unzip();
    Ok(Shape {
        kind,
        hashable: (0..keys.len()).filter(|i| keys[*i].is_hashable()).collect(),
        keys: columns,
        delta,
        components: parts.components,
        aggregates: parts.aggregates,
        output,
        outputs: query.outputs().into_iter().map(|o| o.name).collect(),
    })
}
