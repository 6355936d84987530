//! What a backend remembers until a relation changes or a transaction ends.

use pgrx::pg_sys::{self, Oid};
use pgrx::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// Values by relation, forgotten when that or a relation they depend on changes.
///
/// PostgreSQL tells a backend of every committed change to a relation it has
/// locked; whoever changes a catalog row of ours invalidates its relation.
pub struct RelationCache<T: 'static>(RefCell<HashMap<u32, Entry<T>>>);

/// The relations a value depends on, and the value.
type Entry<T> = (Vec<u32>, Rc<T>);

impl<T> RelationCache<T> {
    /// Empty. `forget` passes its argument on to [`RelationCache::forget`] of this
    /// very cache, which lives in a `thread_local!`.
    pub fn new(forget: fn(u32)) -> Self {
        CACHES.with_borrow_mut(|caches| caches.push(forget));
        Self(RefCell::new(HashMap::new()))
    }

    /// The same for values that hold the text of queries, which names schemas,
    /// functions and types: forgotten when any of those changes.
    pub fn of_queries(forget: fn(u32)) -> Self {
        NAMING_CACHES.with_borrow_mut(|caches| caches.push(forget));
        Self::new(forget)
    }

    /// The value for `key`, made by `make` if it is not there; it lives as long
    /// as the relations that `make` returns with it stay as they are.
    pub fn get_or_make<E>(
        &self,
        key: Oid,
        make: impl FnOnce() -> Result<(Vec<Oid>, T), E>,
    ) -> Result<Rc<T>, E> {
        watch();
        if let Some((_, value)) = self.0.borrow().get(&key.to_u32()) {
            return Ok(Rc::clone(value));
        }
        let generation = GENERATION.get();
        let (relations, value) = make()?;
        let value = Rc::new(value);
        // Something changed while it was made: use it once, keep nothing.
        if generation == GENERATION.get() {
            self.0
                .borrow_mut()
                .insert(key.to_u32(), (numbers(&relations), Rc::clone(&value)));
        }
        Ok(value)
    }

    /// Forgets what depends on `relation` (0: everything).
    pub fn forget(&self, relation: u32) {
        if let Ok(mut map) = self.0.try_borrow_mut() {
            if relation == 0 {
                map.clear();
            } else {
                map.retain(|key, (on, _)| !on.contains(&relation) && *key != relation);
            }
        }
    }
}

fn numbers(relations: &[Oid]) -> Vec<u32> {
    relations.iter().map(|relation| relation.to_u32()).collect()
}

/// What a transaction knows of an aggregate whose head it has locked.
#[derive(Clone, Copy)]
pub struct Floor {
    /// The current version when it was noted.
    pub version: i64,
    /// The segment appended to then: younger events are there or in the next.
    pub segment: i32,
}

/// The aggregates whose heads this transaction has locked, by heads relation.
pub struct LockedHeads(RefCell<HashMap<u32, Floors>>);

/// By aggregate.
type Floors = HashMap<Box<[u8]>, Floor>;

/// Beyond this many the map is emptied; what is forgotten is locked once more.
const MOST_LOCKED_HEADS: usize = 100_000;

impl LockedHeads {
    /// Empty.
    pub fn new() -> Self {
        Self(RefCell::new(HashMap::new()))
    }

    /// What is known of an aggregate that is known to be locked.
    pub fn get(&self, heads: Oid, aggregate: &[u8]) -> Option<Floor> {
        let map = self.0.borrow();
        map.get(&heads.to_u32())?.get(aggregate).copied()
    }

    /// Notes a lock that lasts to the end of the transaction or subtransaction.
    pub fn insert(&self, heads: Oid, aggregate: &[u8], floor: Floor) {
        watch();
        let mut map = self.0.borrow_mut();
        let map = map.entry(heads.to_u32()).or_default();
        if map.len() >= MOST_LOCKED_HEADS {
            map.clear();
        }
        map.insert(aggregate.into(), floor);
    }

    fn clear(&self) {
        if let Ok(mut map) = self.0.try_borrow_mut() {
            map.clear();
        }
    }
}

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    /// How to reach each cache in use.
    static CACHES: RefCell<Vec<fn(u32)>> = const { RefCell::new(vec![]) };
    /// Those of them whose values hold names.
    static NAMING_CACHES: RefCell<Vec<fn(u32)>> = const { RefCell::new(vec![]) };
    /// Counts invalidations.
    static GENERATION: Cell<u64> = const { Cell::new(0) };
    /// See [`LockedHeads`].
    pub static LOCKED_HEADS: LockedHeads = LockedHeads::new();
}

/// What the text of a projection's queries names, besides its relations.
const NAMED_IN_QUERIES: [pg_sys::SysCacheIdentifier::Type; 5] = [
    pg_sys::SysCacheIdentifier::NAMESPACEOID,
    pg_sys::SysCacheIdentifier::PROCOID,
    pg_sys::SysCacheIdentifier::TYPEOID,
    pg_sys::SysCacheIdentifier::OPEROID,
    pg_sys::SysCacheIdentifier::COLLOID,
];

/// Registers the callbacks, once per backend.
fn watch() {
    if WATCHING.replace(true) {
        return;
    }
    // SAFETY: the callbacks live as long as the library, which is never unloaded.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), pg_sys::Datum::from(0));
        for cache in NAMED_IN_QUERIES {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(name_changed),
                pg_sys::Datum::from(0),
            );
        }
        pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_event), std::ptr::null_mut());
    }
}

#[pg_guard]
extern "C-unwind" fn relation_changed(_arg: pg_sys::Datum, relation: Oid) {
    GENERATION.set(GENERATION.get() + 1);
    let caches = CACHES.with_borrow(Clone::clone);
    for forget in caches {
        forget(relation.to_u32());
    }
}

/// A schema, function, type, operator or collation: the texts may name it.
#[pg_guard]
extern "C-unwind" fn name_changed(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    GENERATION.set(GENERATION.get() + 1);
    let caches = NAMING_CACHES.with_borrow(Clone::clone);
    for forget in caches {
        forget(0);
    }
}

#[pg_guard]
extern "C-unwind" fn transaction_ended(
    _event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    LOCKED_HEADS.with(LockedHeads::clear);
}

#[pg_guard]
extern "C-unwind" fn subtransaction_event(
    event: pg_sys::SubXactEvent::Type,
    _mine: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    // A lock taken inside is gone with it.
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        LOCKED_HEADS.with(LockedHeads::clear);
    }
}

/// Tells every backend, at commit, that what it knows of `relation` is old.
pub fn invalidate(relation: Oid) {
    // SAFETY: inside a transaction; the relation exists.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) }
}

/// Hears now of what others have committed, which a backend does by itself when it
/// locks a relation for the first time in a transaction.
pub fn hear_of_changes() {
    // SAFETY: inside a transaction; runs the callbacks above.
    unsafe { pg_sys::AcceptInvalidationMessages() }
}
