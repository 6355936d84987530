//! From a query to the shape of a projection, or the reason why it has none.

use crate::catalog::{event_tables, names};
use crate::pg::Oid;
use crate::pg::query::{OutputFault, Query};
use crate::pg::spi::{self, Arg, Under};
use crate::pg::tree::{Contents, Expr};
use pganalytics_core::error::Error;
use pganalytics_core::projection::{
    Aggregate, Column, Component, Shape, reads_the_session, recipe,
};

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

fn contents(query: &Query) -> Contents {
    let outputs = query.outputs().into_iter().map(|output| output.expr);
    let parts = outputs
        .chain(query.keys())
        .chain(query.having())
        .chain(query.filter());
    parts.fold(Contents::default(), |mut all, expr| {
        let some = expr.contents();
        all.functions.extend(some.functions);
        all.columns.extend(some.columns);
        all.session_value |= some.session_value;
        all
    })
}

fn check_contents(read: &Contents) -> Result<(), Error> {
    if read.session_value {
        return refused(
            "a keyword that reads the clock or the user",
            "Use the event's own columns, such as occurred_at.",
        );
    }
    if read.columns.iter().any(|c| *c <= 0) {
        return refused(
            "a whole row or system column",
            "Name the columns that you need.",
        );
    }
    let mut functions: Vec<_> = read.functions.iter().map(|f| f.to_u32()).collect();
    functions.sort_unstable();
    functions.dedup();
    for function in functions {
        check_function(Oid::from(function))?;
    }
    Ok(())
}

fn check_function(function: Oid) -> Result<(), Error> {
    let row = &spi::run(
        "SELECT p.proname, p.provolatile, p.pronargs, n.nspname FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
         WHERE p.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(function)],
        Under::Active,
    )[0];
    let name = row.known(0);
    match row.known(1) {
        "i" => Ok(()),
        "s" if row.known(3) != "pg_catalog" => refused(
            format!("function {name}(), which is declared STABLE,"),
            "Declare it IMMUTABLE if its result depends on nothing but its arguments.",
        ),
        "s" if !reads_the_session(name, row.number(2)) => Ok(()),
        "s" => refused(
            format!("function {name}(), which reads the clock or the session,"),
            "Use the event's own columns, such as occurred_at, and compare with now() when you read.",
        ),
        _ => refused(
            format!("volatile function {name}()"),
            "A projection must have the same result whenever it is computed.",
        ),
    }
}

fn column_names(table: Oid, numbers: &[i16]) -> Vec<String> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let list: Vec<_> = numbers.iter().map(i16::to_string).collect();
    spi::run(
        "SELECT attname FROM pg_catalog.pg_attribute \
         WHERE attrelid OPERATOR(pg_catalog.=) $1 AND attnum OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.int2[]) \
         ORDER BY attnum",
        vec![Arg::Oid(table), Arg::Text(&format!("{{{}}}", list.join(",")))],
        Under::Active,
    )
    .iter()
    .map(|row| row.known(0).to_owned())
    .collect()
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
        delta: query.delta(&parts.exprs),
        components: parts.components,
        aggregates: parts.aggregates,
        output,
        outputs: query.outputs().into_iter().map(|o| o.name).collect(),
    })
}

/// The aggregates met so far and their state columns, each kept once.
#[derive(Default)]
struct Parts {
    calls: Vec<Expr>,
    aggregates: Vec<Aggregate>,
    exprs: Vec<Expr>,
    components: Vec<Component>,
}

impl Parts {
    fn add(&mut self, aggregate: Expr) -> Result<(), Error> {
        if self.calls.iter().any(|call| call.same(aggregate)) {
            return Ok(());
        }
        let call = aggregate.aggregate_call();
        if let Some((construct, hint)) = call.unsupported {
            return refused(construct, hint);
        }
        let recipe = recipe(
            &call.schema,
            &call.name,
            &call.arguments,
            call.combine.as_deref(),
        )?;
        let components = recipe
            .parts
            .iter()
            .map(|part| self.component(aggregate.part(part), &part.merge))
            .collect();
        self.aggregates.push(Aggregate {
            components,
            finish: recipe.finish,
            sql_type: aggregate.type_sql(false),
        });
        self.calls.push(aggregate);
        Ok(())
    }

    fn component(&mut self, expr: Expr, merge: &str) -> usize {
        if let Some(place) = self.exprs.iter().position(|known| known.same(expr)) {
            return place;
        }
        let place = self.exprs.len();
        self.exprs.push(expr);
        self.components.push(Component {
            column: column("c", place, expr, false),
            merge: merge.into(),
        });
        place
    }
}
