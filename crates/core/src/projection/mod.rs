//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges by an ordinary SQL function, in any order, with NULL as
//! the state of no input.

mod fold;
mod recipe;
mod shape;
mod stable;
mod values;
mod view;
mod winner;

pub use fold::{delta_sql, fold_sql, tail_source};
pub use recipe::{Part, PartInput, Recipe, recipe};
pub use shape::{Aggregate, Column, Component, Merge, Shape, state_table_sql};
pub use stable::reads_the_session;
pub use values::{SORTED_ARRAY, Values, ignores_repetition, sorted_text};
pub use view::view_sql;
pub use winner::{Held, Side, Winner};
