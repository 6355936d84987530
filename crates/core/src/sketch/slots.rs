//! A hash table in plain bytes: slots of so many bytes, of which the first four are the
//! key. A slot of key 0 is free; nothing is ever removed.

/// Slots that are filled before a table grows: three of four.
pub(crate) const fn is_full(count: usize, slots: usize) -> bool {
    4 * count >= 3 * slots
}

/// The key of a slot.
pub(crate) fn key<const WIDTH: usize>(slot: &[u8; WIDTH]) -> u32 {
    slot.first_chunk().map_or(0, |key| u32::from_le_bytes(*key))
}

/// The place of the slot that `is_it`, or of the free one where it goes. `home`, between
/// 0 and 2^32, is where to begin to look. `None`: it is not there, and no slot is free.
pub(crate) fn find<const WIDTH: usize>(
    slots: &[[u8; WIDTH]],
    home: u32,
    is_it: impl Fn(&[u8; WIDTH]) -> bool,
) -> Option<usize> {
    let first = ((u64::from(home) * slots.len() as u64) >> 32) as usize;
    let fits = |slot: &[u8; WIDTH]| key(slot) == 0 || is_it(slot);
    let after = slots[first..].iter().position(&fits);
    after
        .map(|place| first + place)
        .or_else(|| slots[..first].iter().position(fits))
}
