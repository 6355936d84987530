//! Numbers that were true a while ago, by key: a lower bound to begin a search at.
//!
//! Lossy on purpose: two keys may share a place and evict each other, a number may be
//! old or of a transaction that rolled back. Whoever uses one must find out.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A power of two: 64 kB in all, which stay in the cache of a core.
const PLACES: usize = 4096;

/// The hash of the key that a place belongs to, and its number.
pub struct Hints(Vec<(u64, i64)>);

impl Default for Hints {
    fn default() -> Self {
        Self(vec![(0, 0); PLACES])
    }
}

impl Hints {
    /// The last number kept for `key` of `table`, if it is still there.
    #[must_use]
    pub fn get(&self, table: u32, key: &[u8]) -> Option<i64> {
        let hash = hash(table, key);
        let (owner, number) = self.0[hash as usize % PLACES];
        (owner == hash).then_some(number)
    }

    /// Keeps a number.
    pub fn keep(&mut self, table: u32, key: &[u8], number: i64) {
        let hash = hash(table, key);
        self.0[hash as usize % PLACES] = (hash, number);
    }
}

/// Never 0, which marks an empty place.
fn hash(table: u32, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, u64::from(table)).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Hints, PLACES};

    #[test]
    fn a_key_is_found_until_its_place_is_taken() {
        let mut hints = Hints::default();
        assert_eq!(hints.get(1, b"a"), None);
        hints.keep(1, b"a", 5);
        hints.keep(1, b"a", 6);
        assert_eq!(hints.get(1, b"a"), Some(6));
        assert_eq!(hints.get(2, b"a"), None);
        for other in 0..PLACES as u64 * 20 {
            hints.keep(3, &other.to_le_bytes(), 1);
        }
        assert_eq!(hints.get(1, b"a"), None);
    }
}
