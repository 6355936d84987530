//! The life of a segment, and what its event table does next.
//!
//! ```text
//! spare ─▶ active ─▶ closing ─▶ shut ─▶ sealed ─▶ bounded ─▶ frozen
//! ```
//!
//! A statement that runs already, or a prepared one in a long transaction, knows
//! neither a partition attached meanwhile nor a number moved on meanwhile. So each
//! of the steps up to *sealed* is announced first, then everybody who holds a lock
//! from before is noted, and the step is done once all of those are gone. Nobody
//! waits for anybody: a step that cannot be done yet is tried again later.

use std::fmt;
use std::str::FromStr;

/// What a segment is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Attached, so that it is known when its turn comes; takes no events yet.
    Spare,
    /// Takes appends.
    Active,
    /// The number has moved on; transactions that do not know still append.
    Closing,
    /// Refuses appends; some that began before may still be in flight.
    Shut,
    /// No event in it is in flight, and none will come.
    Sealed,
    /// A validated CHECK says which times its events have.
    Bounded,
    /// Vacuumed for good.
    Frozen,
}

const NAMES: [(State, &str); 7] = [
    (State::Spare, "spare"),
    (State::Active, "active"),
    (State::Closing, "closing"),
    (State::Shut, "shut"),
    (State::Sealed, "sealed"),
    (State::Bounded, "bounded"),
    (State::Frozen, "frozen"),
];

impl State {
    /// Whether the segment's trigger lets events in.
    #[must_use]
    pub fn takes_events(self) -> bool {
        matches!(self, Self::Active | Self::Closing)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(state, _)| state == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// The text names no state.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid segment state \"{0}\"")]
pub struct NotAState(String);

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        let state = NAMES.iter().find(|(_, name)| *name == text);
        state
            .map(|(state, _)| *state)
            .ok_or_else(|| NotAState(text.into()))
    }
}

/// A segment, as far as the next step depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its number, the partition key.
    pub number: i32,
    /// Where it is in its life.
    pub state: State,
    /// Of the transactions noted for its next step, those still there; `None`:
    /// nobody has been noted yet.
    pub holders: Option<usize>,
    /// Whether its rows have been counted.
    pub measured: bool,
    /// Whether it has its CHECK, or needs none.
    pub constrained: bool,
}

/// Something to do, in a transaction of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Note who holds the event table (spare, closing) or the segment (shut).
    Note(i32),
    /// Make this spare the active segment, and the active one closing.
    MoveOn(i32),
    /// Make the segment refuse events.
    Shut(i32),
    /// Nothing of it is in flight any more.
    Seal(i32),
    /// Make and attach the segment of this number as the spare.
    Attach(i32),
    /// Count its rows.
    Measure(i32),
    /// Add the CHECK, not validated.
    Constrain(i32),
    /// Validate the CHECK.
    Bound(i32),
    /// Vacuum it, outside of a transaction.
    Freeze(i32),
}

