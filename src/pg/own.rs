//! What this transaction has appended and folded itself; forgotten when it ends, and
//! what a subtransaction has folded when that is rolled back.

use super::Oid;
use pganalytics_core::own::Own;
use pgrx::pg_sys::{self, SubXactEvent};
use pgrx::prelude::*;
use std::cell::{OnceCell, RefCell};
use std::ffi::c_void;

thread_local! {
    static OWN: RefCell<Own> = const { RefCell::new(Own::new()) };
    static WATCHING: OnceCell<()> = const { OnceCell::new() };
}

/// Registers the callbacks, once per backend.
fn watch() {
    WATCHING.with(|watching| {
        // SAFETY: the callbacks live as long as the library, which is never unloaded.
        watching.get_or_init(|| unsafe {
            pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
            pg_sys::RegisterSubXactCallback(Some(subtransaction_event), std::ptr::null_mut());
        });
    });
}

/// After its deferred triggers, also when it is prepared.
#[pg_guard]
extern "C-unwind" fn transaction_ended(_event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    OWN.set(Own::new());
}

#[pg_guard]
extern "C-unwind" fn subtransaction_event(
    event: SubXactEvent::Type,
    mine: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _arg: *mut c_void,
) {
    OWN.with_borrow_mut(|own| match event {
        SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => own.released(mine, parent),
        SubXactEvent::SUBXACT_EVENT_ABORT_SUB => own.rolled_back(mine),
        _ => {}
    });
}

/// An event of this transaction, `txid` as events carry it, has got a position.
pub fn append(event_table: Oid, txid: u64, position: i64) {
    watch();
    OWN.with_borrow_mut(|own| own.append(event_table.to_u32(), txid, position));
}

/// This transaction and the last position it has drawn for an event table; `None`:
/// it has appended nothing there.
pub fn last(event_table: Oid) -> Option<(u64, i64)> {
    OWN.with_borrow(|own| own.last(event_table.to_u32()))
}

/// Up to which position its events are folded: into a state, or for an event table
/// into all inline projections.
pub fn folded(relation: Oid) -> i64 {
    OWN.with_borrow(|own| own.folded(relation.to_u32()))
}

/// The same, as far as the active snapshot sees it: that of a cursor may be older than
/// the last fold.
pub fn seen_folded(relation: Oid) -> i64 {
    // SAFETY: a snapshot is active; its fields are plain numbers.
    let command = unsafe { (*pg_sys::GetActiveSnapshot()).curcid };
    OWN.with_borrow(|own| own.folded_before(relation.to_u32(), command))
}

/// Notes that they are, for as long as the current subtransaction holds; what folds them
/// comes next.
pub fn fold(relation: Oid, position: i64) {
    watch();
    // SAFETY: plain accessors.
    let (level, command) = unsafe {
        (
            pg_sys::GetCurrentSubTransactionId(),
            pg_sys::GetCurrentCommandId(false),
        )
    };
    OWN.with_borrow_mut(|own| own.fold(relation.to_u32(), level, command, position));
}
