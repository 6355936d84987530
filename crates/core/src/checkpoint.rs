//! Checkpoints: what a projection has folded, as a snapshot.
//!
//! An event is covered when its transaction had completed in the snapshot that
//! the fold read under. Everything else that a reader sees is the tail.

use std::fmt;
use std::str::FromStr;

/// Ids of one incarnation of a cluster stay below this; the epoch counts above it.
const EPOCH_BITS: u32 = 48;

/// The id that an event carries: that of its transaction, behind the epoch.
///
/// A dump restored into another cluster meets other transaction ids. Each such
/// incarnation has an epoch of its own, so that ids and checkpoints of before
/// stay comparable with those of after for ever.
#[must_use]
pub fn stamped(epoch: u32, transaction: u64) -> u64 {
    (u64::from(epoch) << EPOCH_BITS) | transaction
}

/// A `pg_snapshot`: transactions below `xmin` had completed, those from `xmax`
/// on had not begun, those in `in_progress` (sorted, in between) were running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    xmin: u64,
    xmax: u64,
    in_progress: Vec<u64>,
}

/// The text is not that of a `pg_snapshot`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid snapshot \"{0}\"")]
pub struct NotASnapshot(String);

impl Checkpoint {
    /// Covers nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            xmin: 1,
            xmax: 1,
            in_progress: vec![],
        }
    }

    /// Covers everything but the events of one transaction.
    #[must_use]
    pub fn everything_but(transaction: Option<u64>) -> Self {
        Self {
            xmin: transaction.unwrap_or(u64::MAX),
            xmax: u64::MAX,
            in_progress: transaction.into_iter().collect(),
        }
    }

    /// The snapshot of a running server as events carry its ids.
    #[must_use]
    pub fn in_epoch(mut self, epoch: u32) -> Self {
        let ids = self.in_progress.iter_mut();
        for id in ids.chain([&mut self.xmin, &mut self.xmax]) {
            *id = stamped(epoch, *id);
        }
        self
    }

    /// The checkpoint of a fold that runs in transaction `own`.
    ///
    /// A snapshot never lists its own transaction, and its rows, which the fold
    /// leaves for later, would look completed as soon as `xmax` lies beyond it.
    #[must_use]
    pub fn of_fold_in(mut self, own: u64) -> Self {
        if own < self.xmax
            && let Err(place) = self.in_progress.binary_search(&own)
        {
            self.in_progress.insert(place, own);
            self.xmin = self.xmin.min(own);
        }
        self
    }

    /// Whether the events of a transaction have been folded.
    #[must_use]
    pub fn covers(&self, txid: u64) -> bool {
        txid < self.xmax && self.in_progress.binary_search(&txid).is_err()
    }

    /// All transactions before this one are covered.
    #[must_use]
    pub fn xmin(&self) -> u64 {
        self.xmin
    }

    /// Transactions from here on are not covered.
    #[must_use]
    pub fn xmax(&self) -> u64 {
        self.xmax
    }

    /// Transactions below [`Checkpoint::xmax`] that are not covered.
    #[must_use]
    pub fn in_progress(&self) -> &[u64] {
        &self.in_progress
    }

    /// The SQL condition "not covered" on a column of type `xid8`, with
    /// constants, which is what lets the planner use the index on it.
    ///
    /// Of a range with both ends the planner expects little, of one that is open a third of
    /// a table that has not been analysed: the upper end says nothing, and spares reading
    /// a new segment whole. Where nothing is covered, whole is right.
    #[must_use]
    pub fn tail_condition(&self, column: &str) -> String {
        let mut beyond = format!(
            "{column} OPERATOR(pg_catalog.>=) '{}'::pg_catalog.xid8",
            self.xmax
        );
        if *self != Self::nothing() {
            let greatest = u64::MAX;
            beyond +=
                &format!(" AND {column} OPERATOR(pg_catalog.<=) '{greatest}'::pg_catalog.xid8");
        }
        if self.in_progress.is_empty() {
            return beyond;
        }
        let ids: Vec<_> = self.in_progress.iter().map(u64::to_string).collect();
        format!(
            "({beyond} OR {column} OPERATOR(pg_catalog.=) ANY ('{{{}}}'::pg_catalog.xid8[]))",
            ids.join(",")
        )
    }

    /// The SQL condition "covered" on a column of type `xid8`.
    #[must_use]
    pub fn covered_condition(&self, column: &str) -> String {
        let before = format!(
            "{column} OPERATOR(pg_catalog.<) '{}'::pg_catalog.xid8",
            self.xmax
        );
        if self.in_progress.is_empty() {
            return before;
        }
        let ids: Vec<_> = self.in_progress.iter().map(u64::to_string).collect();
        format!(
            "{before} AND {column} OPERATOR(pg_catalog.<>) ALL ('{{{}}}'::pg_catalog.xid8[])",
            ids.join(",")
        )
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.in_progress.iter().map(u64::to_string).collect();
        write!(f, "{}:{}:{}", self.xmin, self.xmax, ids.join(","))
    }
}

