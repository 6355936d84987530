//! What every error of this crate tells PostgreSQL besides its message.
//!
//! The logic keeps small error enums next to itself; the boundary turns each of
//! them into one report, so that callers act on the SQLSTATE and never parse text.

/// An error that a user can cause, as PostgreSQL reports it. The primary message
/// is the `Display` form: lower case, without a full stop.
pub trait UserError: std::error::Error {
    /// The five characters of the SQLSTATE.
    fn sqlstate(&self) -> &'static str;

    /// The numbers behind the message, as a whole sentence.
    fn detail(&self) -> Option<String> {
        None
    }

    /// What to do about it, as a whole sentence.
    fn hint(&self) -> Option<String> {
        None
    }
}
