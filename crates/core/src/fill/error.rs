//! What is wrong with a question of `fill_gaps()`.

use thiserror::Error;

use crate::error::UserError;
use crate::window::WindowError;

/// Why there is no query.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FillError {
    /// No such method.
    #[error("unrecognized method \"{0}\"")]
    Method(String),
    /// No such column.
    #[error("column \"{0}\" does not exist")]
    Column(String),
    /// The time column is something else.
    #[error("column \"{0}\" is not a date or timestamp")]
    NotTime(String),
    /// The time column tells series apart.
    #[error("column \"{0}\" cannot be both the time and in \"by\"")]
    TimeInBy(String),
    /// A time zone for times that have none.
    #[error("column \"{0}\" has no time zone")]
    NoZone(String),
    /// Hours of dates.
    #[error("windows of dates must be of whole days or months")]
    PartOfDay,
    /// The width is none, or a bound.
    #[error(transparent)]
    Window(#[from] WindowError),
}

impl UserError for FillError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Column(_) => "42703",
            Self::NotTime(_) => "42804",
            Self::Window(error) => error.sqlstate(),
            _ => "22023",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Window(error) => error.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Method(_) => "Use 'zero', 'last' or 'linear'.".to_owned(),
            Self::Column(_) => "Name a column of the relation.".to_owned(),
            Self::NotTime(_) => "Name a column of type timestamptz, timestamp or date.".to_owned(),
            Self::TimeInBy(_) => "Leave it out of \"by\".".to_owned(),
            Self::NoZone(_) => "Leave \"timezone\" out.".to_owned(),
            Self::PartOfDay => "Use a width such as '1 day', '7 days' or '1 month'.".to_owned(),
            Self::Window(error) => return error.hint(),
        })
    }
}
