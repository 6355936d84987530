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
    /// The notes of each relation, the latest last: those of a subtransaction are
    /// beyond those of its parent.
    folded: Vec<(u32, Vec<Note>)>,
}

/// Up to where events are folded: for an event table by all its inline projections,
/// for a state by its own.
///
/// All of them are kept: a cursor reads the state as it was when it was opened.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// The subtransaction.
    level: u32,
    /// The command of the transaction: snapshots of later ones see what was folded.
    command: u32,
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
        self.notes(relation).last().map_or(0, |note| note.position)
    }

    /// The same to a snapshot that sees what commands before `command` have done.
    #[must_use]
    pub fn folded_before(&self, relation: u32, command: u32) -> i64 {
        let notes = self.notes(relation);
        let seen = notes.iter().rev().find(|note| note.command < command);
        seen.map_or(0, |note| note.position)
    }

    fn notes(&self, relation: u32) -> &[Note] {
        let found = self.folded.iter().find(|(known, _)| *known == relation);
        found.map_or(&[], |(_, notes)| notes)
    }

    /// Notes that they are, as far as subtransaction `level` is concerned, from command
    /// `command` on.
    pub fn fold(&mut self, relation: u32, level: u32, command: u32, position: i64) {
        let place = self.folded.iter().position(|(known, _)| *known == relation);
        let place = place.unwrap_or_else(|| {
            self.folded.push((relation, vec![]));
            self.folded.len() - 1
        });
        self.folded[place].1.push(Note {
            level,
            command,
            position,
        });
    }

    /// A subtransaction has become part of its parent.
    pub fn released(&mut self, level: u32, parent: u32) {
        for (_, notes) in &mut self.folded {
            let mine = notes
                .iter_mut()
                .rev()
                .take_while(|note| note.level == level);
            mine.for_each(|note| note.level = parent);
        }
    }

    /// A subtransaction has been rolled back.
    pub fn rolled_back(&mut self, level: u32) {
        for (_, notes) in &mut self.folded {
            while notes.last().is_some_and(|note| note.level == level) {
                notes.pop();
            }
        }
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
        own.fold(9, 1, 0, 5);
        own.append(9, 700, 8);
        own.fold(9, 2, 1, 8);
        assert_eq!((own.last(9), own.folded(9)), (Some((700, 8)), 8));
        own.rolled_back(2);
        assert_eq!(own.folded(9), 5);
        own.fold(9, 3, 2, 9);
        own.released(3, 1);
        own.rolled_back(3);
        assert_eq!(own.folded(9), 9);
        assert_eq!((own.last(8), own.folded(8)), (None, 0));
    }

    #[test]
    fn a_snapshot_finds_what_was_folded_before_it() {
        let mut own = Own::new();
        own.fold(9, 1, 3, 5);
        own.fold(9, 2, 7, 8);
        own.released(2, 1);
        let seen = [3, 4, 7, 8].map(|command| own.folded_before(9, command));
        assert_eq!(seen, [0, 5, 5, 8]);
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
            let mut command = 0u32;
            for step in steps {
                match step {
                    Does::Fold(relation) => {
                        position += 1;
                        own.fold(relation, levels[levels.len() - 1], command, position);
                        prop_assert_eq!(own.folded_before(relation, command), now[relation as usize]);
                        command += 1;
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
                    prop_assert_eq!(own.folded_before(relation, command), now[relation as usize]);
                }
            }
        }
    }
}
