//! The secret that internal states are sealed with.
//!
//! Made when the first state needs it and not by CREATE EXTENSION: a restore brings
//! its own, and states that were sealed with it.

use super::names;
use crate::pg::Oid;
use crate::pg::cache::{RelationCache, invalidate};
use crate::pg::security::Platform;
use crate::pg::spi::{self, Under};
use pganalytics_core::state::{Key, StateError};

thread_local! {
    /// The key, under one number.
    static KEY: RelationCache<Key> =
        RelationCache::new(|relation| KEY.with(|cache| cache.forget(relation)));
}

const TABLE: &str = "pganalytics_data.state_key";

/// The key of this database. It never leaves the server's memory.
pub fn key() -> Result<Key, StateError> {
    KEY.with(|cache| cache.get_or_make(Oid::INVALID, read))
        .map(|key| *key)
}

fn read() -> Result<(Vec<Oid>, Key), StateError> {
    let _platform = Platform::act();
    let row = spi::latest_kept(
        "SELECT key, 'pganalytics_data.state_key'::regclass::oid FROM pganalytics_data.state_key",
        vec![],
    )
    .ok_or(StateError::NoKey)?;
    let key = uuid::Uuid::parse_str(row.known(0)).map_err(|_| StateError::NoKey)?;
    Ok((vec![row.oid(1)], *key.as_bytes()))
}

/// Makes the key if there is none.
pub fn ensure() {
    let _platform = Platform::act();
    if spi::latest("SELECT 1 FROM pganalytics_data.state_key", vec![]).is_some() {
        return;
    }
    // Drawn by the statement as it runs: what it is given the session could have shown,
    // with debug_print_plan.
    spi::run(
        "INSERT INTO pganalytics_data.state_key (key) VALUES (gen_random_uuid()) ON CONFLICT DO NOTHING",
        vec![],
        Under::Fresh,
    );
    // Whoever reads it in this transaction must forget it if that is rolled back.
    if let Some(table) = names::find(TABLE) {
        invalidate(table);
    }
}
