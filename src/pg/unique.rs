//! Inserting into a unique index that may already hold the key: what
//! `INSERT … ON CONFLICT DO NOTHING` does, without an executor.
//!
//! Exact under concurrency: a key that another transaction has inserted and not
//! yet committed is waited for; if that transaction rolls back, ours goes in.

use super::index::{Lock, Relation, Slot, equals};
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
/// into.
pub struct Target {
    table: Relation,
    index: Relation,
    key: Key,
}

impl Target {
    /// Opens both.
    pub fn open(table: Oid, index: Oid, key: Key) -> Self {
        Self {
            table: Relation::open(table, Lock::Write),
            index: Relation::open(index, Lock::Write),
            key,
        }
    }

    /// See [`visible`].
    pub fn sees(&self, slot: &Slot) -> bool {
        visible(&self.table, slot)
    }
}

/// What became of a row.
pub enum Outcome<'a> {
    /// It is in.
    Inserted,
    /// The slot holds the row of this target that has the key, committed or of
    /// this transaction.
    Taken(&'a Target, Slot),
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
    let taken = |target: &'a Target| {
        let slot = Slot::of(&target.table);
        find(target, key, &slot).map(|()| Outcome::Taken(target, slot))
    };
    if let Some(outcome) = past.and_then(taken) {
        return outcome;
    }
    let mut look_first = !likely_new;
    loop {
        if look_first && let Some(outcome) = targets.iter().find_map(taken) {
            return outcome;
        }
        if insert_speculatively(targets, values) {
            return Outcome::Inserted;
        }
        look_first = true;
    }
}

/// Finds the live row with `key`, waiting for transactions that are at it.
fn find(target: &Target, key: pg_sys::Datum, slot: &Slot) -> Option<()> {
    let (table, index) = (&target.table, &target.index);
    loop {
        let mut dirty = pg_sys::SnapshotData {
            snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
            ..Default::default()
        };
        let mut scan_key = equals(index, target.key.equality(), key);
        // SAFETY: the scan ends before anything it uses is released; a dirty
        // snapshot reports in its own fields who is at the row.
        unsafe {
            let scan = pg_sys::index_beginscan(table.raw(), index.raw(), &mut dirty, 1, 0);
            pg_sys::index_rescan(scan, &mut scan_key, 1, std::ptr::null_mut(), 0);
            let found = pg_sys::index_getnext_slot(
                scan,
                pg_sys::ScanDirection::ForwardScanDirection,
                slot.0,
            );
            if !found {
                pg_sys::index_endscan(scan);
                return None;
            }
            let busy = [dirty.xmin, dirty.xmax]
                .into_iter()
                .find(|id| *id != pg_sys::InvalidTransactionId);
            let mut place = (*slot.0).tts_tid;
            pg_sys::index_endscan(scan);
            match busy {
                None => return Some(()),
                Some(id) if dirty.speculativeToken != 0 => {
                    pg_sys::SpeculativeInsertionWait(id, dirty.speculativeToken);
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
    // SAFETY: the protocol of ExecInsert: the token's lock is held from before
    // the first row can be seen until all are kept or taken back, and nothing is
    // waited for meanwhile.
    unsafe {
        let own = pg_sys::GetCurrentTransactionId();
        let token = pg_sys::SpeculativeInsertionLockAcquire(own);
        let mut alone = true;
        let mut slots = [const { None }; MOST_TARGETS];
        for (target, place) in targets.iter().zip(&mut slots) {
            let slot = place.insert(filled(&target.table, values));
            alone = insert_row(target, slot, values, token);
            if !alone {
                break;
            }
        }
        for (target, slot) in targets.iter().zip(slots.iter().flatten()) {
            pg_sys::table_tuple_complete_speculative(target.table.raw(), slot.0, token, alone);
        }
        pg_sys::SpeculativeInsertionLockRelease(own);
        alone
    }
}

/// A row can go into so many tables at once.
const MOST_TARGETS: usize = 2;

/// A slot that holds these values, none NULL.
fn filled(table: &Relation, values: &[pg_sys::Datum]) -> Slot {
    let slot = Slot::of(table);
    // SAFETY: the table has as many columns, of these types.
    unsafe {
        pg_sys::ExecClearTuple(slot.0);
        for (place, value) in values.iter().enumerate() {
            *(*slot.0).tts_values.add(place) = *value;
            *(*slot.0).tts_isnull.add(place) = false;
        }
        pg_sys::ExecStoreVirtualTuple(slot.0);
    }
    slot
}

/// Inserts the row in `slot` and its index entry, to be completed or taken back;
/// `false`: somebody else may have the key.
///
/// # Safety
/// Between acquiring and releasing the token's lock.
unsafe fn insert_row(
    target: &Target,
    slot: &Slot,
    values: &mut [pg_sys::Datum],
    token: u32,
) -> bool {
    // SAFETY: as the caller promises; the index is a btree, which does not look at
    // the IndexInfo.
    unsafe {
        pg_sys::table_tuple_insert_speculative(
            target.table.raw(),
            slot.0,
            pg_sys::GetCurrentCommandId(true),
            0,
            std::ptr::null_mut(),
            token,
        );
        pg_sys::index_insert(
            target.index.raw(),
            values.as_mut_ptr(),
            [false].as_mut_ptr(),
            &mut (*slot.0).tts_tid,
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
    let slot = filled(&table, values);
    // SAFETY: the slot holds a row of the table.
    unsafe { pg_sys::simple_table_tuple_insert(table.raw(), slot.0) }
}

/// Whose a row is.
pub enum Found {
    /// There is none.
    Nobody,
    /// This transaction made it, so nobody else can change it.
    Own(Slot),
    /// Locked now against everybody else to the end of the transaction.
    Locked(Slot),
}

/// Finds the row with `key` and locks it.
///
/// A row of this transaction is locked by being its own, and has to be left
/// alone: one that the running command made can be neither locked nor replaced.
pub fn lock(target: &Target, key: pg_sys::Datum) -> Found {
    let slot = Slot::of(&target.table);
    loop {
        if find(target, key, &slot).is_none() {
            return Found::Nobody;
        }
        if is_own(&slot) {
            return Found::Own(slot);
        }
        if lock_found(&target.table, &slot) {
            return Found::Locked(slot);
        }
    }
}

/// Which indexes want an entry for the new version of a row; by default none.
#[cfg(feature = "pg15")]
type UpdateIndexes = bool;
#[cfg(not(feature = "pg15"))]
type UpdateIndexes = pg_sys::TU_UpdateIndexes::Type;

/// Replaces a row that [`lock`] has locked by `values`, with the same key.
pub fn replace(target: &Target, locked: &Slot, values: &mut [pg_sys::Datum]) {
    let slot = filled(&target.table, values);
    // SAFETY: the locked slot holds a stored row of the table, which nobody else
    // can have changed; the index is a btree.
    unsafe {
        let mut place = (*locked.0).tts_tid;
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
    // SAFETY: the slot holds a stored row of `table`; the snapshot is pushed, as
    // the table's access method asks for, and popped before anything else is.
    unsafe {
        let mut failure = pg_sys::TM_FailureData::default();
        let mut place = (*slot.0).tts_tid;
        pg_sys::ExecClearTuple(slot.0);
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
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
        pg_sys::PopActiveSnapshot();
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
