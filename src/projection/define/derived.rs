//! The aggregates that return the states of others, by their names.

use crate::catalog::partials;
use crate::pg::Oid;
use crate::pg::depend::function_goes_with;
use crate::pg::query::AggregateCall;
use crate::pg::security::require_execute;
use pganalytics_core::error::Error;

/// Who makes derived aggregates.
pub struct Maker {
    /// The owner of the projection, who runs them.
    pub owner: Oid,
    /// A schema where the owner may make things.
    pub schema: String,
}

/// The derived aggregates of one generation.
pub(super) struct Derived<'a> {
    definition: Oid,
    pub(super) generation: i32,
    /// `None`: they are there.
    maker: Option<&'a Maker>,
}

impl<'a> Derived<'a> {
    /// Those of a generation that was understood before.
    pub(super) fn of(definition: Oid, generation: i32) -> Self {
        Self {
            definition,
            generation,
            maker: None,
        }
    }

    /// Those of a new generation.
    pub(super) fn of_new(definition: Oid, generation: i32, maker: &'a Maker) -> Self {
        Self {
            definition,
            generation,
            maker: Some(maker),
        }
    }

    /// Whoever owns a projection must be allowed to run the aggregates it names: what
    /// runs in their place would not ask.
    pub(super) fn check_rights(&self, call: &AggregateCall) {
        if let Some(maker) = self.maker {
            require_execute(call.function, maker.owner);
        }
    }

    /// The one that returns the state of `call`, for a column of the state relation.
    pub(super) fn aggregate(&self, column: usize, call: &AggregateCall) -> Result<Oid, Error> {
        let name = format!("partial_{}_{column}", self.generation);
        let Some(maker) = self.maker else {
            return partials::find(&name).ok_or(Error::MissingPartial {
                name,
                aggregate: call.facts.signature.clone(),
            });
        };
        let internal = call.facts.internal;
        let made = partials::make(&name, call.function, internal, &maker.schema, maker.owner)?;
        function_goes_with(made, self.definition);
        Ok(made)
    }
}
