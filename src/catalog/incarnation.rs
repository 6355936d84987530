//! Which incarnation of the database this is: the epoch of its transaction ids.
//!
//! A logical restore makes the marker anew, as its last step; a physical copy and
//! pg_upgrade keep it. A marker that the table does not know is a new incarnation,
//! whose epoch is one above the greatest known: everybody derives the same one.

use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::security::Platform;
use crate::pg::snapshot::{Snapshot, own_txid};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::checkpoint::{Checkpoint, stamped};
use pganalytics_core::error::Error;

use super::{event_tables, names};

thread_local! {
    /// The epoch, under one key.
    pub(super) static EPOCH: RelationCache<u32> =
        RelationCache::new(|relation| EPOCH.with(|cache| cache.forget(relation)));
}

const MARKER: &str = "pganalytics_data.incarnation_marker";

/// The epoch of transaction ids. Raises nothing and writes at most one row, once
/// per incarnation.
pub fn epoch() -> Result<u32, Error> {
    EPOCH
        .with(|epoch| epoch.get_or_make(Oid::INVALID, read))
        .map(|epoch| *epoch)
}

/// A snapshot, and what a fold that reads under it has covered.
pub struct Moment {
    pub snapshot: Snapshot,
    pub checkpoint: Checkpoint,
    /// The id of this transaction as events carry it.
    pub own: u64,
}

/// Takes one. The transaction has an id before: a checkpoint must leave out its own rows.
pub fn moment() -> Result<Moment, Error> {
    let epoch = epoch()?;
    let own = stamped(epoch, own_txid());
    let snapshot = Snapshot::take();
    let checkpoint = snapshot.checkpoint().in_epoch(epoch).of_fold_in(own);
    Ok(Moment {
        snapshot,
        checkpoint,
        own,
    })
}

/// Whether the database is being restored, or has no event table yet. Writes nothing:
/// it is asked while a restore has yet to load what [`epoch`] would write.
pub fn is_incomplete() -> bool {
    let _platform = Platform::act();
    populated_marker().is_none()
}

fn populated_marker() -> Option<Oid> {
    let row = spi::latest(
        "SELECT oid FROM pg_class WHERE oid = to_regclass($1) AND relispopulated",
        vec![Arg::Text(MARKER)],
    );
    row.map(|row| row.oid(0))
}

fn read() -> Result<(Vec<Oid>, u32), Error> {
    let _platform = Platform::act();
    let marker = populated_marker().ok_or(Error::RestoreRunning)?;
    let row = spi::latest(
        "SELECT i.epoch, coalesce((SELECT max(epoch) + 1 FROM pganalytics_data.incarnation), 0) \
         FROM pganalytics_data.incarnation_marker m LEFT JOIN pganalytics_data.incarnation i USING (marker)",
        vec![],
    )
    .ok_or(Error::RestoreRunning)?;
    if row.text(0).is_none() {
        // Whoever gets the lock writes it down; nobody waits.
        spi::run(
            "INSERT INTO pganalytics_data.incarnation (marker, epoch) \
             SELECT m.marker, coalesce((SELECT max(epoch) + 1 FROM pganalytics_data.incarnation), 0) \
             FROM pganalytics_data.incarnation_marker m \
             WHERE pg_try_advisory_xact_lock('pganalytics_data.incarnation'::regclass::bigint) \
             ON CONFLICT DO NOTHING",
            vec![],
            Under::Fresh,
        );
        return Ok((vec![marker], row.number(1)));
    }
    Ok((vec![marker], row.number(0)))
}

/// Makes the marker, which must be no member of the extension: members are not
/// refreshed by a restore.
pub fn mark() {
    let _platform = Platform::act();
    if names::find(MARKER).is_some() {
        return;
    }
    event_tables::one_at_a_time();
    if names::find(MARKER).is_none() {
        spi::execute(
            "CREATE MATERIALIZED VIEW pganalytics_data.incarnation_marker AS SELECT gen_random_uuid() AS marker",
        );
        spi::execute(
            "COMMENT ON MATERIALIZED VIEW pganalytics_data.incarnation_marker IS \
             'changes when the database is restored from a dump'",
        );
    }
}
