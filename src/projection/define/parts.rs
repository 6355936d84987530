//! The aggregates of a query as state columns.

use super::derived::Derived;
use super::{column, refused};
use crate::pg::query::AggregateCall;
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Aggregate, Component, Merge, PartSource, recipe};

/// The aggregates met so far and their state columns, each kept once.
pub(super) struct Parts<'a> {
    derived: Derived<'a>,
    /// The state columns of derived aggregates: what they are run on, which state it is.
    states: Vec<(Expr, String, usize)>,
    pub(super) calls: Vec<Expr>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) exprs: Vec<Expr>,
    pub(super) components: Vec<Component>,
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
        }
    }

    pub(super) fn add(&mut self, aggregate: Expr) -> Result<(), Error> {
        if self.calls.iter().any(|call| call.same(aggregate)) {
            return Ok(());
        }
        let call = aggregate.aggregate_call();
        if let Some((construct, hint)) = call.unsupported {
            return refused(construct, hint);
        }
        self.derived.check_rights(&call);
        let recipe = recipe(&call.facts)?;
        let mut components = vec![];
        for part in recipe.parts {
            components.push(match part.source {
                PartSource::Own => self.component(aggregate, part.merge),
                PartSource::Other(name) => {
                    self.component(aggregate.part(name, part.input), part.merge)
                }
                PartSource::Derived => self.state(aggregate, &call, part.merge)?,
            });
        }
        self.aggregates.push(Aggregate {
            components,
            finish: recipe.finish,
            sql_type: aggregate.type_sql(false),
        });
        self.calls.push(aggregate);
        Ok(())
    }

    /// The state column of an aggregate that needs a derived one; those that differ in
    /// their final functions only share it.
    fn state(
        &mut self,
        aggregate: Expr,
        call: &AggregateCall,
        merge: Merge,
    ) -> Result<usize, Error> {
        let input = aggregate.aggregate_input();
        let known = self
            .states
            .iter()
            .find(|(other, state, _)| other.same(input) && *state == call.state);
        if let Some((_, _, place)) = known {
            return Ok(*place);
        }
        let place = self.exprs.len();
        let derived = self.derived.aggregate(place + 1, call)?;
        self.states.push((input, call.state.clone(), place));
        Ok(self.component(aggregate.state(derived), merge))
    }

    fn component(&mut self, expr: Expr, merge: Merge) -> usize {
        if let Some(place) = self.exprs.iter().position(|known| known.same(expr)) {
            return place;
        }
        let place = self.exprs.len();
        self.exprs.push(expr);
        self.components.push(Component {
            column: column("c", place, expr, false),
            merge,
        });
        place
    }
}
