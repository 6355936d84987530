//! What makes an event the same event again: a hash of its content.

use xxhash_rust::xxh3::Xxh3;

/// The 64-bit XXH3 of type, aggregate and payload, each with its length before
/// it, so that moving a character from one to the next changes the hash.
/// `payload` is jsonb as PostgreSQL stores it: key order and white space are gone.
#[must_use]
pub fn content_hash(event_type: &[u8], aggregate_id: &[u8], payload: &[u8]) -> i64 {
    let mut hasher = Xxh3::new();
    for part in [event_type, aggregate_id, payload] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.digest().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::content_hash;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let whole = content_hash(b"paid", b"o1", b"{}");
        assert_eq!(whole, content_hash(b"paid", b"o1", b"{}"));
        assert_ne!(whole, content_hash(b"pai", b"do1", b"{}"));
        assert_ne!(whole, content_hash(b"paid", b"o1{", b"}"));
    }
}
