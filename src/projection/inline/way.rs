//! Giving way: what keeps writers or readers of an inline projection out while it waits for
//! others of them.
//!
//! A reader may be about to append, a writer to read, and a report to go on for an hour. So
//! with the first of its locks held it waits but a moment for the next; then it lets go of
//! all and tries again. Nobody else waits for longer than that, and nobody in a circle.

use crate::pg::lock::lock_timeout;
use crate::pg::process;
use crate::pg::security::Settings;
use crate::pg::transaction::attempt;
use pganalytics_core::error::Error;
use std::time::{Duration, Instant};

/// For each lock. Far below deadlock_timeout: nobody is cancelled.
const PATIENCE: &str = "100ms";

/// How long others have their way, the first time and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// Does what takes several such locks, for as often as it takes, or until the session's own
/// lock_timeout is over.
pub fn giving_way<T>(body: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let begin = Instant::now();
    let limit = lock_timeout();
    let [mut pause, longest] = PAUSES;
    loop {
        let done = attempt(|| {
            let _settings = Settings::pin([("lock_timeout", PATIENCE)]);
            body()
        });
        match done {
            Ok(done) => return done,
            Err(failure) if !failure.is_locked_out() => failure.raise(),
            Err(failure) if limit.is_some_and(|limit| begin.elapsed() >= limit) => failure.raise(),
            Err(_) => process::pause(pause),
        }
        pause = longest.min(pause * 2);
    }
}
