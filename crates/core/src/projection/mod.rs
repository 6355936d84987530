//! A projection as text: what its state looks like and the SQL that folds and
//! reads it. The extension finds a [`Shape`] by analysing the user's query.
//!
//! Every state merges in any order: by an ordinary SQL function with NULL as the
//! state of no input, or as the server merges the states of parallel workers.

mod derived;
mod facts;
mod fold;
mod grouped;
mod kind;
mod merge;
mod mode;
mod portion;
mod recipe;
mod session;
mod shape;
mod stable;
mod stateless;
mod values;
mod verify;
mod winner;

pub use derived::Derivation;
pub use facts::{Facts, SupportFunction};
pub use fold::{absent_column, own_source_sql, source_column, source_sql};
pub use kind::{delta_sql, entry_sql, fold_sql, state_table_sql, verify_sql, view_sql};
pub use merge::Merge;
pub use mode::Mode;
pub use portion::Portion;
pub use recipe::{Part, PartInput, PartSource, Recipe, recipe};
pub use session::{SESSION, Sessions};
pub use shape::{Aggregate, Column, Component, Kind, Shape};
pub use stable::reads_the_session;
pub use values::{SORTED_ARRAY, Values, ignores_repetition, sorted_text};
pub use winner::{Held, Side, Winner};
