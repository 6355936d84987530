//! Inserting into a unique index that may already hold the key: what
//! `INSERT … ON CONFLICT DO NOTHING` does, without an executor.
//!
//! Exact under concurrency: a key that another transaction has inserted and not
//! yet committed is waited for; if that transaction rolls back, ours goes in.

use super::index::{Lock, Relation, Scan, Slot, equals};
use pgrx::pg_sys::{self, Oid};

/// The type of a unique key.
#[derive(Clone, Copy)]
pub enum Key {
    /// `text`
    Text,
    /// `uuid`
    Uuid,
}

impl Key {
    fn equality(self) -> Oid {
        Oid::from(match self {
            Self::Text => pg_sys::F_TEXTEQ,
            Self::Uuid => pg_sys::F_UUID_EQ,
        })
    }
}

/// What became of a row.
pub enum Outcome {
    /// It is in.
    Inserted,
    /// The slot holds the row that has the key, committed or of this transaction.
    Taken(Slot),
}

/// Inserts `values` (no NULLs) into `table`, whose only index `index` is unique
/// on its first column, of type `key`.
///
/// `likely_new`: insert first and look only on conflict, which saves a descent
/// but leaves a dead row when the key is there.
pub fn insert(
    table: &Relation,
    index: Oid,
    key: Key,
    values: &mut [pg_sys::Datum],
    likely_new: bool,
) -> Outcome {
    let index = Relation::open(index, Lock::Write);
    let slot = Slot::of(table);
    let mut look_first = !likely_new;
    loop {
        if look_first && let Some(()) = find(table, &index, key, values[0], &slot) {
            return Outcome::Taken(slot);
        }
        if insert_speculatively(table, &index, values, &slot) {
            return Outcome::Inserted;
        }
        look_first = true;
    }
}

/// What marks a row that is kept or taken back in a moment. ExecInsert numbers
/// these marks and holds a lock by that name, so that others can wait for it. That
/// lock costs almost as much as the row's index entry, and nobody who has made a mark
/// waits for anybody before it is gone: whoever meets one looks again after a pause.
const UNDECIDED: u32 = 1;
/// In microseconds.
const PAUSE: std::ffi::c_long = 50;

/// Finds the live row with `key`, waiting for transactions that are at it.
fn find(
    table: &Relation,
    index: &Relation,
    kind: Key,
    key: pg_sys::Datum,
    slot: &Slot,
) -> Option<()> {
    loop {
        let mut dirty = pg_sys::SnapshotData {
            snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
            ..Default::default()
        };
        let same = equals(index, kind.equality(), key);
        let (found, busy, mut place) = {
            // SAFETY: a dirty snapshot reports in its own fields who is at the row.
            let mut scan = unsafe { Scan::begin(table, index, &raw mut dirty, &mut [same]) };
            let found = scan.next(pg_sys::ScanDirection::ForwardScanDirection, slot);
            let busy = [dirty.xmin, dirty.xmax]
                .into_iter()
                .find(|id| *id != pg_sys::InvalidTransactionId);
            // SAFETY: a slot has a place, of a row or none.
            (found, busy, unsafe { (*slot.0).tts_tid })
        };
        if !found {
            return None;
        }
        // SAFETY: the scan has ended: nothing is held while others are waited for.
        unsafe {
            match busy {
                None => return Some(()),
                Some(_) if dirty.speculativeToken != 0 => {
                    pgrx::check_for_interrupts!();
                    pg_sys::pg_usleep(PAUSE);
                }
                Some(id) => pg_sys::XactLockTableWait(
                    id,
                    table.raw(),
                    &mut place,
                    pg_sys::XLTW_Oper::XLTW_InsertIndex,
                ),
            }
        }
    }
}

