//! Giving a projection away: what belongs to it follows the owner of its view.

use crate::catalog::owners;
use crate::catalog::projections::Projection;
use pgrx::prelude::*;

/// Follows the owners of those of these relations that are projections, once a command
/// has changed them. What somebody else is changing is left to maintenance.
pub fn follow_owners(relations: &[String]) {
    for projection in owners::among(relations) {
        owners::hand_over(projection);
    }
}

/// Follows the owners of the projections of an event table, and says so in the server
/// log. REASSIGN OWNED, and a dump restored without its grants, tell nobody.
pub fn mend_owners(event_table: i32) {
    for projection in owners::without_rights(event_table) {
        if owners::hand_over(projection)
            && let Some(projection) = Projection::numbered(projection)
        {
            log!(
                "what belongs to projection \"{}\" was given to its owner",
                projection.name
            );
        }
    }
}
