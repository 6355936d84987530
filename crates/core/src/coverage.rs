//! Coverage: which events a projection has folded, also in the middle of a backlog.
//!
//! A short tail is folded at once: what the fold's snapshot sees is covered, and
//! the [`Checkpoint`] is that snapshot. A long one is folded in batches, each of
//! them committed, in the order of positions: what the snapshot `next`, taken when
//! the backlog began, sees up to the position reached is covered too. When nothing
//! of `next` lies beyond, it becomes the checkpoint.

use crate::checkpoint::Checkpoint;

/// A backlog that is being folded in batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The snapshot whose events are folded.
    pub next: Checkpoint,
    /// None of its events lies at or before this position.
    pub first: i64,
    /// Its events up to this position are folded.
    pub reached: i64,
    /// None of its events lies beyond this position.
    pub last: i64,
}

/// What a projection has folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// All that this snapshot saw.
    pub done: Checkpoint,
    /// And part of what a later one saw.
    pub backlog: Option<Backlog>,
    /// Every transaction folds what it appends: all that is committed is folded, and
    /// the rest of this says nothing.
    pub is_inline: bool,
}

/// Some events of a log, told by what a projection has folded of them.
#[derive(Clone, Copy, Debug)]
pub enum Events<'a> {
    /// Those that are not covered.
    Tail(&'a Coverage),
    /// Those of a backlog that come next, up to this position.
    Batch(&'a Coverage, &'a Backlog, i64),
    /// Those of one transaction from one position to another.
    Own {
        /// The transaction as its events carry it.
        txid: u64,
        /// The first lies beyond this.
        after: i64,
        /// The last position.
        up_to: i64,
    },
    /// Those that are covered, and were not from the beginning.
    Folded(&'a Coverage, &'a Checkpoint),
}

impl From<Checkpoint> for Coverage {
    fn from(done: Checkpoint) -> Self {
        Self {
            done,
            backlog: None,
            is_inline: false,
        }
    }
}

impl Coverage {
    /// Of nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Checkpoint::nothing().into()
    }

    /// What an inline projection has folded, to a transaction that has appended and has
    /// folded its own events up to a position.
    #[must_use]
    pub fn of_all(own: Option<(u64, i64)>) -> Self {
        Self {
            done: Checkpoint::everything_but(own.map(|(txid, _)| txid)),
            backlog: own.map(|(_, reached)| Backlog {
                next: Checkpoint::everything_but(None),
                first: 0,
                reached,
                last: i64::MAX,
            }),
            is_inline: true,
        }
    }

    /// Whether there is more to do than to fold a tail: nothing has been folded yet, or
    /// only part of a backlog.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.backlog.is_some() || self.done == Checkpoint::nothing()
    }

    /// Whether an event has been folded.
    #[must_use]
    pub fn covers(&self, txid: u64, position: i64) -> bool {
        self.done.covers(txid)
            || self
                .backlog
                .as_ref()
                .is_some_and(|b| b.next.covers(txid) && position <= b.reached)
    }

    /// The coverage once the backlog is folded up to `reached`.
    #[must_use]
    pub fn advanced(&self, backlog: &Backlog, reached: i64) -> Self {
        if reached >= backlog.last {
            return backlog.next.clone().into();
        }
        Self {
            done: self.done.clone(),
            backlog: Some(Backlog {
                reached,
                ..backlog.clone()
            }),
            is_inline: false,
        }
    }
}

impl Events<'_> {
    /// Whether an event that the reader sees is one of them.
    #[must_use]
    pub fn contain(&self, txid: u64, position: i64) -> bool {
        match self {
            Self::Tail(coverage) => !coverage.covers(txid, position),
            Self::Batch(coverage, backlog, up_to) => {
                !coverage.done.covers(txid)
                    && backlog.next.covers(txid)
                    && position > backlog.reached
                    && position <= *up_to
            }
            Self::Own {
                txid: own,
                after,
                up_to,
            } => txid == *own && position > *after && position <= *up_to,
            Self::Folded(coverage, since) => coverage.covers(txid, position) && !since.covers(txid),
        }
    }

    /// The same as an SQL condition on columns `txid` and `position` of `alias`,
    /// with constants, which is what lets the planner use indexes.
    #[must_use]
    pub fn condition(&self, alias: &str) -> String {
        let txid = format!("{alias}.txid");
        let position = format!("{alias}.\"position\"");
        match self {
            Self::Tail(Coverage {
                done,
                backlog: None,
                ..
            }) => done.tail_condition(&txid),
            Self::Tail(Coverage {
                done,
                backlog: Some(backlog),
                ..
            }) => format!(
                "({} OR {} AND {position} OPERATOR(pg_catalog.>) {})",
                backlog.next.tail_condition(&txid),
                done.tail_condition(&txid),
                number(backlog.reached),
            ),
            Self::Batch(coverage, backlog, up_to) => format!(
                "{} AND {} AND {position} OPERATOR(pg_catalog.>) {} AND {position} OPERATOR(pg_catalog.<=) {}",
                coverage.done.tail_condition(&txid),
                backlog.next.covered_condition(&txid),
                number(backlog.reached),
                number(*up_to),
            ),
            Self::Own {
                txid: own,
                after,
                up_to,
            } => format!(
                "{txid} OPERATOR(pg_catalog.=) '{own}'::pg_catalog.xid8 \
                 AND {position} OPERATOR(pg_catalog.>) {} AND {position} OPERATOR(pg_catalog.<=) {}",
                number(*after),
                number(*up_to),
            ),
            Self::Folded(coverage, since) => {
                let done = coverage.done.covered_condition(&txid);
                let folded = coverage.backlog.as_ref().map_or_else(
                    || done.clone(),
                    |backlog| {
                        format!(
                            "({done} OR {} AND {position} OPERATOR(pg_catalog.<=) {})",
                            backlog.next.covered_condition(&txid),
                            number(backlog.reached)
                        )
                    },
                );
                format!("{folded} AND {}", since.tail_condition(&txid))
            }
        }
    }
}

