//! The versions that a transaction has given, so that the log need not be asked for
//! the current one before each event.
//!
//! That an event got its version does not mean that it went in: a user's own unique
//! index or trigger may drop the row afterwards. So what is remembered counts
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

/// What a session remembers of its transaction, by event table: it meets few.
#[derive(Default)]
pub struct Given(Vec<Table>);

#[derive(Default)]
struct Table {
    txid: u64,
    table: u32,
    segment: u32,
    /// What `rows` must be at the next event; `None`: trust nothing any more.
    expected: Option<i64>,
    /// The last event's, if any: mostly the next one's, and often the only one's.
    last: Option<i64>,
    last_aggregate: Vec<u8>,
    /// Those of other aggregates before.
    others: HashMap<Box<[u8]>, i64>,
}

impl Given {
    /// The current version of `aggregate`, if it is known for certain.
    pub fn version(&mut self, place: Place, aggregate: &[u8]) -> Option<i64> {
        self.table(place).version(aggregate)
    }

    /// The row passes the trigger, with this version if it has one.
    pub fn pass(&mut self, place: Place, versioned: Option<(&[u8], i64)>) {
        let table = self.table(place);
        let Some(rows) = table.expected else {
            return;
        };
        table.expected = Some(rows + 1);
        if let Some((aggregate, version)) = versioned {
            table.note(aggregate, version);
        }
    }

    /// What is known of the table of `place` there.
    fn table(&mut self, place: Place) -> &mut Table {
        let known = self.0.iter().position(|table| table.table == place.table);
        let at = known.unwrap_or_else(|| {
            self.0.push(Table::default());
            self.0.len() - 1
        });
        let table = &mut self.0[at];
        if table.txid == place.txid && known.is_some() {
            table.check(place);
        } else {
            table.begin(place);
        }
        table
    }
}

impl Table {
    fn begin(&mut self, place: Place) {
        self.txid = place.txid;
        self.table = place.table;
        self.segment = place.segment;
        self.forget();
        self.expected = place.rows;
    }

    /// Gives up for the rest of the transaction unless every row went in, into one
    /// segment. For the rest: a row that another one's check or trigger puts in before
    /// that one itself could make the number right again by chance.
    fn check(&mut self, place: Place) {
        if self.expected.is_some() && (self.expected != place.rows || self.segment != place.segment)
        {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.expected = None;
        self.last = None;
        // Not `clear`: its time grows with what the map once held.
        self.others = HashMap::new();
    }

    fn version(&self, aggregate: &[u8]) -> Option<i64> {
        if self.last.is_some() && self.last_aggregate == aggregate {
            return self.last;
        }
        self.others.get(aggregate).copied()
    }

    fn note(&mut self, aggregate: &[u8], version: i64) {
        if let Some(last) = self.last
            && self.last_aggregate != aggregate
        {
            if self.others.len() >= MOST {
                self.others = HashMap::new();
            }
            self.others
                .insert(self.last_aggregate.as_slice().into(), last);
        }
        self.last = Some(version);
        self.last_aggregate.clear();
        self.last_aggregate.extend_from_slice(aggregate);
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
    fn aggregates_may_take_turns() {
        let mut given = after_one();
        given.pass(place(1), Some((b"b", 1)));
        given.pass(place(2), Some((A, 6)));
        assert_eq!(given.version(place(3), b"b"), Some(1));
        given.pass(place(3), Some((b"b", 2)));
        assert_eq!(given.version(place(4), A), Some(6));
        assert_eq!(given.version(place(4), b"b"), Some(2));
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
        // One more than the others and the last.
        for rows in 0..MOST as i64 + 2 {
            given.pass(place(rows), Some((&rows.to_le_bytes(), 1)));
        }
        let rows = MOST as i64 + 2;
        assert_eq!(given.version(place(rows), &0i64.to_le_bytes()), None);
        assert_eq!(
            given.version(place(rows), &(rows - 1).to_le_bytes()),
            Some(1)
        );
    }
}
