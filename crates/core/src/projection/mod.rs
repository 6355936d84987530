//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges in any order: by an ordinary SQL function with NULL as the
//! state of no input, or as the server merges the states of parallel workers.

mod derived;
mod facts;
mod fold;
mod merge;
mod recipe;
mod shape;
mod stable;
mod view;

pub use derived::Derivation;
pub use facts::{Facts, SupportFunction};
pub use fold::{delta_sql, fold_sql, tail_source};
pub use merge::Merge;
pub use recipe::{Part, PartInput, PartSource, Recipe, recipe};
pub use shape::{Aggregate, Column, Component, Shape, state_table_sql};
pub use stable::reads_the_session;
pub use view::view_sql;
