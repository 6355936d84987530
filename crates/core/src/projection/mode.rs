//! Who folds a projection.

use crate::error::Error;

/// When its state takes on new events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Some time later, by the worker.
    Async,
    /// Before the transaction that appends them commits, by that.
    Inline,
}

impl Mode {
    /// The argument of `create_projection`, as the user writes it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "async" => Ok(Self::Async),
            "inline" => Ok(Self::Inline),
            _ => Err(Error::BadArgument {
                message: format!("unrecognized value for \"mode\": \"{text}\""),
                hint: "It is one of 'async' and 'inline'.",
            }),
        }
    }
}
