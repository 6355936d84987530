//! The versions that a transaction has given, so that the log need not be asked for
//! the current one before each event.
//!
//! That an event got its version does not mean that it went in: a user's own unique
//! index, trigger or policy may drop the row afterwards. So what is remembered counts
//! only while the number of rows this transaction has put into the segment is what it
//! must be if every row went in. Rows of a savepoint that was rolled back are missing
//! in that number too. Once it is wrong, the rest of the transaction asks the log.

use std::collections::HashMap;

/// Beyond this many aggregates they are forgotten, and looked up again.
const MOST: usize = 10_000;

/// A row on its way into a segment.
#[derive(Clone, Copy)]
pub struct Place {
    /// The top-level transaction.
    pub txid: u64,
    /// The event table, by any number of its own.
    pub table: u32,
    /// The segment, likewise.
    pub segment: u32,
    /// How many rows the transaction has put into the segment, without those rolled
    /// back or taken back; `None` if nobody counts.
    pub rows: Option<i64>,
}

/// What a session remembers of its transaction.
#[derive(Default)]
pub struct Given {
    txid: u64,
    /// By number: a transaction has few.
    tables: Vec<(u32, Table)>,
}

struct Table {
    segment: u32,
    /// What `rows` must be at the next event; `None`: do not trust `versions` again.
    expected: Option<i64>,
    versions: HashMap<Box<[u8]>, i64>,
}

impl Given {
    /// The current version of `aggregate`, if it is known for certain.
    pub fn version(&mut self, place: Place, aggregate: &[u8]) -> Option<i64> {
        let table = self.table(place)?;
        table.check(place);
        table.versions.get(aggregate).copied()
    }

    /// The row passes the trigger, with this version if it has one.
    pub fn pass(&mut self, place: Place, versioned: Option<(&[u8], i64)>) {
        let Some(table) = self.table(place) else {
            return self.begin(place, versioned);
        };
        table.check(place);
        table.expected = table.expected.map(|rows| rows + 1);
        if table.expected.is_some()
            && let Some((aggregate, version)) = versioned
        {
            table.note(aggregate, version);
        }
    }

    /// The table of `place`, if it has had events in this transaction.
    fn table(&mut self, place: Place) -> Option<&mut Table> {
        if self.txid != place.txid {
            self.txid = place.txid;
            self.tables.clear();
        }
        let known = self
            .tables
            .iter_mut()
            .find(|(number, _)| *number == place.table);
        known.map(|(_, table)| table)
    }

    fn begin(&mut self, place: Place, versioned: Option<(&[u8], i64)>) {
        let mut table = Table {
            segment: place.segment,
            expected: place.rows.map(|rows| rows + 1),
            versions: HashMap::new(),
        };
        if table.expected.is_some()
            && let Some((aggregate, version)) = versioned
        {
            table.note(aggregate, version);
        }
        self.tables.push((place.table, table));
    }
}

impl Table {
    /// Gives up for the rest of the transaction unless every row went in, into one
    /// segment. For the rest: a row that another one's check or trigger puts in before
    /// that one itself could make the number right again by chance.
    fn check(&mut self, place: Place) {
        if self.expected.is_none() || self.expected != place.rows || self.segment != place.segment {
            self.expected = None;
            self.versions.clear();
        }
    }

    fn note(&mut self, aggregate: &[u8], version: i64) {
        if let Some(known) = self.versions.get_mut(aggregate) {
            *known = version;
            return;
        }
        if self.versions.len() >= MOST {
            self.versions.clear();
        }
        self.versions.insert(aggregate.into(), version);
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, MOST, Place};

    const A: &[u8] = b"a";

    fn place(rows: i64) -> Place {
        Place {
            txid: 7,
            table: 1,
            segment: 1,
            rows: Some(rows),
        }
    }

    /// One event of A, version 5, at the first place.
    fn after_one() -> Given {
        let mut given = Given::default();
        assert_eq!(given.version(place(0), A), None);
        given.pass(place(0), Some((A, 5)));
        given
    }

    #[test]
    fn a_version_is_known_once_its_row_is_in() {
        let mut given = after_one();
        assert_eq!(given.version(place(1), A), Some(5));
        given.pass(place(1), Some((A, 6)));
        assert_eq!(given.version(place(2), b"b"), None);
        given.pass(place(2), None);
        assert_eq!(given.version(place(3), A), Some(6));
        // A duplicate does not pass.
        assert_eq!(given.version(place(3), A), Some(6));
    }

    #[test]
    fn a_row_that_vanished_ends_the_trust() {
        for rows in [0, 2] {
            let mut given = after_one();
            assert_eq!(given.version(place(rows), A), None);
            given.pass(place(rows), Some((A, 5)));
            assert_eq!(given.version(place(rows + 1), A), None);
        }
    }

    #[test]
    fn a_vanished_row_without_a_version_counts() {
        let mut given = after_one();
        given.pass(place(1), None);
        assert_eq!(given.version(place(1), A), None);
    }

    #[test]
    fn a_row_put_in_on_behalf_of_another_ends_the_trust() {
        let mut given = after_one();
        // Passes and is not in yet when the next one comes, which then vanishes.
        given.pass(place(1), Some((A, 6)));
        given.pass(place(1), Some((A, 6)));
        assert_eq!(given.version(place(2), A), None);
    }

    #[test]
    fn nothing_is_known_of_another_transaction_table_or_segment() {
        let other = [
            Place {
                txid: 8,
                ..place(1)
            },
            Place {
                table: 2,
                ..place(1)
            },
            Place {
                segment: 2,
                ..place(1)
            },
            Place {
                rows: None,
                ..place(1)
            },
        ];
        for place in other {
            assert_eq!(after_one().version(place, A), None);
        }
        let mut given = after_one();
        given.pass(other[2], None);
        assert_eq!(given.version(place(1), A), None);
    }

    #[test]
    fn nothing_is_known_while_nobody_counts() {
        let nobody = Place {
            rows: None,
            ..place(0)
        };
        let mut given = Given::default();
        given.pass(nobody, Some((A, 5)));
        assert_eq!(given.version(nobody, A), None);
        given.pass(nobody, Some((A, 6)));
        assert_eq!(given.version(place(0), A), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut given = Given::default();
        for rows in 0..=MOST as i64 {
            given.pass(place(rows), Some((&rows.to_le_bytes(), 1)));
        }
        let rows = MOST as i64 + 1;
        assert_eq!(given.version(place(rows), &0i64.to_le_bytes()), None);
        assert_eq!(
            given.version(place(rows), &(rows - 1).to_le_bytes()),
            Some(1)
        );
    }
}
