//! PostgreSQL at the boundary: the only place with `unsafe` and `pg_sys`.
//! Every function here is safe to call from the rest of the extension as long as
//! the caller runs inside a backend.

pub mod aggregate;
pub mod bgworker;
pub mod cache;
pub mod conditions;
pub mod databases;
mod datum_hash;
pub mod ddl;
pub mod depend;
pub mod encoding;
mod entry;
pub mod error;
pub mod flat;
mod funnel;
pub mod index;
pub mod json;
pub mod lock;
pub mod message;
pub mod naming;
pub mod own;
mod printed;
pub mod process;
pub mod query;
mod retention;
pub mod security;
mod sequence;
pub mod series;
pub mod sessionize;
pub mod settings;
pub mod sketch;
pub mod snapshot;
pub mod spi;
pub mod srf;
mod state;
pub mod timeline;
pub mod transaction;
pub mod tree;
pub mod trigger;
pub mod unique;
pub mod vacuum;
mod winner;
pub mod zone;

pub use pgrx::pg_sys::{Datum, Oid};

/// Called once when the library is loaded.
pub fn init() {
    // An error that passes through Rust would otherwise show its backtrace to the
    // user in DETAIL wherever the server's environment asks Rust for backtraces.
    // SAFETY: a backend has one thread, and nothing has read the variable yet.
    unsafe { std::env::set_var("RUST_LIB_BACKTRACE", "0") }
    pganalytics_core::interrupt::on_check(|| {
        pgrx::check_for_interrupts!();
    });
}
