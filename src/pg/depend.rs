//! Dependencies that PostgreSQL does not see by itself.

use pgrx::pg_sys::{self, Oid};

/// Makes relation `part` go when relation `whole` is dropped.
pub fn goes_with(part: Oid, whole: Oid) {
    depends(pg_sys::RelationRelationId, part, whole);
}

/// Makes function `part` go when relation `whole` is dropped.
pub fn function_goes_with(part: Oid, whole: Oid) {
    depends(pg_sys::ProcedureRelationId, part, whole);
}

fn depends(class: Oid, part: Oid, whole: Oid) {
    let address = |class, oid| pg_sys::ObjectAddress {
        classId: class,
        objectId: oid,
        objectSubId: 0,
    };
    // SAFETY: both objects exist; their addresses live through the call.
    unsafe {
        pg_sys::recordDependencyOn(
            &address(class, part),
            &address(pg_sys::RelationRelationId, whole),
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