/// Inserts row and index entry; `false`: somebody else may have the key, and
/// the row has been taken back.
fn insert_speculatively(
    table: &Relation,
    index: &Relation,
    values: &mut [pg_sys::Datum],
    slot: &Slot,
) -> bool {
    // SAFETY: the protocol of ExecInsert but for the lock, see `UNDECIDED`. The
    // index is a btree, which does not look at the IndexInfo.
    unsafe {
        pg_sys::ExecClearTuple(slot.0);
        for (place, value) in values.iter().enumerate() {
            *(*slot.0).tts_values.add(place) = *value;
            *(*slot.0).tts_isnull.add(place) = false;
        }
        pg_sys::ExecStoreVirtualTuple(slot.0);
        pg_sys::table_tuple_insert_speculative(
            table.raw(),
            slot.0,
            pg_sys::GetCurrentCommandId(true),
            0,
            std::ptr::null_mut(),
            UNDECIDED,
        );
        let alone = pg_sys::index_insert(
            index.raw(),
            values.as_mut_ptr(),
            [false].as_mut_ptr(),
            &mut (*slot.0).tts_tid,
            table.raw(),
            pg_sys::IndexUniqueCheck::UNIQUE_CHECK_PARTIAL,
            false,
            std::ptr::null_mut(),
        );
        pg_sys::table_tuple_complete_speculative(table.raw(), slot.0, UNDECIDED, alone);
        alone
    }
}

/// Finds the row with `key` in `table` by its unique `index` and locks it against
/// everybody else to the end of the transaction. `false`: there is none.
///
/// A row of this transaction is locked by being its own, and has to be left
/// alone: one that the running command made cannot be locked.
pub fn lock(table: &Relation, index: Oid, kind: Key, key: pg_sys::Datum) -> bool {
    let index = Relation::open(index, Lock::Write);
    let slot = Slot::of(table);
    loop {
        if find(table, &index, kind, key, &slot).is_none() {
            return false;
        }
        if is_own(&slot) || lock_found(table, &slot) {
            return true;
        }
    }
}

/// Locks the row in `slot`; `false`: somebody has replaced or removed it.
fn lock_found(table: &Relation, slot: &Slot) -> bool {
    // SAFETY: the slot holds a stored row of `table`. The statement that inserts has
    // made its snapshot active; a heap does not look at it.
    unsafe {
        let mut failure = pg_sys::TM_FailureData::default();
        let mut place = (*slot.0).tts_tid;
        pg_sys::ExecClearTuple(slot.0);
        let result = pg_sys::table_tuple_lock(
            table.raw(),
            &mut place,
            pg_sys::GetActiveSnapshot(),
            slot.0,
            pg_sys::GetCurrentCommandId(false),
            pg_sys::LockTupleMode::LockTupleNoKeyExclusive,
            pg_sys::LockWaitPolicy::LockWaitBlock,
            0,
            &mut failure,
        );
        match result {
            pg_sys::TM_Result::TM_Ok => true,
            pg_sys::TM_Result::TM_Updated | pg_sys::TM_Result::TM_Deleted => false,
            other => pgrx::error!("unexpected result of locking a row: {other}"),
        }
    }
}

/// Whether this transaction, a subtransaction of it included, made the row in `slot`.
fn is_own(slot: &Slot) -> bool {
    // SAFETY: the slot holds a stored row, which has system columns.
    unsafe {
        let mut null = false;
        let inserter = (*(*slot.0).tts_ops)
            .getsysattr
            .map(|read| read(slot.0, pg_sys::MinTransactionIdAttributeNumber, &mut null));
        inserter.is_some_and(|id| {
            pg_sys::TransactionIdIsCurrentTransactionId(pg_sys::TransactionId::from(
                id.value() as u32
            ))
        })
    }
}

/// Whether the row in `slot` is of this transaction or its snapshot sees it.
pub fn visible(table: &Relation, slot: &Slot) -> bool {
    if is_own(slot) {
        return true;
    }
    // SAFETY: inside a transaction above READ COMMITTED, whose snapshot is set;
    // the slot holds a stored row of `table` and pins its page.
    unsafe {
        pg_sys::table_tuple_satisfies_snapshot(
            table.raw(),
            slot.0,
            pg_sys::GetTransactionSnapshot(),
        )
    }
}

/// A `uuid` as text, for messages.
pub fn uuid_text(datum: pg_sys::Datum) -> String {
    // SAFETY: the datum points to the 16 bytes of a uuid.
    let bytes = unsafe { *datum.cast_mut_ptr::<[u8; 16]>() };
    uuid::Uuid::from_bytes(bytes).to_string()
}
