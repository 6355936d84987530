//! Dependencies that PostgreSQL does not see by itself.

use pgrx::pg_sys::{self, Oid};

/// Makes relation `part` go when relation `whole` is dropped.
pub fn goes_with(part: Oid, whole: Oid) {
    let address = |oid| pg_sys::ObjectAddress {
        classId: pg_sys::RelationRelationId,
        objectId: oid,
        objectSubId: 0,
    };
    // SAFETY: both relations exist; their addresses live through the call.
    unsafe {
        pg_sys::recordDependencyOn(
            &address(part),
            &address(whole),
            pg_sys::DependencyType::DEPENDENCY_AUTO,
        );
    }
}

/// Makes `part`, which goes with relation `from`, go with relation `to` instead.
pub fn goes_over(part: Oid, from: Oid, to: Oid) {
    let class = pg_sys::RelationRelationId;
    // SAFETY: changes rows of the catalog; 0 if a restore has lost the dependency.
    let moved = unsafe { pg_sys::changeDependencyFor(class, part, class, from, to) };
    if moved == 0 {
        goes_with(part, to);
    }
}
