//! The databases of the cluster, read without being connected to one.

use super::Oid;
use super::index::{Lock, Relation};
use pgrx::pg_sys;

/// What `datconnlimit` is in a database whose DROP was interrupted.
const INVALID_DATABASE: i32 = -2;

/// The databases that can be connected to and are no templates. Inside a
/// transaction.
pub fn connectable() -> Vec<Oid> {
    let catalog = Relation::open(pg_sys::DatabaseRelationId, Lock::Read);
    let mut found = vec![];
    // SAFETY: the scan ends before the relation is closed; a tuple of pg_database
    // begins with its fixed columns.
    unsafe {
        let scan = pg_sys::systable_beginscan(
            catalog.raw(),
            Oid::INVALID,
            false,
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            let header = (*tuple).t_data;
            let row = &*header
                .cast::<u8>()
                .add(usize::from((*header).t_hoff))
                .cast::<pg_sys::FormData_pg_database>();
            if row.datallowconn && !row.datistemplate && row.datconnlimit != INVALID_DATABASE {
                found.push(row.oid);
            }
        }
        pg_sys::systable_endscan(scan);
    }
    found
}
