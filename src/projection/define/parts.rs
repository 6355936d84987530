//! The aggregates of a query as state columns.

use super::winner::Rows;
use super::{column, refused};
use crate::pg::Oid;
use crate::pg::query::Query;
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Aggregate, Component, Merge, Side, recipe};

/// The aggregates met so far and their state columns, each kept once.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) calls: Vec<Expr>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) exprs: Vec<Expr>,
    pub(super) components: Vec<Component>,
    /// The rows that `first` and `last` have found.
    pub(super) rows: Vec<Rows>,
}

impl Parts {
    pub(super) fn add(
        &mut self,
        aggregate: Expr,
        query: &Query,
        event_table: Oid,
    ) -> Result<(), Error> {
        if self.calls.iter().any(|call| call.same(aggregate)) {
            return Ok(());
        }
        let call = aggregate.aggregate_call();
        if let Some((construct, hint)) = call.unsupported {
            return refused(construct, hint);
        }
        if let Some(side) = Side::of(&call.schema, &call.name) {
            return self.add_winner(aggregate, side, query, event_table);
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
            .map(|part| self.component(aggregate.part(part), Merge::Function(part.merge.clone())))
            .collect();
        self.aggregates.push(Aggregate {
            components,
            finish: recipe.finish.into(),
            sql_type: aggregate.type_sql(false),
        });
        self.calls.push(aggregate);
        Ok(())
    }

    pub(super) fn component(&mut self, expr: Expr, merge: Merge) -> usize {
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