impl FromStr for Checkpoint {
    type Err = NotASnapshot;

    fn from_str(text: &str) -> Result<Self, NotASnapshot> {
        let bad = || NotASnapshot(text.into());
        let mut parts = text.split(':');
        let (Some(xmin), Some(xmax), Some(list), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        let number = |s: &str| s.parse::<u64>().map_err(|_| bad());
        let mut in_progress = list
            .split(',')
            .filter(|s| !s.is_empty())
            .map(number)
            .collect::<Result<Vec<_>, _>>()?;
        in_progress.sort_unstable();
        Ok(Self {
            xmin: number(xmin)?,
            xmax: number(xmax)?,
            in_progress,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn own_transaction_stays_in_the_tail() {
        let snapshot: Checkpoint = "727:727:".parse().unwrap();
        assert!(!snapshot.of_fold_in(727).covers(727));
        let later: Checkpoint = "727:729:".parse().unwrap();
        assert!(later.covers(727), "a snapshot does not list its own");
        let folded = later.of_fold_in(727);
        assert!(!folded.covers(727) && folded.covers(728) && !folded.covers(729));
        assert_eq!(folded.to_string(), "727:729:727");
    }

    #[test]
    fn a_later_epoch_is_beyond_every_earlier_checkpoint() {
        let before: Checkpoint = "900000:900010:900002".parse().unwrap();
        assert!(!before.covers(stamped(1, 700)), "new events are news");
        let after = "730:731:".parse::<Checkpoint>().unwrap().in_epoch(1);
        assert!(after.covers(900_002) && after.covers(stamped(1, 729)));
        assert!(!after.covers(stamped(1, 731)));
    }

    #[test]
    fn conditions_name_both_parts() {
        let c: Checkpoint = "10:20:10,12".parse().unwrap();
        assert!(c.tail_condition("e.txid").contains("'{10,12}'"));
        // The planner takes only a range with both ends for a small part.
        assert!(
            c.tail_condition("e.txid")
                .contains("<=) '18446744073709551615'")
        );
        assert!(
            !Checkpoint::nothing()
                .tail_condition("e.txid")
                .contains("<=")
        );
        assert!(
            !Checkpoint::nothing()
                .tail_condition("e.txid")
                .contains("ANY")
        );
        assert!("1:2".parse::<Checkpoint>().is_err());
        assert!("1:2:x".parse::<Checkpoint>().is_err());
        assert!("1:2:3:4".parse::<Checkpoint>().is_err());
    }

    proptest! {
        /// A log of transactions that begin and end in any order, read by folds at
        /// any moment: each event is folded once, as soon as it is seen completed.
        #[test]
        fn every_transaction_is_folded_once(
            steps in prop::collection::vec((0u64..12, any::<bool>()), 1..80)
        ) {
            let mut open: Vec<u64> = vec![];
            let mut done: Vec<u64> = vec![];
            let mut next = 10u64;
            let mut folded: Vec<u64> = vec![];
            let mut checkpoint = Checkpoint::nothing();
            for (pick, begin) in steps {
                if begin || open.is_empty() {
                    open.push(next);
                    next += 1;
                } else {
                    let place = usize::try_from(pick).unwrap() % open.len();
                    done.push(open.remove(place));
                }
                if pick % 3 == 0 {
                    let list: Vec<_> = open.iter().map(u64::to_string).collect();
                    let xmin = open.first().copied().unwrap_or(next);
                    let now: Checkpoint = format!("{xmin}:{next}:{}", list.join(",")).parse().unwrap();
                    folded.extend(done.iter().filter(|t| now.covers(**t) && !checkpoint.covers(**t)));
                    checkpoint = now;
                    let mut once = folded.clone();
                    once.sort_unstable();
                    once.dedup();
                    prop_assert_eq!(once.len(), folded.len());
                    prop_assert_eq!(once.len(), done.len());
                }
            }
        }

        #[test]
        fn text_round_trips(xmin in 1u64..1000, span in 0u64..50, picks in prop::collection::btree_set(0u64..50, 0..8)) {
            let list: Vec<_> = picks.iter().filter(|p| **p < span).map(|p| (xmin + p).to_string()).collect();
            let text = format!("{xmin}:{}:{}", xmin + span, list.join(","));
            prop_assert_eq!(text.parse::<Checkpoint>().unwrap().to_string(), text);
        }
    }
}
