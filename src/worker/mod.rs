//! The background worker: keeps tails short by folding and looks after segments,
//! one process per database. Reads and appends are exact without it.
//!
//! ```text
//! preloaded: launcher ──start──▶ worker of each database   (run: look, maintain, fold, nap)
//! otherwise: session  ──start──▶ worker of its database
//! ```
//!
//! A worker is the only one of its database by a lock it holds, so whoever finds
//! none running may start one: one too many ends by itself.

mod fold;
mod launcher;
mod maintain;
mod run;
mod settings;
mod start;
mod sweep;

use crate::pg::bgworker;

pub use launcher::launch;
pub use run::work;
pub use settings::{batch_events, fold_tail, is_on};
pub use start::{ensure_started, start_after_commit};

/// When the library is loaded: settings, and the launcher if it is preloaded.
pub fn init() {
    settings::define();
    if bgworker::is_preloading() {
        bgworker::register_launcher();
    }
}
