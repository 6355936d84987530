//! Snapshots and transaction ids.

use super::Oid;
use super::encoding::string;
use super::index::{Lock, Relation};
use pganalytics_core::checkpoint::Checkpoint;
use pgrx::pg_sys;

/// A snapshot taken now and kept active until dropped.
pub struct Snapshot(pg_sys::Snapshot);

impl Snapshot {
    /// Takes the snapshot that the next statement of this transaction would get.
    pub fn take() -> Self {
        // SAFETY: inside a transaction; popped in `drop`, or by the abort.
        unsafe {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            Self(pg_sys::GetActiveSnapshot())
        }
    }

    /// What is committed now, whatever the transaction's snapshot.
    pub fn latest() -> Self {
        // SAFETY: as in `take`.
        unsafe {
            pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
            Self(pg_sys::GetActiveSnapshot())
        }
    }

    /// For SPI.
    pub(super) fn raw(&self) -> pg_sys::Snapshot {
        self.0
    }

    /// It as a checkpoint: which transactions had completed.
    pub fn checkpoint(&self) -> Checkpoint {
        // SAFETY: it is the active snapshot; the result is a pg_snapshot, whose
        // output function returns a string that ends in NUL.
        let text = unsafe {
            let now = pgrx::direct_function_call_as_datum(pg_sys::pg_current_snapshot, &[]);
            let text = pg_sys::OidOutputFunctionCall(
                pg_sys::Oid::from(pg_sys::F_PG_SNAPSHOT_OUT),
                now.unwrap_or(pg_sys::Datum::from(0)),
            );
            string(text)
        };
        text.parse().unwrap_or_else(|e| pgrx::error!("{e}"))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // While an error unwinds, the abort has its own way with the stack.
        if !std::thread::panicking() {
            // SAFETY: pushed in `take`, and nothing pushed since is left.
            unsafe { pg_sys::PopActiveSnapshot() }
        }
    }
}

/// The top-level id of this transaction, 64 bits wide; assigned if need be.
pub fn own_txid() -> u64 {
    // SAFETY: inside a transaction.
    unsafe { pg_sys::GetTopFullTransactionId().value }
}

/// Whether what transaction `xid` replaced in a table may still be visible to
/// somebody, so that vacuum cannot remove it.
pub fn is_still_needed(table: Oid, xid: u32) -> bool {
    let table = Relation::open(table, Lock::Read);
    // SAFETY: the relation is open; compares two ids, modulo 2^32.
    unsafe {
        let horizon = pg_sys::GetOldestNonRemovableTransactionId(table.raw());
        !pg_sys::TransactionIdPrecedes(xid.into(), horizon)
    }
}

/// Whether the transaction keeps one snapshot for all its statements.
pub fn keeps_snapshot() -> bool {
    // SAFETY: a plain variable of the backend.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Now, as microseconds since 2000-01-01 UTC.
pub fn clock() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}
