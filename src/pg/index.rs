//! Index scans without SPI.

use pgrx::pg_sys::{self, Oid};
use std::ops::ControlFlow;

/// How a relation is opened.
#[derive(Clone, Copy)]
pub enum Lock {
    /// The statement has locked it.
    Held,
    /// To read.
    Read,
    /// To insert, as INSERT does.
    Write,
}

/// An open relation, closed when dropped (its lock is kept to the end of the
/// transaction).
pub struct Relation(pg_sys::Relation);

impl Relation {
    /// Opens a table or partition with `lock`.
    pub fn open(oid: Oid, lock: Lock) -> Self {
        let mode = match lock {
            Lock::Held => pg_sys::NoLock,
            Lock::Read => pg_sys::AccessShareLock,
            Lock::Write => pg_sys::RowExclusiveLock,
        };
        // SAFETY: raises an error if there is no such relation.
        Self(unsafe { pg_sys::relation_open(oid, mode as pg_sys::LOCKMODE) })
    }

    /// Opens it to read, unless it has been dropped.
    pub fn open_if_there(oid: Oid) -> Option<Self> {
        // SAFETY: returns null if there is no such relation.
        let relation =
            unsafe { pg_sys::try_relation_open(oid, pg_sys::AccessShareLock as pg_sys::LOCKMODE) };
        // Not `then_some`, which would make one of null and drop it.
        (!relation.is_null()).then(|| Self(relation))
    }

    /// For the other modules of the boundary.
    pub(super) fn raw(&self) -> pg_sys::Relation {
        self.0
    }

    /// The collation of the first column of an index.
    fn first_collation(&self) -> Oid {
        // SAFETY: an open index has at least one key column.
        unsafe { *(*self.0).rd_indcollation }
    }
}

impl Drop for Relation {
    fn drop(&mut self) {
        // While an error unwinds, the resource owner closes it.
        if !std::thread::panicking() {
            // SAFETY: opened in `open`.
            unsafe { pg_sys::relation_close(self.0, pg_sys::NoLock as pg_sys::LOCKMODE) }
        }
    }
}

/// A slot that fits a relation, dropped with it.
pub struct Slot(pub(super) *mut pg_sys::TupleTableSlot);

impl Slot {
    /// For tuples of `relation`.
    pub fn of(relation: &Relation) -> Self {
        // SAFETY: the relation is open; the slot is freed in `drop`.
        Self(unsafe { pg_sys::table_slot_create(relation.0, std::ptr::null_mut()) })
    }

    /// The value of a column (from 1), `None` if it is NULL.
    pub fn value(&self, attribute: i16) -> Option<pg_sys::Datum> {
        // SAFETY: the slot is filled from a table with at least this many columns.
        unsafe { slot_value(self.0, attribute) }
    }

    /// The value of a `bigint` column that is never NULL.
    pub fn number(&self, attribute: i16) -> i64 {
        self.value(attribute)
            .map_or(0, |datum| datum.value() as i64)
    }

    /// The value of an `integer` column that is never NULL.
    pub fn integer(&self, attribute: i16) -> i32 {
        self.value(attribute)
            .map_or(0, |datum| datum.value() as i32)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: made in `of`.
            unsafe { pg_sys::ExecDropSingleTupleTableSlot(self.0) }
        }
    }
}

/// The value of a column (from 1), `None` if it is NULL.
///
/// # Safety
/// `slot` holds a row with at least this many columns.
pub(super) unsafe fn slot_value(
    slot: *mut pg_sys::TupleTableSlot,
    attribute: i16,
) -> Option<pg_sys::Datum> {
    // SAFETY: as the caller promises; once fetched, the arrays have an entry for it.
    unsafe {
        if (*slot).tts_nvalid < attribute {
            pg_sys::slot_getsomeattrs_int(slot, i32::from(attribute));
        }
        let place = attribute as usize - 1;
        (!*(*slot).tts_isnull.add(place)).then(|| *(*slot).tts_values.add(place))
    }
}

/// An index scan, ended when dropped.
pub(super) struct Scan(pg_sys::IndexScanDesc);

impl Scan {
    /// The rows of `table` that `snapshot` sees, by `index` and under `keys`.
    ///
    /// # Safety
    /// `snapshot` outlives the scan.
    pub unsafe fn begin(
        table: &Relation,
        index: &Relation,
        snapshot: pg_sys::Snapshot,
        keys: &mut [pg_sys::ScanKeyData],
    ) -> Self {
        let count = keys.len() as i32;
        // SAFETY: both are open, and as the caller promises; the keys are copied.
        unsafe {
            let scan = pg_sys::index_beginscan(table.0, index.0, snapshot, count, 0);
            pg_sys::index_rescan(scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
            Self(scan)
        }
    }

    /// Puts the next row into `slot`; `false`: there is none.
    pub fn next(&mut self, direction: pg_sys::ScanDirection::Type, slot: &Slot) -> bool {
        // SAFETY: the scan is under way; the slot fits its table.
        unsafe { pg_sys::index_getnext_slot(self.0, direction, slot.0) }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: begun in `begin`.
            unsafe { pg_sys::index_endscan(self.0) }
        }
    }
}