fn number(position: i64) -> String {
    format!("'{position}'::pg_catalog.int8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn snapshot(text: &str) -> Checkpoint {
        text.parse().unwrap()
    }

    #[test]
    fn a_backlog_becomes_the_checkpoint_when_its_last_position_is_reached() {
        let backlog = Backlog {
            next: snapshot("20:30:25"),
            first: 0,
            reached: 100,
            last: 300,
        };
        let before = Coverage {
            done: snapshot("10:20:15"),
            backlog: Some(backlog.clone()),
            is_inline: false,
        };
        let halfway = before.advanced(&backlog, 200);
        assert!(halfway.covers(22, 200) && !halfway.covers(22, 201));
        assert!(halfway.covers(12, 900) && !halfway.covers(25, 1));
        assert_eq!(before.advanced(&backlog, 300), snapshot("20:30:25").into());
    }

    #[test]
    fn an_inline_projection_has_folded_all_but_its_readers_last_events() {
        let read = Coverage::of_all(None);
        let appended = Coverage::of_all(Some((7, 30)));
        assert!(read.covers(7, 31) && read.covers(u64::MAX - 1, i64::MAX));
        assert!(appended.covers(7, 30) && !appended.covers(7, 31) && appended.covers(8, 31));
        let own = Events::Own {
            txid: 7,
            after: 30,
            up_to: 40,
        };
        for (txid, position) in [(6, 31), (7, 30), (7, 31), (7, 40), (8, 35)] {
            let is_tail = Events::Tail(&appended).contain(txid, position);
            assert_eq!(own.contain(txid, position), is_tail);
        }
    }

    proptest! {
        /// Batches of any sizes fold each event that `next` sees once, whatever the
        /// order of transactions and positions.
        #[test]
        fn batches_fold_each_event_once(
            events in prop::collection::vec((1u64..40, 1i64..200), 0..60),
            open in prop::collection::btree_set(21u64..30, 0..4),
            sizes in prop::collection::vec(1i64..60, 1..10),
        ) {
            let list: Vec<_> = open.iter().map(u64::to_string).collect();
            let backlog = Backlog {
                next: snapshot(&format!("21:30:{}", list.join(","))),
                first: 0,
                reached: 0,
                last: 200,
            };
            let mut now = Coverage { done: snapshot("10:20:15"), backlog: Some(backlog), is_inline: false };
            let before = now.clone();
            let mut folded = vec![];
            let mut sizes = sizes.iter().cycle();
            while let Some(backlog) = now.backlog.clone() {
                let up_to = (backlog.reached + sizes.next().unwrap()).min(backlog.last);
                let batch = Events::Batch(&now, &backlog, up_to);
                folded.extend(events.iter().enumerate().filter(|(_, (t, p))| batch.contain(*t, *p)).map(|(i, _)| i));
                let after = now.advanced(&backlog, up_to);
                for (txid, position) in &events {
                    let was = now.covers(*txid, *position);
                    prop_assert_eq!(after.covers(*txid, *position), was || batch.contain(*txid, *position));
                    prop_assert_eq!(Events::Tail(&now).contain(*txid, *position), !was);
                }
                now = after;
            }
            folded.sort_unstable();
            let expected: Vec<_> = (0..events.len())
                .filter(|i| now.covers(events[*i].0, events[*i].1) && !before.covers(events[*i].0, events[*i].1))
                .collect();
            prop_assert_eq!(folded, expected);
        }
    }
}
