//! When the background worker acts: which folds are due, how long it rests after
//! a failure, and when the launcher starts a worker.
//!
//! Correctness never waits for it, so it folds when that pays, and less often
//! while what a fold leaves behind cannot be cleaned up.

use std::time::{Duration, Instant};

/// How much longer the intervals are while an old snapshot holds the horizon:
/// until it goes, every fold leaves dead rows that vacuum cannot remove.
const STRETCH: u32 = 10;

/// The settings that say when a fold is due.
#[derive(Clone, Copy, Debug)]
pub struct FoldPolicy {
    /// A shorter tail is folded when the last fold is this long ago.
    pub delay: Duration,
    /// The time between two looks.
    pub naptime: Duration,
}

/// Which tail is worth a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// None: it is too early.
    No,
    /// One of the length that the settings name.
    LongTail,
    /// Any.
    AnyTail,
}

impl FoldPolicy {
    /// What is due so long after the last fold. `held`: the rows that the last
    /// fold replaced are still visible to somebody.
    #[must_use]
    pub fn due(&self, since_last_fold: Duration, held: bool) -> Due {
        let stretch = if held { STRETCH } else { 1 };
        if held && since_last_fold < self.naptime.saturating_mul(stretch) {
            Due::No
        } else if since_last_fold >= self.delay.saturating_mul(stretch) {
            Due::AnyTail
        } else {
            Due::LongTail
        }
    }
}

/// How many events a batch of a backlog takes: what was done in about a second.
#[derive(Clone, Copy, Debug)]
pub struct Pace(i64);

const SHORTEST_BATCH: i64 = 1_000;
const BATCH_TIME: Duration = Duration::from_secs(1);

impl Default for Pace {
    fn default() -> Self {
        Self(20_000)
    }
}

impl Pace {
    /// How many the next batch is to take, where none may take more than `limit`.
    #[must_use]
    pub fn most(self, limit: i64) -> i64 {
        self.0.min(limit)
    }

    /// The pace after a batch of `done` events or positions took so long: at most
    /// doubled or halved, so that one odd batch does not matter much.
    #[must_use]
    pub fn after(self, done: i64, took: Duration) -> Self {
        if done < self.0 / 2 {
            return self;
        }
        let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX).max(1);
        let aim = i64::try_from(BATCH_TIME.as_micros()).unwrap_or(i64::MAX);
        let fitting = done.saturating_mul(aim) / took;
        Self(
            fitting
                .clamp(self.0 / 2, self.0.saturating_mul(2))
                .max(SHORTEST_BATCH),
        )
    }
}

/// How long to rest after a batch of `done` events that took so long, to fold no
/// more than `per_second` (0: as many as can be).
#[must_use]
pub fn throttle(done: i64, took: Duration, per_second: i64) -> Duration {
    let (Ok(done), Ok(per_second)) = (u32::try_from(done), u32::try_from(per_second)) else {
        return Duration::ZERO;
    };
    if per_second == 0 {
        return Duration::ZERO;
    }
    let allowed = Duration::from_secs(1).saturating_mul(done) / per_second;
    allowed.saturating_sub(took)
}

const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(5);

/// How long a projection rests after it failed `failures` times in a row.
#[must_use]
pub fn rest_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_REST.saturating_mul(1 << doublings).min(LONGEST_REST)
}

/// How long a projection rests that somebody else holds a lock of.
pub const REST_WHEN_LOCKED: Duration = Duration::from_secs(2);

/// How often the launcher looks at the databases.
pub const LAUNCHER_NAPTIME: Duration = Duration::from_secs(10);

/// When the launcher starts the worker of one database.
///
/// It cannot see into the database: a worker that finds no extension ends at
/// once, so the launcher asks less and less often, up to once in five minutes.
/// One that was seen running and is gone has died, and is started again at once.
#[derive(Debug, Default)]
pub struct Starts {
    last: Option<Instant>,
    rest: Option<Duration>,
}

impl Starts {
    /// A worker runs.
    pub fn seen_running(&mut self) {
        self.rest = None;
    }

