//! Which ledgers the ids of a segment's events are looked up in and entered into.
//!
//! Ids expire by dropping a whole ledger, so a second one takes over in time, in
//! phases that ride on the segments:
//!
//! ```text
//! … {A} │ {A and B} │ {B, probing A} … │ {B} …
//! ```
//!
//! Neighbouring segments, the only ones that take events at the same time, enter
//! ids into a common ledger, which lets in one of two equal ids and no more. A is
//! only probed once no segment that enters ids into A alone takes events.

/// The ledgers of a segment; all `None`: its events are not deduplicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledgers<T> {
    /// Ids are entered here.
    pub ledger: Option<T>,
    /// And here, the one that takes over.
    pub next: Option<T>,
    /// Ids are only looked up here, the one taken over from.
    pub past: Option<T>,
}

/// What is known when the next segment is made.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Whether the table deduplicates.
    pub deduplicates: bool,
    /// Whether the ledger in use has been so for a whole dedup window.
    pub turn_is_due: bool,
    /// Whether all ids that are in the past ledger alone have left the window.
    pub past_has_expired: bool,
}

impl<T: Copy> Ledgers<T> {
    /// The ledgers of the segment after one with these. `new` makes one.
    pub fn of_next_segment(self, ages: Ages, new: impl FnOnce() -> T) -> Self {
        let only = |ledger| Self {
            ledger: Some(ledger),
            next: None,
            past: None,
        };
        if !ages.deduplicates {
            return Self {
                ledger: None,
                next: None,
                past: None,
            };
        }
        match self {
            Self { ledger: None, .. } => only(new()),
            Self {
                ledger,
                next: Some(next),
                ..
            } => Self {
                past: ledger,
                ..only(next)
            },
            Self { past: Some(_), .. } if !ages.past_has_expired => self,
            Self {
                ledger: Some(ledger),
                ..
            } if ages.turn_is_due => Self {
                next: Some(new()),
                ..only(ledger)
            },
            Self {
                ledger: Some(ledger),
                ..
            } => only(ledger),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ages(turn_is_due: bool, past_has_expired: bool) -> Ages {
        Ages {
            deduplicates: true,
            turn_is_due,
            past_has_expired,
        }
    }

    #[test]
    fn phases_follow_each_other() {
        let mut new = 'A'..;
        let mut now = Ledgers {
            ledger: None,
            next: None,
            past: None,
        };
        let mut seen = vec![];
        for (turn, expired) in [
            (false, false),
            (false, false),
            (true, false),
            (true, false),
            (true, false),
            (false, true),
            (true, true),
            (false, false),
            (true, true),
            (false, true),
        ] {
            now = now.of_next_segment(ages(turn, expired), || new.next().unwrap());
            seen.push((now.ledger.unwrap(), now.next, now.past));
        }
        let (a, b, c, d) = ('A', 'B', 'C', 'D');
        assert_eq!(
            seen,
            [
                (a, None, None),
                (a, None, None),
                (a, Some(b), None),
                (b, None, Some(a)),
                (b, None, Some(a)),
                (b, None, None),
                (b, Some(c), None),
                (c, None, Some(b)),
                (c, Some(d), None),
                (d, None, Some(c)),
            ]
        );
    }

    proptest! {
        /// Two segments run at a time. Whoever of the two appends an id first, and
        /// whichever turns were taken, the other finds it; and what was entered
        /// is found in every later segment until its ledger has expired.
        #[test]
        fn an_id_is_let_in_once(turns in prop::collection::vec(any::<(bool, bool)>(), 1..30)) {
            let mut next = 0u32;
            let mut new = || { next += 1; next };
            let mut chain: Vec<Ledgers<u32>> = vec![];
            let mut expired: Vec<u32> = vec![];
            let mut last = Ledgers { ledger: None, next: None, past: None };
            for (turn, expire) in turns {
                last = last.of_next_segment(ages(turn, expire), &mut new);
                if let Some(past) = chain.last().and_then(|before| before.past)
                    && last.past.is_none() {
                    expired.push(past);
                }
                chain.push(last);
            }
            let entered = |l: &Ledgers<u32>| [l.ledger, l.next].into_iter().flatten().collect::<Vec<_>>();
            let probed = |l: &Ledgers<u32>| [l.ledger, l.next, l.past].into_iter().flatten().collect::<Vec<_>>();
            for (i, earlier) in chain.iter().enumerate() {
                for (j, later) in chain.iter().enumerate().skip(i + 1) {
                    let common = entered(earlier).iter().any(|l| entered(later).contains(l));
                    if j == i + 1 {
                        prop_assert!(common, "neighbours share an index that both insert into");
                    }
                    let found = entered(earlier).iter().any(|l| probed(later).contains(l));
                    let gone = entered(earlier).iter().all(|l| expired.contains(l));
                    prop_assert!(found || gone, "{earlier:?} is not seen from {later:?}");
                }
            }
        }
    }
}
