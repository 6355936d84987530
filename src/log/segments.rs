//! Segments: the partitions of an event table.

use super::settings::LOG_OF_SEQUENCE;
use crate::catalog;
use crate::pg::Oid;
use crate::pg::error::OrRaise;

/// The number of the segment that takes appends, for the default of the
/// partition key. The event table is named by its position sequence, which
/// survives dump, restore and renaming.
pub fn active_segment(sequence: Oid) -> i32 {
    *LOG_OF_SEQUENCE
        .with(|numbers| {
            numbers.get_or_make(sequence, || catalog::event_tables::active_segment(sequence))
        })
        .or_raise()
}
