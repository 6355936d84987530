//! The aggregates of a query as state columns.

use super::distinct::Set;
use super::winner::Rows;
use super::{column, refused};
use crate::pg::Oid;
use crate::pg::query::{AggregateCall, EventSource};
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Aggregate, Component, Merge, Side, ignores_repetition, recipe};

/// The aggregates met so far and their state columns, each kept once.
#[derive(Default)]
pub(super) struct Parts {
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

impl Parts {
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
        let state = if let Some(side) = Side::of(&call.schema, &call.name) {
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
        let recipe = recipe(
            &call.schema,
            &call.name,
            &call.arguments,
            call.combine.as_deref(),
        )?;
        let (set, whole) = if call.distinct && !ignores_repetition(&call.schema, &call.name) {
            let set = self.set_of(aggregate, &aggregate.arguments())?;
            (Some(set), aggregate.over_values())
        } else {
            (None, aggregate.of_all())
        };
        let components = recipe
            .parts
            .iter()
            .map(|part| self.component(set, whole.part(part), Merge::Function(part.merge.clone())))
            .collect();
        Ok(Aggregate {
            components,
            finish: recipe.finish.into(),
            sql_type: aggregate.type_sql(false),
        })
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
