//! Projections: state, checkpoint and tail.
//!
//! ```text
//! create_projection → define (analysis) → state relation + view
//! fold:  lock checkpoint → snapshot → delta of the tail → merge → move checkpoint
//! read:  view = state, touched groups merged with read_tail()
//! ```

mod define;
mod fold;
mod lifecycle;
mod lookups;
mod read;
mod tail;

pub use fold::fold;
pub use read::read_tail;
pub use tail::{count_tail, is_worth_folding, lock_segments, segments_with_tail};
