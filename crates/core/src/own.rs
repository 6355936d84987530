//! What a transaction has appended itself, and how much of that it has folded.
//!
//! Inline projections are folded by the transaction that appends. What it has folded
//! is noted as a position, and the note is undone where the fold is: with the
//! subtransaction it was made in.

/// Notes of one transaction, by relation.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The transaction as its events carry it.
    txid: u64,
    /// Event tables, each with the last position drawn for it.
    appended: Vec<(u32, i64)>,
    folded: Vec<Note>,
}

/// Up to where events are folded: for an event table by all its inline projections,
/// for a state by its own.
#[derive(Clone, Copy, Debug)]
struct Note {
    relation: u32,
    /// The subtransaction.
    level: u32,
    position: i64,
}

impl Own {
    /// Nothing appended.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            txid: 0,
            appended: vec![],
            folded: vec![],
        }
    }

    /// An event of transaction `txid` has got a position, which rise.
    pub fn append(&mut self, table: u32, txid: u64, position: i64) {
        self.txid = txid;
        match self.appended.iter_mut().find(|(known, _)| *known == table) {
            Some((_, last)) => *last = position,
            None => self.appended.push((table, position)),
        }
    }

    /// The transaction and the last position it has drawn for an event table; `None`:
    /// it has appended nothing there.
    #[must_use]
    pub fn last(&self, table: u32) -> Option<(u64, i64)> {
        let found = self.appended.iter().find(|(known, _)| *known == table);
        found.map(|(_, last)| (self.txid, *last))
    }

    /// Up to which position the transaction's events are folded (0: none).
    #[must_use]
    pub fn folded(&self, relation: u32) -> i64 {
        let latest = self.folded.iter().rev().find(|n| n.relation == relation);
        latest.map_or(0, |note| note.position)
    }

    /// Notes that they are, as far as subtransaction `level` is concerned.
    pub fn fold(&mut self, relation: u32, level: u32, position: i64) {
        let latest = self
            .folded
            .iter_mut()
            .rev()
            .find(|n| n.relation == relation);
        match latest {
            Some(note) if note.level == level => note.position = position,
            _ => self.folded.push(Note {
                relation,
                level,
                position,
            }),
        }
    }

    /// A subtransaction has become part of its parent.
    pub fn released(&mut self, level: u32, parent: u32) {
        let mut kept: Vec<Note> = Vec::with_capacity(self.folded.len());
        for mut note in self.folded.drain(..) {
            if note.level == level {
                note.level = parent;
                kept.retain(|n| n.relation != note.relation || n.level != parent);
            }
            kept.push(note);
        }
        self.folded = kept;
    }

    /// A subtransaction has been rolled back.
    pub fn rolled_back(&mut self, level: u32) {
        self.folded.retain(|note| note.level != level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_note_goes_with_the_subtransaction_it_was_made_in() {
        let mut own = Own::new();
        own.append(9, 700, 5);
        own.fold(9, 1, 5);
        own.append(9, 700, 8);
        own.fold(9, 2, 8);
        assert_eq!((own.last(9), own.folded(9)), (Some((700, 8)), 8));
        own.rolled_back(2);
        assert_eq!(own.folded(9), 5);
        own.fold(9, 3, 9);
        own.released(3, 1);
        own.rolled_back(3);
        assert_eq!(own.folded(9), 9);
        assert_eq!((own.last(8), own.folded(8)), (None, 0));
    }

    #[test]
    fn released_notes_do_not_pile_up() {
        let mut own = Own::new();
        for level in 2..1_000 {
            own.fold(9, level, i64::from(level));
            own.released(level, 1);
        }
        assert_eq!((own.folded.len(), own.folded(9)), (1, 999));
    }

    #[derive(Clone, Debug)]
    enum Does {
        Fold(u32),
        Savepoint,
        Release,
        RollBack,
    }

    fn does() -> impl Strategy<Value = Does> {
        prop_oneof![
            3 => (1u32..4).prop_map(Does::Fold),
            2 => Just(Does::Savepoint),
            1 => Just(Does::Release),
            1 => Just(Does::RollBack),
        ]
    }

    proptest! {
        /// The same as keeping a copy of all notes at each savepoint.
        #[test]
        fn notes_are_undone_as_a_copy_would_be(steps in prop::collection::vec(does(), 0..60)) {
            let mut own = Own::new();
            let (mut next, mut position) = (1u32, 0i64);
            let mut levels = vec![next];
            let mut now = [0i64; 4];
            let mut copies = vec![];
            for step in steps {
                match step {
                    Does::Fold(relation) => {
                        position += 1;
                        own.fold(relation, levels[levels.len() - 1], position);
                        now[relation as usize] = position;
                    }
                    Does::Savepoint => {
                        next += 1;
                        levels.push(next);
                        copies.push(now);
                    }
                    Does::Release if levels.len() > 1 => {
                        let level = levels.pop().unwrap();
                        own.released(level, levels[levels.len() - 1]);
                        copies.pop();
                    }
                    Does::RollBack if levels.len() > 1 => {
                        own.rolled_back(levels.pop().unwrap());
                        now = copies.pop().unwrap();
                    }
                    Does::Release | Does::RollBack => {}
                }
                for relation in 1..4u32 {
                    prop_assert_eq!(own.folded(relation), now[relation as usize]);
                }
            }
        }
    }
}
