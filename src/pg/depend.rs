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
