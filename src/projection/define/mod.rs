//! From a query to the shape of a projection, or the reason why it has none.

mod contents;
mod derived;
mod distinct;
mod parts;
mod session;
mod source;
mod stateless;
mod winner;

use crate::pg::Oid;
use crate::pg::query::{AS_DEPARSED, EventSource, Output, OutputFault, Query, SessionKey};
use crate::pg::security::{ActingAs, Settings};
use crate::pg::spi;
use crate::pg::tree::Expr;
use contents::check_contents;
use derived::Derived;
pub use derived::Maker;
use parts::Parts;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Column, Kind, Merge, SESSION, Shape};
use session::{session_key, sessions};
use source::Source;
use stateless::Own;
use winner::POSITION;

/// A projection's query, understood.
pub struct Definition {
    pub event_table: Oid,
    /// The columns of the table expression that stands for the event table, as SQL.
    pub columns: Vec<String>,
    /// The other tables that it reads.
    pub lookups: Vec<Oid>,
    pub shape: Shape,
}

const MOST_KEYS: usize = 32;

fn refused<T>(construct: impl Into<String>, hint: &'static str) -> Result<T, Error> {
    Err(Error::Unsupported {
        construct: construct.into(),
        hint,
    })
}

/// Understands the query that the view `definition` holds, for the generation of
/// this number.
pub fn define(definition: Oid, generation: i32) -> Result<Definition, Error> {
    define_with(definition, Derived::of(definition, generation))
}

/// Understands it for a new generation, and makes the aggregates that its state needs.
pub fn define_new(definition: Oid, generation: i32, maker: &Maker) -> Result<Definition, Error> {
    let defined = define_with(definition, Derived::of_new(definition, generation, maker))?;
    try_constants(definition, maker);
    Ok(defined)
}

/// A constant that the extension's functions do not take, such as a bad pattern, would fail on
/// every event: its error is raised now.
fn try_constants(definition: Oid, maker: &Maker) {
    let _owner = ActingAs::new(maker.owner);
    let _settings = Settings::pin(AS_DEPARSED);
    for call in Query::of_view(definition).constant_calls() {
        spi::probe(&call);
    }
}

fn define_with(definition: Oid, derived: Derived) -> Result<Definition, Error> {
    let query = Query::of_view(definition);
    if let Some((construct, hint)) = query.unsupported() {
        return refused(construct, hint);
    }
    let source = Source::of(&query)?;
    let mut read = query.contents();
    check_contents(&read)?;
    let session = session_key(&query)?;
    let own = if query.is_stateless() {
        let own = Own::of(source.event_table)?;
        own.read(source.index, &mut read);
        Some(own)
    } else {
        None
    };
    let mut columns = source.columns(&query, &read);
    let names = columns.names();
    let events = EventSource {
        index: source.index,
        names: &names,
    };
    let shape = match own {
        Some(own) => stateless::shape(&query, &events, &own)?,
        None => shape(&query, &events, source.event_table, session, derived)?,
    };
    let mut merges = shape.components.iter().map(|c| &c.merge);
    if merges.any(|merge| matches!(merge, Merge::Winner(_))) {
        columns.read(POSITION);
    }
    Ok(Definition {
        event_table: source.event_table,
        columns: columns.sql(),
        lookups: source.lookups,
        shape,
    })
}

fn set_returning<T>() -> Result<T, Error> {
    refused(
        "a set-returning function that is not a whole item of FROM or GROUP BY",
        "Put it into FROM, as in FROM events e, unnest(e.tags) AS tag.",
    )
}

fn column(prefix: &str, number: usize, expr: Expr, modifier: bool) -> Column {
    Column {
        name: format!("{prefix}{}", number + 1),
        sql_type: expr.type_sql(modifier),
        collation: expr.collation_sql(),
    }
}

fn shape(
    query: &Query,
    source: &EventSource,
    event_table: Oid,
    session: Option<SessionKey>,
    derived: Derived,
) -> Result<Shape, Error> {
    let keys = query.keys();
    if keys.len() > MOST_KEYS {
        return refused(
            format!("GROUP BY of more than {MOST_KEYS} keys"),
            "Combine keys into one, such as an array.",
        );
    }
    if keys.iter().any(|key| key.has_set_inside()) {
        return set_returning();
    }
    let generation = derived.generation;
    let mut parts = Parts::new(derived);
    for expr in query
        .outputs()
        .into_iter()
        .map(|o| o.expr)
        .chain(query.having())
    {
        for aggregate in expr.aggregates() {
            parts.add(aggregate, source, event_table)?;
        }
    }
    let plain = parts.components_of(None);
    let plain: Vec<_> = plain.iter().map(|c| parts.exprs[*c].1).collect();
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
    let mut labels = labels(query, &from, &names);
    let output = query.output(&from, &names).or_else(|fault| match fault {
        OutputFault::Ungrouped(name) => refused(
            format!("output \"{name}\", which reads a column that is not grouped,"),
            "Add the column to GROUP BY.",
        ),
        OutputFault::ReturnsSet => set_returning(),
        OutputFault::DependsOnSession(name) => refused(
            format!("output \"{name}\", whose value depends on settings of the reader,"),
            "Put it into the aggregate, as in max(occurred_at::date), group by the whole expression, or compute it in a view on top.",
        ),
    })?;
    let (kind, delta) = match &session {
        Some(key) => sessions(query, source, key, &columns, &parts, &plain)?,
        None => (Kind::Grouped, query.delta(source, &plain)),
    };
    // The session is kept apart from the other keys, behind them.
    if let Some(key) = &session {
        labels[key.place..keys.len()].rotate_left(1);
    }
    let places = (0..keys.len()).filter(|i| columns[*i].name != SESSION);
    let (keys, columns): (Vec<_>, Vec<_>) = places.map(|i| (keys[i], columns[i].clone())).unzip();
    Ok(Shape {
        kind,
        hashable: (0..keys.len()).filter(|i| keys[*i].is_hashable()).collect(),
        keys: columns,
        values: parts.values(query, source, generation),
        delta,
        fans_out: query.fans_out(),
        components: parts.components,
        aggregates: parts.aggregates,
        labels,
        output,
        outputs: query.outputs().into_iter().map(|o| o.name).collect(),
    })
}

/// The output that each expression is or, if an aggregate, is part of; else its name
/// in the state.
fn labels(query: &Query, exprs: &[Expr], names: &[String]) -> Vec<String> {
    let outputs = query.outputs();
    let label = |(expr, name): (&Expr, &String)| {
        let is = outputs.iter().find(|output| output.expr.same(*expr));
        let part = |output: &Output| {
            let aggregates = output.expr.aggregates();
            let place = aggregates.iter().position(|part| part.same(*expr))?;
            Some(match aggregates.len() {
                1 => output.name.clone(),
                _ => format!("part {} of {}", place + 1, output.name),
            })
        };
        is.map(|output| output.name.clone())
            .or_else(|| outputs.iter().find_map(part))
            .unwrap_or_else(|| name.clone())
    };
    exprs.iter().zip(names).map(label).collect()
}
