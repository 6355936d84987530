//! Projections: state, checkpoint and tail.
//!
//! ```text
//! create_projection → define (analysis) → generation: definition, state; view
//! fold:    lock checkpoint → snapshot → delta of the tail → merge → move checkpoint
//! backlog: the same in batches, by position
//! replace: another generation is built beside it, then read in its place
//! inline:  what a transaction appends is merged before it commits
//! letters: events on which the definition fails are set aside, and the rest folded
//! verify:  the state beside what the log gives
//! read:    view = state, touched groups merged with read_tail()
//! ```

mod backlog;
mod create;
mod culprits;
mod define;
mod fold;
mod generation;
mod inline;
mod letters;
mod lifecycle;
mod lookups;
mod owner;
mod read;
mod replace;
mod source;
mod sweep;
mod tail;
mod verify;
mod wait;

pub use backlog::{Step, fold_batch};
pub use inline::{fold_own, settle};
pub use letters::define_settings;
pub use owner::{follow_owners, mend_owners};
pub use read::read_tail;
pub use replace::{begin as begin_rebuild, take_over};
pub use sweep::sweep_dropped;
pub use tail::{count_tail, is_worth_folding, lock_segments, segments_of};
pub use verify::verify;
