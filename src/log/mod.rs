//! The log: event tables, and what happens to an event on its way in.
//!
//! ```text
//! INSERT → leaf's trigger (append) → head lock (heads) → position → ledger (dedup)
//!        → version → stamp → heap
//! ```

mod append;
mod attach;
mod bounds;
mod create;
mod ddl;
mod dedup;
mod guard;
mod heads;
mod keyed;
mod ledgers;
mod mend;
mod roll;
mod segments;
mod settings;

pub use ddl::on_ddl;
pub use guard::on_event;
pub use mend::mend;
pub use roll::{expire, frozen, next_steps, perform};
pub use segments::active_segment;
