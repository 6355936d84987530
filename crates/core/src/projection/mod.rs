//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges by an ordinary SQL function, in any order, with NULL as
//! the state of no input.

mod fold;
mod grouped;
mod kind;
mod many;
mod recipe;
mod session;
mod shape;
mod stable;
mod stateless;

pub use fold::{absent_column, source_column, tail_source};
pub use kind::{delta_sql, fold_sql, state_table_sql, view_sql};
pub use recipe::{Part, PartInput, Recipe, recipe};
pub use session::{SESSION, Sessions};
pub use shape::{Aggregate, Column, Component, Kind, Shape};
pub use stable::reads_the_session;
