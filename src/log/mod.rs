//! The log: event tables, and what happens to an event on its way in.
//!
//! ```text
//! INSERT → leaf's trigger (append) → head lock (heads) → position → ledger (dedup)
//!        → version → stamp → heap
//! ```

mod append;
mod create;
mod ddl;
mod dedup;
mod guard;
mod heads;
mod owner;
mod segments;
mod settings;

pub use ddl::on_ddl;
pub use guard::on_event;
pub use segments::active_segment;
