//! pg_analytics: event tables, incremental projections and product analytics
//! inside PostgreSQL. This file is a table of contents.

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

mod analytics;
mod catalog;
mod install;
mod log;
mod pg;
mod projection;
#[cfg(any(test, feature = "pg_test"))]
mod tests;
mod worker;

/// Called when the library is loaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::init();
    projection::define_settings();
    worker::init();
}

/// Required by `cargo pgrx test` at the root of the crate.
#[cfg(test)]
pub mod pg_test {
    /// One-off initialisation of the test framework: nothing to do.
    pub fn setup(_options: Vec<&str>) {}

    /// Settings of the test server.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
