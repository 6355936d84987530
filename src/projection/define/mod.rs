//! From a query to the shape of a projection, or the reason why it has none.

mod contents;
mod distinct;
mod parts;
mod winner;

use crate::catalog::{event_tables, names};
use crate::pg::Oid;
use crate::pg::query::{OutputFault, Query};
use crate::pg::tree::Expr;
use contents::{check_contents, column_names, contents};
use parts::Parts;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Column, Merge, Shape};
use winner::POSITION;

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

/// Understands the query that the view `definition` holds, the query
/// of projection number `projection`.
pub fn define(definition: Oid, projection: i32) -> Result<Definition, Error> {
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
    let shape = shape(&query, event_table, projection)?;
    let mut columns = column_names(event_table, &read.columns);
    let mut merges = shape.components.iter().map(|c| &c.merge);
    if merges.any(|merge| matches!(merge, Merge::Winner(_)))
        && !columns.iter().any(|c| c == POSITION)
    {
        columns.push(POSITION.into());
    }
    Ok(Definition {
        event_table,
        columns,
        shape,
    })
}

fn column(prefix: &str, number: usize, expr: Expr, modifier: bool) -> Column {
    Column {
        name: format!("{prefix}{}", number + 1),
        sql_type: expr.type_sql(modifier),
        collation: expr.collation_sql(),
    }
}

fn shape(query: &Query, event_table: Oid, projection: i32) -> Result<Shape, Error> {
    let keys = query.keys();
    if keys.len() > MOST_KEYS {
        return refused(
            format!("GROUP BY of more than {MOST_KEYS} keys"),
            "Combine keys into one, such as an array.",
        );
    }
    let mut parts = Parts::default();
    for expr in query
        .outputs()
        .into_iter()
        .map(|o| o.expr)
        .chain(query.having())
    {
        for aggregate in expr.aggregates() {
            parts.add(aggregate, query, event_table)?;
        }
    }
    let plain = parts.components_of(None);
    let plain: Vec<_> = plain.iter().map(|c| parts.exprs[*c].1).collect();
    let columns: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(i, key)| column("k", i, *key, true))
        .collect();
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
    Ok(Shape {
        hashable: (0..keys.len()).filter(|i| keys[*i].is_hashable()).collect(),
        keys: columns,
        values: parts.values(query, projection),
        delta: query.delta(&plain),
        components: parts.components,
        aggregates: parts.aggregates,
        output,
        outputs: query.outputs().into_iter().map(|o| o.name).collect(),
    })
}
