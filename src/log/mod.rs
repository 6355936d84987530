//! The log: event tables, and what happens to an event on its way in.
//!
//! ```text
//! INSERT → leaf's trigger (append) → head lock (heads) → position → ledger (dedup)
//!        → version → stamp → heap
//!
//! append(): elements of the array → heads and what the log holds (history) → INSERTs,
//!           whose trigger tells what becomes of each row (outcome)
//! ```

mod append;
mod attach;
mod batch;
mod bounds;
mod create;
mod ddl;
mod dedup;
mod elements;
mod guard;
mod heads;
mod history;
mod inline;
mod keyed;
mod ledgers;
mod mend;
mod options;
mod outcome;
mod roll;
mod segments;
mod settings;
mod statistics;
mod watermark;

pub use batch::{append, append_events};
pub use ddl::on_ddl;
pub use guard::on_event;
pub use inline::{keep_writers_out, on_appended};
pub use mend::mend;
pub use roll::{expire, frozen, next_steps, perform};
pub use segments::active_segment;
pub use statistics::renew_statistics;
pub use watermark::advance as advance_watermark;