/// An equality condition on the first column of an index.
pub(super) fn equals(index: &Relation, function: Oid, value: pg_sys::Datum) -> pg_sys::ScanKeyData {
    condition(index, pg_sys::BTEqualStrategyNumber, function, value)
}

fn condition(
    index: &Relation,
    strategy: u32,
    function: Oid,
    value: pg_sys::Datum,
) -> pg_sys::ScanKeyData {
    let mut key = pg_sys::ScanKeyData::default();
    // SAFETY: fills the key in; `function` is the operator's function.
    unsafe {
        pg_sys::ScanKeyInit(&mut key, 1, strategy as u16, function, value);
    }
    key.sk_collation = index.first_collation();
    key
}

/// Which events of an aggregate to visit, and in which order.
#[derive(Clone, Copy)]
pub enum Visit {
    /// From this version on.
    From(i64),
    /// Down to this version, the last one first.
    DownTo(i64),
}

/// Visits the versioned events of `aggregate` in a segment by its index
/// (aggregate_id, version), own rows included, also those of the running
/// statement, until `visit` breaks.
///
/// The scan reads all versions asked for that share a page of the index: a bound
/// close to the greatest saves most of its time.
pub fn visit_versions(
    segment: &Relation,
    index: &Relation,
    aggregate: pg_sys::Datum,
    which: Visit,
    mut visit: impl FnMut(&Slot) -> ControlFlow<()>,
) {
    let slot = Slot::of(segment);
    let (least, direction) = match which {
        Visit::From(version) => (version, pg_sys::ScanDirection::ForwardScanDirection),
        Visit::DownTo(version) => (version, pg_sys::ScanDirection::BackwardScanDirection),
    };
    let mut bound = pg_sys::ScanKeyData::default();
    // SAFETY: fills the key in. NULLs satisfy no operator.
    unsafe {
        pg_sys::ScanKeyInit(
            &mut bound,
            2,
            pg_sys::BTGreaterEqualStrategyNumber as u16,
            Oid::from(pg_sys::F_INT8GE),
            pg_sys::Datum::from(least),
        );
    }
    let same = equals(index, Oid::from(pg_sys::F_TEXTEQ), aggregate);
    let own = &raw mut pg_sys::SnapshotSelfData;
    // SAFETY: that snapshot is a constant.
    let mut scan = unsafe { Scan::begin(segment, index, own, &mut [same, bound]) };
    while scan.next(direction, &slot) {
        pgrx::check_for_interrupts!();
        if visit(&slot).is_break() {
            break;
        }
    }
}

/// The greatest version of `aggregate` in a segment, if it is `at_least` so much, own
/// rows included.
///
/// The caller holds the aggregate's head: nobody else can be writing versions.
pub fn greatest_version(
    segment: &Relation,
    index: &Relation,
    version: i16,
    aggregate: pg_sys::Datum,
    at_least: i64,
) -> Option<i64> {
    let mut greatest = None;
    visit_versions(segment, index, aggregate, Visit::DownTo(at_least), |slot| {
        greatest = Some(slot.number(version));
        ControlFlow::Break(())
    });
    greatest
}

/// The number of rows, counted up to `most`, that the active snapshot sees and
/// whose indexed `xid8` is `from` or more or one of `others` (all below `from`).
///
/// The oldest come first; `reached` is shown the row at which the count ends. No plan is
/// made: planning evaluates functions that the table's owner chose.
pub fn count(
    table: Oid,
    index: Oid,
    from: u64,
    others: &[u64],
    most: i64,
    mut reached: impl FnMut(&Slot),
) -> i64 {
    let table = Relation::open(table, Lock::Read);
    let index = Relation::open(index, Lock::Read);
    let slot = Slot::of(&table);
    let mut seen = 0;
    let last = (pg_sys::BTGreaterEqualStrategyNumber, pg_sys::F_XID8GE, from);
    let first = others
        .iter()
        .map(|id| (pg_sys::BTEqualStrategyNumber, pg_sys::F_XID8EQ, *id));
    for (strategy, function, id) in first.chain([last]) {
        let function = Oid::from(function);
        let key = condition(&index, strategy, function, pg_sys::Datum::from(id));
        // SAFETY: the active snapshot stays so.
        let mut scan =
            unsafe { Scan::begin(&table, &index, pg_sys::GetActiveSnapshot(), &mut [key]) };
        let forward = pg_sys::ScanDirection::ForwardScanDirection;
        while seen < most && scan.next(forward, &slot) {
            pgrx::check_for_interrupts!();
            seen += 1;
            if seen == most {
                reached(&slot);
            }
        }
    }
    seen
}
