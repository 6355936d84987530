//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges by an ordinary SQL function, in any order, with NULL as
//! the state of no input.

mod fold;
mod mode;
mod recipe;
mod shape;
mod stable;
mod view;

pub use fold::{delta_sql, fold_sql, source_sql};
pub use mode::Mode;
pub use recipe::{Part, PartInput, Recipe, recipe};
pub use shape::{Aggregate, Column, Component, Shape, state_table_sql};
pub use stable::reads_the_session;
pub use view::view_sql;
