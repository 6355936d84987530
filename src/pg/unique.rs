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

/// A table whose only index is unique on its first column, opened to be inserted
/// into, and room for one of its rows.
pub struct Target {
    table: Relation,
    index: Relation,
    key: Key,
    slot: Slot,
}

impl Target {
    /// Opens both.
    pub fn open(table: Oid, index: Oid, key: Key) -> Self {
        let table = Relation::open(table, Lock::Write);
        Self {
            slot: Slot::of(&table),
            index: Relation::open(index, Lock::Write),
            key,
            table,
        }
    }

    /// The row that was found last.
    pub fn row(&self) -> &Slot {
        &self.slot
    }

    /// See [`visible`].
    pub fn sees_row(&self) -> bool {
        visible(&self.table, &self.slot)
    }
}

/// What became of a row.
pub enum Outcome<'a> {
    /// It is in.
    Inserted,
    /// The row of this target has the key, committed or of this transaction.
    Taken(&'a Target),
}

/// Inserts `values` (no NULLs) into all of `targets`, or into none if one of them,
/// or `past`, has the key.
///
/// `likely_new`: insert first and look only on conflict, which saves a descent
/// but leaves a dead row when the key is there.
pub fn insert<'a>(
    targets: &'a [Target],
    past: Option<&'a Target>,
    values: &mut [pg_sys::Datum],
    likely_new: bool,
) -> Outcome<'a> {
    let key = values[0];
    let has_key = |target: &&Target| find(target, key);
    if let Some(past) = past.filter(has_key) {
        return Outcome::Taken(past);
    }
    let mut look_first = !likely_new;
    loop {
        if look_first && let Some(taken) = targets.iter().find(has_key) {
            return Outcome::Taken(taken);
        }
        if insert_speculatively(targets, values) {
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
fn find(target: &Target, key: pg_sys::Datum) -> bool {
    let Target {
        table, index, slot, ..
    } = target;
    loop {
        let mut dirty = pg_sys::SnapshotData {
            snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
            ..Default::default()
        };
        let same = equals(index, target.key.equality(), key);
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
            return false;
        }
        // SAFETY: the scan has ended: nothing is held while others are waited for.
        unsafe {
            match busy {
                None => return true,
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

/// Inserts the row and its index entry into each; `false`: somebody else may have
/// the key, and the rows have been taken back.
fn insert_speculatively(targets: &[Target], values: &mut [pg_sys::Datum]) -> bool {
    let mut inserted = 0;
    let alone = targets.iter().all(|target| {
        inserted += 1;
        fill(&target.slot, values);
        insert_row(target, values)
    });
    for target in &targets[..inserted] {
        // SAFETY: the slot holds the row inserted above.
        unsafe {
            let slot = target.slot.0;
            pg_sys::table_tuple_complete_speculative(target.table.raw(), slot, UNDECIDED, alone);
        }
    }
    alone
}

/// Puts values, none NULL, into a slot of a table that has as many columns, of
/// these types.
fn fill(slot: &Slot, values: &[pg_sys::Datum]) {
    // SAFETY: the slot's arrays have one entry per column.
    unsafe {
        pg_sys::ExecClearTuple(slot.0);
        for (place, value) in values.iter().enumerate() {
            *(*slot.0).tts_values.add(place) = *value;
            *(*slot.0).tts_isnull.add(place) = false;
        }
        pg_sys::ExecStoreVirtualTuple(slot.0);
    }
}

/// Inserts the row in the target's slot and its index entry, to be completed or
/// taken back; `false`: somebody else may have the key.
fn insert_row(target: &Target, values: &mut [pg_sys::Datum]) -> bool {
    let slot = target.slot.0;
    // SAFETY: the protocol of ExecInsert but for the lock, see `UNDECIDED`. The
    // index is a btree, which does not look at the IndexInfo.
    unsafe {
        pg_sys::table_tuple_insert_speculative(
            target.table.raw(),
            slot,
            pg_sys::GetCurrentCommandId(true),
            0,
            std::ptr::null_mut(),
            UNDECIDED,
        );
        pg_sys::index_insert(
            target.index.raw(),
            values.as_mut_ptr(),
            [false].as_mut_ptr(),
            &mut (*slot).tts_tid,
            target.table.raw(),
            pg_sys::IndexUniqueCheck::UNIQUE_CHECK_PARTIAL,
            false,
            std::ptr::null_mut(),
        )
    }
}

/// Appends a row, no column NULL, to a table without an index.
pub fn append(table: Oid, values: &[pg_sys::Datum]) {
    let table = Relation::open(table, Lock::Write);
    let slot = Slot::of(&table);
    fill(&slot, values);
    // SAFETY: the slot holds a row of the table.
    unsafe { pg_sys::simple_table_tuple_insert(table.raw(), slot.0) }
}

/// Whose the row of a target is.
pub enum Found {
    /// There is none.
    Nobody,
    /// This transaction made it, so nobody else can change it.
    Own,
    /// Locked now against everybody else to the end of the transaction.
    Locked,
}

/// Finds the row with `key` and locks it.
///
/// A row of this transaction is locked by being its own, and has to be left
/// alone: one that the running command made can be neither locked nor replaced.
pub fn lock(target: &Target, key: pg_sys::Datum) -> Found {
    loop {
        if !find(target, key) {
            return Found::Nobody;
        }
        if is_own(&target.slot) {
            return Found::Own;
        }
        if lock_found(&target.table, &target.slot) {
            return Found::Locked;
        }
    }
}

/// Which indexes want an entry for the new version of a row; by default none.
#[cfg(feature = "pg15")]
type UpdateIndexes = bool;
#[cfg(not(feature = "pg15"))]
type UpdateIndexes = pg_sys::TU_UpdateIndexes::Type;

/// Replaces a row that [`lock`] has locked by `values`, with the same key.
pub fn replace(target: &Target, values: &mut [pg_sys::Datum]) {
    let slot = Slot::of(&target.table);
    fill(&slot, values);
    // SAFETY: the target's slot holds a stored row of the table, which nobody else
    // can have changed; the index is a btree.
    unsafe {
        let mut place = (*target.slot.0).tts_tid;
        let mut indexes = UpdateIndexes::default();
        pg_sys::simple_table_tuple_update(
            target.table.raw(),
            &mut place,
            slot.0,
            std::ptr::null_mut(),
            &mut indexes,
        );
        if indexes != UpdateIndexes::default() {
            pg_sys::index_insert(
                target.index.raw(),
                values.as_mut_ptr(),
                [false].as_mut_ptr(),
                &mut (*slot.0).tts_tid,
                target.table.raw(),
                pg_sys::IndexUniqueCheck::UNIQUE_CHECK_YES,
                false,
                std::ptr::null_mut(),
            );
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
    // SAFETY: the slot holds a stored row, whose header is read where it lies.
    unsafe {
        let mut copied = false;
        let header = (*pg_sys::ExecFetchSlotHeapTuple(slot.0, false, &mut copied)).t_data;
        // A frozen row keeps the id of its transaction, which four billion later is
        // that of another one.
        let frozen = pg_sys::HEAP_XMIN_FROZEN as u16;
        (*header).t_infomask & frozen != frozen
            && pg_sys::TransactionIdIsCurrentTransactionId((*header).t_choice.t_heap.t_xmin)
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

/// The bytes of a `uuid`.
pub fn uuid_bytes(datum: pg_sys::Datum) -> [u8; 16] {
    // SAFETY: the datum points to the 16 bytes of a uuid.
    unsafe { *datum.cast_mut_ptr::<[u8; 16]>() }
}

/// A `uuid` as text, for messages.
pub fn uuid_text(datum: pg_sys::Datum) -> String {
    uuid::Uuid::from_bytes(uuid_bytes(datum)).to_string()
}
