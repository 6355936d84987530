//! The aggregates of a query as state columns.

use super::derived::Derived;
use super::distinct::Set;
use super::winner::Rows;
use super::{column, refused};
use crate::pg::Oid;
use crate::pg::query::{AggregateCall, EventSource};
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{
    Aggregate, Component, Merge, PartSource, Side, ignores_repetition, recipe,
};

/// The aggregates met so far and their state columns, each kept once.
pub(super) struct Parts<'a> {
    derived: Derived<'a>,
    /// The state columns of derived aggregates.
    states: Vec<State>,
    pub(super) calls: Vec<Expr>,
    pub(super) aggregates: Vec<Aggregate>,
    /// With the set of values that it aggregates, if not all events.
    pub(super) exprs: Vec<(Option<usize>, Expr)>,
    pub(super) components: Vec<Component>,
    /// The rows that `first` and `last` have found.
    pub(super) rows: Vec<Rows>,
    /// What its aggregates with DISTINCT take.
    pub(super) sets: Vec<Set>,
}

/// A state column: what it is computed from, which state it is, and where it is.
struct State {
    set: Option<usize>,
    input: Expr,
    state: String,
    place: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(derived: Derived<'a>) -> Self {
        Self {
            derived,
            states: vec![],
            calls: vec![],
            aggregates: vec![],
            exprs: vec![],
            components: vec![],
            rows: vec![],
            sets: vec![],
        }
    }

    pub(super) fn add(
        &mut self,
        aggregate: Expr,
        source: &EventSource,
        event_table: Oid,
    ) -> Result<(), Error> {
        if self.calls.iter().any(|call| call.same(aggregate)) {
            return Ok(());
        }
        let call = aggregate.aggregate_call();
        if let Some((construct, hint)) = call.unsupported {
            return refused(construct, hint);
        }
        self.derived.check_rights(&call);
        let state = if let Some(side) = Side::of(&call.facts.schema, &call.facts.name) {
            self.winner(aggregate.of_all(), side, source, event_table)?
        } else if call.distinct && call.collects() {
            self.collected(aggregate, &call)?
        } else {
            self.recipe(aggregate, &call)?
        };
        self.aggregates.push(state);
        self.calls.push(aggregate);
        Ok(())
    }

    fn recipe(&mut self, aggregate: Expr, call: &AggregateCall) -> Result<Aggregate, Error> {
        let recipe = recipe(&call.facts)?;
        let (set, whole) =
            if call.distinct && !ignores_repetition(&call.facts.schema, &call.facts.name) {
                let set = self.set_of(aggregate, &aggregate.arguments())?;
                (Some(set), aggregate.over_values())
            } else {
                (None, aggregate.of_all())
            };
        let mut components = vec![];
        for part in recipe.parts {
            components.push(match part.source {
                PartSource::Own => self.component(set, whole, part.merge),
                PartSource::Other(name) => {
                    self.component(set, whole.part(name, part.input), part.merge)
                }
                PartSource::Derived => self.state(set, whole, call, part.merge)?,
            });
        }
        Ok(Aggregate {
            components,
            finish: recipe.finish,
            sql_type: aggregate.type_sql(false),
            is_hashable: aggregate.is_hashable(),
        })
    }

    /// The state column of an aggregate that needs a derived one; those that differ in
    /// their final functions only share it.
    fn state(
        &mut self,
        set: Option<usize>,
        aggregate: Expr,
        call: &AggregateCall,
        merge: Merge,
    ) -> Result<usize, Error> {
        let input = aggregate.aggregate_input();
        let known = self
            .states
            .iter()
            .find(|known| known.set == set && known.state == call.state && known.input.same(input));
        if let Some(known) = known {
            return Ok(known.place);
        }
        let place = self.exprs.len();
        let derived = self.derived.aggregate(place + 1, call)?;
        self.states.push(State {
            set,
            input,
            state: call.state.clone(),
            place,
        });
        Ok(self.component(set, aggregate.state(derived), merge))
    }

    pub(super) fn component(&mut self, set: Option<usize>, expr: Expr, merge: Merge) -> usize {
        let known = |known: &(Option<usize>, Expr)| known.0 == set && known.1.same(expr);
        if let Some(place) = self.exprs.iter().position(known) {
            return place;
        }
        let place = self.exprs.len();
        self.exprs.push((set, expr));
        self.components.push(Component {
            column: column("c", place, expr, false),
            merge,
        });
        place
    }
}
