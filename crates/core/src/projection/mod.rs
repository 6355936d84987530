//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges by an ordinary SQL function, in any order, with NULL as
//! the state of no input.

mod fold;
mod grouped;
mod kind;
mod mode;
mod recipe;
mod shape;
mod stable;
mod stateless;
mod values;
mod verify;
mod winner;

pub use fold::{absent_column, own_source_sql, source_column, source_sql};
pub use kind::{delta_sql, fold_sql, state_table_sql, verify_sql, view_sql};
pub use mode::Mode;
pub use recipe::{Part, PartInput, Recipe, recipe};
pub use shape::{Aggregate, Column, Component, Kind, Merge, Shape};
pub use stable::reads_the_session;
pub use values::{SORTED_ARRAY, Values, ignores_repetition, sorted_text};
pub use winner::{Held, Side, Winner};