/// What can be done now, the most urgent first. `segments` rise by number; those
/// that are frozen may be left out. `due`: the active segment is old or large
/// enough to roll.
#[must_use]
pub fn steps(segments: &[Segment], due: bool) -> Vec<Step> {
    let in_state = |state| segments.iter().filter(move |s| s.state == state);
    let mut steps = vec![];
    for segment in segments {
        let number = segment.number;
        steps.extend(match (segment.state, segment.holders) {
            (State::Spare | State::Closing | State::Shut, None) => Some(Step::Note(number)),
            (State::Closing, Some(0)) => Some(Step::Shut(number)),
            (State::Shut, Some(0)) => Some(Step::Seal(number)),
            _ => None,
        });
    }
    // Transactions of two neighbouring segments at most are in flight.
    let still_open = in_state(State::Closing).chain(in_state(State::Shut)).next();
    let (active, spare) = (
        in_state(State::Active).next(),
        in_state(State::Spare).next(),
    );
    match (active, spare) {
        (Some(_), Some(spare)) if due && spare.holders == Some(0) && still_open.is_none() => {
            steps.push(Step::MoveOn(spare.number));
        }
        (Some(active), None) => steps.push(Step::Attach(active.number + 1)),
        // The owner has dropped it.
        (None, Some(spare)) => steps.push(Step::MoveOn(spare.number)),
        _ => {}
    }
    for segment in segments {
        let number = segment.number;
        steps.extend(match segment.state {
            State::Sealed if !segment.measured => Some(Step::Measure(number)),
            State::Sealed if !segment.constrained => Some(Step::Constrain(number)),
            State::Sealed => Some(Step::Bound(number)),
            State::Bounded => Some(Step::Freeze(number)),
            _ => None,
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_round_trip() {
        for (state, name) in NAMES {
            assert_eq!(name.parse(), Ok(state));
            assert_eq!(state.to_string(), name);
        }
        assert!("open".parse::<State>().is_err());
    }

    #[test]
    fn a_roll_waits_for_its_turn() {
        let segment = |number, state, holders| Segment {
            number,
            state,
            holders,
            measured: false,
            constrained: false,
        };
        let active = segment(2, State::Active, None);
        assert_eq!(steps(&[active], true), [Step::Attach(3)]);
        let fresh = segment(3, State::Spare, None);
        assert_eq!(steps(&[active, fresh], true), [Step::Note(3)]);
        assert!(steps(&[active, segment(3, State::Spare, Some(1))], true).is_empty());
        let ready = segment(3, State::Spare, Some(0));
        assert_eq!(steps(&[active, ready], true), [Step::MoveOn(3)]);
        assert!(steps(&[active, ready], false).is_empty());
        let shut = segment(1, State::Shut, Some(1));
        assert!(steps(&[shut, active, ready], true).is_empty());
        let sealed = segment(1, State::Sealed, None);
        assert_eq!(
            steps(&[sealed, active, ready], true),
            [Step::MoveOn(3), Step::Measure(1)]
        );
        assert_eq!(steps(&[ready], false), [Step::MoveOn(3)]);
    }

    /// A transaction that holds the event table, and since then knows these.
    #[derive(Debug)]
    struct Writer {
        id: u32,
        attached: Vec<i32>,
        number: i32,
        /// Leaves it holds, with the state it believes them to have.
        leaves: Vec<(i32, State)>,
        holds_root: bool,
    }

    /// What maintenance and the writers share.
    struct World {
        segments: Vec<Segment>,
        noted: Vec<Vec<u32>>,
        writers: Vec<Writer>,
        next_id: u32,
    }

    impl World {
        fn new() -> Self {
            let segment = |number, state| Segment {
                number,
                state,
                holders: None,
                measured: false,
                constrained: false,
            };
            Self {
                segments: vec![segment(1, State::Active), segment(2, State::Spare)],
                noted: vec![vec![], vec![]],
                writers: vec![],
                next_id: 0,
            }
        }

        fn maintain(&mut self) {
            for (segment, noted) in self.segments.iter_mut().zip(&mut self.noted) {
                noted.retain(|id| self.writers.iter().any(|w| w.id == *id));
                segment.holders = segment.holders.map(|_| noted.len());
            }
            let Some(step) = steps(&self.segments, true).first().copied() else {
                return;
            };
            let place = |n: i32| usize::try_from(n - 1).unwrap();
            let mut set = |n, state| {
                self.segments[place(n)].state = state;
                self.segments[place(n)].holders = None;
            };
            match step {
                Step::Note(n) => {
                    let leaf = self.segments[place(n)].state == State::Shut;
                    let holds = |w: &&Writer| {
                        if leaf {
                            w.leaves.iter().any(|l| l.0 == n)
                        } else {
                            w.holds_root
                        }
                    };
                    self.noted[place(n)] =
                        self.writers.iter().filter(holds).map(|w| w.id).collect();
                    self.segments[place(n)].holders = Some(self.noted[place(n)].len());
                }
                Step::MoveOn(n) => {
                    set(n - 1, State::Closing);
                    set(n, State::Active);
                }
                Step::Shut(n) => set(n, State::Shut),
                Step::Seal(n) => set(n, State::Sealed),
                Step::Attach(n) => {
                    self.segments.push(Segment {
                        number: n,
                        state: State::Spare,
                        holders: None,
                        measured: false,
                        constrained: false,
                    });
                    self.noted.push(vec![]);
                }
                Step::Measure(n) => self.segments[place(n)].measured = true,
                Step::Constrain(n) => self.segments[place(n)].constrained = true,
                Step::Bound(n) => set(n, State::Bounded),
                Step::Freeze(n) => set(n, State::Frozen),
            }
        }

        fn active(&self) -> i32 {
            self.segments
                .iter()
                .find(|s| s.state == State::Active)
                .unwrap()
                .number
        }

        fn state(&self, number: i32) -> State {
            self.segments[usize::try_from(number - 1).unwrap()].state
        }

        /// A transaction locks the event table and learns what there is.
        fn begin(&mut self) {
            self.writers.push(Writer {
                id: self.next_id,
                attached: self.segments.iter().map(|s| s.number).collect(),
                number: self.active(),
                leaves: vec![],
                holds_root: true,
            });
            self.next_id += 1;
        }

        /// One that names a leaf, and so locks nothing else.
        fn begin_at_leaf(&mut self, number: i32) {
            self.writers.push(Writer {
                id: self.next_id,
                attached: vec![],
                number,
                leaves: vec![(number, self.state(number))],
                holds_root: false,
            });
            self.next_id += 1;
        }

        /// An append by what the transaction knows; `learns`: it hears of the
        /// number that is active now.
        fn append(&mut self, who: usize, learns: bool) -> Result<(), TestCaseError> {
            let (active, states): (i32, Vec<_>) = (
                self.active(),
                self.segments.iter().map(|s| s.state).collect(),
            );
            let writer = &mut self.writers[who];
            if learns && writer.holds_root {
                writer.number = active;
            }
            let target = writer.number;
            let state = states[usize::try_from(target - 1).unwrap()];
            let believed = match writer.leaves.iter().find(|l| l.0 == target) {
                Some((_, believed)) => *believed,
                None => {
                    writer.leaves.push((target, state));
                    state
                }
            };
            if writer.holds_root {
                prop_assert!(
                    writer.attached.contains(&target),
                    "no partition found for row"
                );
                prop_assert!(believed.takes_events(), "a plain INSERT was refused");
            }
            if believed.takes_events() {
                prop_assert!(state < State::Sealed, "an event went into a sealed segment");
                prop_assert!(target == active || target == active - 1);
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn no_insert_fails_and_none_reaches_a_sealed_segment(
            moves in prop::collection::vec((0u8..10, any::<u8>(), any::<bool>()), 1..200)
        ) {
            let mut world = World::new();
            for (kind, pick, learns) in moves {
                let who = usize::from(pick);
                match kind {
                    0..=3 => world.maintain(),
                    4 => world.begin(),
                    5 => {
                        let all = i32::try_from(world.segments.len()).unwrap();
                        world.begin_at_leaf(1 + i32::from(pick) % all);
                    }
                    6 if !world.writers.is_empty() => {
                        let gone = who % world.writers.len();
                        world.writers.remove(gone);
                    }
                    _ if !world.writers.is_empty() => {
                        let who = who % world.writers.len();
                        world.append(who, learns)?;
                    }
                    _ => {}
                }
            }
        }

        /// Once everybody is gone a roll completes, whatever happened before.
        #[test]
        fn a_roll_goes_ahead_when_nobody_holds_it_up(busy in 0usize..8) {
            let mut world = World::new();
            for _ in 0..busy {
                world.maintain();
                world.begin();
            }
            let before = world.active();
            world.writers.clear();
            for _ in 0..20 {
                world.maintain();
            }
            prop_assert!(world.active() > before);
        }
    }
}