    /// No worker runs: whether to start one.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| {
            now.saturating_duration_since(last) >= self.rest.unwrap_or(FIRST_REST)
        })
    }

    /// One has been started.
    pub fn started(&mut self, now: Instant) {
        self.rest = Some(self.rest.map_or(LAUNCHER_NAPTIME, |rest| {
            rest.saturating_mul(2).min(LONGEST_REST)
        }));
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: FoldPolicy = FoldPolicy {
        delay: Duration::from_mins(1),
        naptime: Duration::from_secs(1),
    };

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn long_tails_are_due_at_once_and_short_ones_after_the_delay() {
        assert_eq!(POLICY.due(seconds(0), false), Due::LongTail);
        assert_eq!(POLICY.due(seconds(59), false), Due::LongTail);
        assert_eq!(POLICY.due(seconds(60), false), Due::AnyTail);
    }

    #[test]
    fn intervals_are_ten_times_longer_while_the_horizon_is_held() {
        assert_eq!(POLICY.due(seconds(9), true), Due::No);
        assert_eq!(POLICY.due(seconds(10), true), Due::LongTail);
        assert_eq!(POLICY.due(seconds(599), true), Due::LongTail);
        assert_eq!(POLICY.due(seconds(600), true), Due::AnyTail);
    }

    #[test]
    fn no_delay_folds_any_tail() {
        let eager = FoldPolicy {
            delay: Duration::ZERO,
            ..POLICY
        };
        assert_eq!(eager.due(seconds(0), false), Due::AnyTail);
        assert_eq!(eager.due(seconds(0), true), Due::No);
        assert_eq!(eager.due(seconds(10), true), Due::AnyTail);
    }

    #[test]
    fn batches_come_to_take_a_second() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            // 50,000 a second.
            let took = Duration::from_micros(u64::try_from(pace.0).unwrap() * 20);
            pace = pace.after(pace.0, took);
        }
        assert_eq!((pace.0, pace.most(7)), (50_000, 7));
        for _ in 0..20 {
            pace = pace.after(pace.0, seconds(1_000));
        }
        assert_eq!(pace.0, SHORTEST_BATCH);
        let faster = pace.after(pace.0, Duration::ZERO);
        assert_eq!(faster.0, 2 * SHORTEST_BATCH);
        assert_eq!(faster.after(3, seconds(9)).0, faster.0, "too few to tell");
    }

    #[test]
    fn a_throttle_makes_up_for_what_went_too_fast() {
        assert_eq!(throttle(1_000, seconds(0), 500), seconds(2));
        assert_eq!(throttle(1_000, seconds(3), 500), Duration::ZERO);
        assert_eq!(throttle(1_000, seconds(0), 0), Duration::ZERO);
    }

    #[test]
    fn rests_double_up_to_five_minutes() {
        let rests: Vec<_> = [0, 1, 2, 3, 9, 10, 1000, u32::MAX]
            .map(|n| rest_after(n).as_secs())
            .into();
        assert_eq!(rests, [1, 1, 2, 4, 256, 300, 300, 300]);
    }

    #[test]
    fn databases_without_the_extension_are_asked_less_and_less() {
        let begin = Instant::now();
        let (mut starts, mut asked) = (Starts::default(), vec![]);
        for second in (0..2000).step_by(10) {
            let now = begin + seconds(second);
            if starts.is_due(now) {
                starts.started(now);
                asked.push(second);
            }
        }
        assert_eq!(asked, [0, 10, 30, 70, 150, 310, 610, 910, 1210, 1510, 1810]);
    }

    #[test]
    fn a_worker_that_died_is_started_again_at_once() {
        let begin = Instant::now();
        let mut starts = Starts::default();
        for second in [0, 10, 30, 70] {
            assert!(starts.is_due(begin + seconds(second)));
            starts.started(begin + seconds(second));
        }
        starts.seen_running();
        assert!(starts.is_due(begin + seconds(71)));
        starts.started(begin + seconds(71));
        assert!(!starts.is_due(begin + seconds(80)));
        assert!(starts.is_due(begin + seconds(81)));
    }
}
