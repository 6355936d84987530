//! Aggregates with DISTINCT: sets of values, each with a table of those seen, and the
//! state columns that are computed from values not seen before.

use super::parts::Parts;
use super::{column, refused};
use crate::pg::query::{AggregateCall, EventSource, Query};
use crate::pg::tree::Expr;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{Aggregate, Merge, SORTED_ARRAY, Values, sorted_text};

/// Some values whose distinct ones are aggregated.
pub(super) struct Set {
    values: Vec<Expr>,
    filter: Option<Expr>,
}

const HASHABLE: &str = "Cast the values to a type that can be hashed, such as text or numeric.";
const ELEMENTS: &str = "Aggregate a column or expression of a simple type, such as text.";
const CONSTANT: &str = "Give the delimiter as a constant.";
const ARRAY_CAT: &str = "\"pg_catalog\".\"array_cat\"";

impl Parts<'_> {
    /// The number of the set of values that an aggregate takes, made if need be.
    pub(super) fn set_of(&mut self, aggregate: Expr, arguments: &[Expr]) -> Result<usize, Error> {
        let values: Vec<_> = arguments.iter().flat_map(|a| a.as_columns()).collect();
        if let Some(value) = values.iter().find(|value| !value.is_hashable()) {
            return refused(
                format!("DISTINCT over values of type {}", value.type_sql(false)),
                HASHABLE,
            );
        }
        let filter = aggregate.aggregate_filter();
        let same = |left: &[Expr], right: &[Expr]| {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.same(*r))
        };
        let known = self.sets.iter().position(|set| {
            same(&set.values, &values) && same(set.filter.as_slice(), filter.as_slice())
        });
        Ok(known.unwrap_or_else(|| {
            self.sets.push(Set { values, filter });
            self.sets.len() - 1
        }))
    }

    /// `array_agg` or `string_agg`: the state is an array of the values, sorted when read.
    pub(super) fn collected(
        &mut self,
        aggregate: Expr,
        call: &AggregateCall,
    ) -> Result<Aggregate, Error> {
        let arguments = aggregate.arguments();
        if !arguments[0].is_an_element() {
            return refused(
                format!("{}(DISTINCT) of arrays or rows", call.facts.name),
                ELEMENTS,
            );
        }
        let finish = match arguments.get(1).map(|delimiter| delimiter.constant()) {
            None => SORTED_ARRAY.into(),
            Some(Some(delimiter)) => {
                sorted_text(delimiter.as_deref(), &arguments[1].type_sql(false))
            }
            Some(None) => {
                return refused(
                    format!("{}(DISTINCT) with a delimiter that varies", call.facts.name),
                    CONSTANT,
                );
            }
        };
        let set = self.set_of(aggregate, &arguments[..1])?;
        // (Never merged but two by two: sessions have no DISTINCT.)
        let merge = Merge::function(ARRAY_CAT, &call.facts.signature);
        let component = self.component(Some(set), aggregate.collected(), merge);
        Ok(Aggregate {
            components: vec![component],
            finish,
            sql_type: aggregate.type_sql(false),
            is_hashable: aggregate.is_hashable(),
        })
    }

    /// The sets of values, for the generation of this number.
    pub(super) fn values(
        &self,
        query: &Query,
        source: &EventSource,
        generation: i32,
    ) -> Vec<Values> {
        let of = |(index, set): (usize, &Set)| {
            let components = self.components_of(Some(index));
            let parts: Vec<_> = components.iter().map(|c| self.exprs[*c].1).collect();
            let fresh = Values::fresh(index);
            let columns = set.values.iter().enumerate();
            Values {
                table: Values::table_of(generation, index),
                columns: columns.map(|(i, v)| column("v", i, *v, false)).collect(),
                found: query.found(source, &set.values, set.filter),
                aggregated: query.aggregated(&fresh, set.values.len(), &parts, true),
                nothing: query.aggregated(&fresh, set.values.len(), &parts, false),
                components,
            }
        };
        self.sets.iter().enumerate().map(of).collect()
    }

    /// The state columns that are computed from a set, or (`None`) from all events.
    pub(super) fn components_of(&self, set: Option<usize>) -> Vec<usize> {
        (0..self.exprs.len())
            .filter(|i| self.exprs[*i].0 == set)
            .collect()
    }
}
