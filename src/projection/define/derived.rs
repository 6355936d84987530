//! The aggregates that return the states of others, by their names.

use crate::catalog::{names, partials};
use crate::pg::Oid;
use crate::pg::depend::function_goes_with;
use crate::pg::query::AggregateCall;
use crate::pg::security::require_execute;
use pganalytics_core::error::Error;

/// The derived aggregates of one definition.
pub(super) struct Derived<'a> {
    definition: Oid,
    /// Where to make them; `None`: they are there.
    schema: Option<&'a str>,
}

impl<'a> Derived<'a> {
    /// Those of a definition that was understood before.
    pub(super) fn of(definition: Oid) -> Self {
        Self {
            definition,
            schema: None,
        }
    }

    /// Those of a new definition.
    pub(super) fn of_new(definition: Oid, schema: &'a str) -> Self {
        Self {
            definition,
            schema: Some(schema),
        }
    }

    /// Whoever creates a projection must be allowed to run the aggregates it names: what
    /// runs in their place would not ask.
    pub(super) fn check_rights(&self, call: &AggregateCall) {
        if self.schema.is_some() {
            require_execute(call.function);
        }
    }

    /// The one that returns the state of `call`, for a column of the state relation.
    /// It has the number of the definition, also after a restore.
    pub(super) fn aggregate(&self, column: usize, call: &AggregateCall) -> Result<Oid, Error> {
        let definition = names::shown(self.definition);
        let number = definition.rsplit('_').next().unwrap_or_default();
        let name = format!("partial_{number}_{column}");
        let Some(schema) = self.schema else {
            return partials::find(&name).ok_or(Error::MissingPartial {
                name,
                aggregate: call.facts.signature.clone(),
            });
        };
        let made = partials::make(&name, call.function, call.facts.internal, schema)?;
        function_goes_with(made, self.definition);
        Ok(made)
    }
}
