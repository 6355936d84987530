//! The locks by which workers, sessions and DROP get along.
//!
//! A worker is the only one of its database by a lock of the whole session, on a
//! tag that nobody else uses. It takes it in two modes: EXCLUSIVE, which only
//! workers ask for, decides; ACCESS EXCLUSIVE, on top, shows everybody else that
//! there is one. Who looks asks for ACCESS SHARE and lets go at once: that cannot
//! keep a worker from becoming the one. Those that help it to fold have places,
//! each with such a lock.

use super::Oid;
use super::bgworker::own_database;
use pgrx::pg_sys::{self, LockAcquireResult as Acquired};
use std::time::Duration;

/// User locks survive a rollback, ordinary locks of a session do not. SQL's
/// advisory locks have 1 or 2 here, so no SQL can take or imitate this one.
const WORKER_LOCK: u16 = 0x5041;

/// Place 0 is that of the worker.
fn worker_tag(database: Oid, place: u32) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        locktag_field1: database.to_u32(),
        locktag_field2: place,
        locktag_field3: 0,
        locktag_field4: WORKER_LOCK,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}

fn acquire(tag: &pg_sys::LOCKTAG, mode: u32, wait: bool) -> Acquired::Type {
    // SAFETY: a session lock has no owner that would have to be there.
    unsafe { pg_sys::LockAcquire(tag, mode as i32, true, !wait) }
}

fn release(tag: &pg_sys::LOCKTAG, mode: u32) {
    // SAFETY: releases one hold of a session lock.
    unsafe { pg_sys::LockRelease(tag, mode as i32, true) };
}

/// Makes this process the worker of its database, or finds that it is already;
/// `false` if another one is.
pub fn become_the_worker() -> bool {
    take_place(0)
}

/// Makes this process one of so many that help the worker; `false` if all are there.
pub fn become_a_helper(places: u32) -> bool {
    (1..=places).any(take_place)
}

fn take_place(place: u32) -> bool {
    let tag = worker_tag(own_database(), place);
    match acquire(&tag, pg_sys::ExclusiveLock, false) {
        Acquired::LOCKACQUIRE_NOT_AVAIL => false,
        Acquired::LOCKACQUIRE_OK => {
            acquire(&tag, pg_sys::AccessExclusiveLock, true);
            true
        }
        _ => {
            release(&tag, pg_sys::ExclusiveLock);
            true
        }
    }
}

/// Makes room for another worker.
pub fn step_down() {
    let tag = worker_tag(own_database(), 0);
    release(&tag, pg_sys::AccessExclusiveLock);
    release(&tag, pg_sys::ExclusiveLock);
}

/// Whether a database has a worker.
pub fn has_worker(database: Oid) -> bool {
    is_taken(database, 0)
}

/// How many of these places of helpers are free.
pub fn free_places(places: u32) -> usize {
    let free = |place: &u32| !is_taken(own_database(), *place);
    (1..=places).filter(free).count()
}

fn is_taken(database: Oid, place: u32) -> bool {
    let tag = worker_tag(database, place);
    if acquire(&tag, pg_sys::AccessShareLock, false) == Acquired::LOCKACQUIRE_NOT_AVAIL {
        return true;
    }
    release(&tag, pg_sys::AccessShareLock);
    false
}

/// Whether somebody waits for a database to have no sessions: DROP DATABASE,
/// ALTER DATABASE … RENAME, CREATE DATABASE with it as the template.
pub fn is_wanted_without_sessions(database: Oid) -> bool {
    let tag = pg_sys::LOCKTAG {
        locktag_field1: 0,
        locktag_field2: pg_sys::DatabaseRelationId.to_u32(),
        locktag_field3: database.to_u32(),
        locktag_field4: 0,
        locktag_type: pg_sys::LockTagType::LOCKTAG_OBJECT as u8,
        locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
    };
    // What a session takes while it connects: those commands keep it out.
    if acquire(&tag, pg_sys::RowExclusiveLock, false) == Acquired::LOCKACQUIRE_NOT_AVAIL {
        return true;
    }
    release(&tag, pg_sys::RowExclusiveLock);
    false
}

/// How long the session lets itself wait for a lock; `None`: as long as it takes.
pub fn lock_timeout() -> Option<Duration> {
    // SAFETY: a plain variable of the backend.
    let milliseconds = u64::try_from(unsafe { pg_sys::LockTimeout }).unwrap_or(0);
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

/// Keeps the extension from being dropped until the transaction ends; `false` if
/// it is not there.
pub fn pin_extension() -> bool {
    let name = c"pg_analytics".as_ptr();
    // SAFETY: inside a transaction; the second look comes after a DROP that held
    // the lock has committed.
    unsafe {
        let extension = pg_sys::get_extension_oid(name, true);
        if extension == Oid::INVALID {
            return false;
        }
        pg_sys::LockDatabaseObject(
            pg_sys::ExtensionRelationId,
            extension,
            0,
            pg_sys::AccessShareLock as i32,
        );
        pg_sys::get_extension_oid(name, true) == extension
    }
}
