//! What support functions of aggregates have in common.

use pganalytics_core::error::UserError;
use thiserror::Error;

/// Someone called a support function without an aggregate around it.
#[derive(Debug, Error)]
#[error("aggregate support function called outside of an aggregate")]
pub(super) struct OutsideAggregate;

impl UserError for OutsideAggregate {
    fn sqlstate(&self) -> &'static str {
        "55000"
    }
}
