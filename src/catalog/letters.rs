//! Dead letters: the events that generations of projections have set aside.

use super::projections::{LONGEST_ERROR, Projection};
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Under};

/// An event that a generation has set aside.
pub struct Letter {
    pub event_id: String,
    pub position: i64,
    pub segment: i32,
    /// Not discarded.
    pub is_pending: bool,
}

/// An event about to be set aside.
pub struct NewLetter<'a> {
    pub event_id: &'a str,
    pub position: i64,
    pub segment: i32,
    pub event_type: &'a str,
    pub aggregate_id: &'a str,
    pub occurred_at: &'a str,
    pub sqlstate: &'a str,
    pub error: &'a str,
}

/// Functions can raise errors of any length.
fn shortened(error: &str) -> String {
    error.chars().take(LONGEST_ERROR).collect()
}

impl Projection {
    /// What this generation has set aside as the active snapshot sees it, by position:
    /// events that are covered, and not in the state.
    pub fn dead_letters(&self) -> Vec<Letter> {
        let _platform = Platform::act();
        spi::run(
            "SELECT event_id, position, segment, discarded_at IS NULL FROM pganalytics_data.dead_letter \
             WHERE generation = $1 ORDER BY position",
            vec![Arg::Int(self.generation)],
            Under::Active,
        )
        .iter()
        .map(|row| Letter {
            event_id: row.known(0).into(),
            position: row.number(1),
            segment: row.number(2),
            is_pending: row.known(3) == "t",
        })
        .collect()
    }

    /// The positions of the events that somebody has discarded from any generation.
    pub fn discarded_positions(&self) -> Vec<i64> {
        let _platform = Platform::act();
        spi::run(
            "SELECT DISTINCT position FROM pganalytics_data.dead_letter WHERE discarded_at IS NOT NULL \
             AND generation IN (SELECT id FROM pganalytics_data.generation WHERE projection = $1)",
            vec![Arg::Int(self.id)],
            Under::Active,
        )
        .iter()
        .map(|row| row.number(0))
        .collect()
    }

    /// Sets an event aside. One that was discarded from another generation stays so.
    pub fn set_aside(&self, new: &NewLetter) {
        let _platform = Platform::act();
        spi::run_kept(
            "INSERT INTO pganalytics_data.dead_letter (generation, event_id, position, segment, event_type, \
                 aggregate_id, occurred_at, sqlstate, error, discarded_at, discarded_by, reason) \
             SELECT $1, $3::uuid, $4, $5, $6, $7, $8::timestamptz, $9, $10, d.discarded_at, d.discarded_by, d.reason \
             FROM (VALUES (1)) AS one LEFT JOIN LATERAL ( \
                 SELECT l.* FROM pganalytics_data.dead_letter l \
                 JOIN pganalytics_data.generation g ON g.id = l.generation \
                 WHERE g.projection = $2 AND l.event_id = $3::uuid AND l.position = $4 AND l.discarded_at IS NOT NULL \
                 ORDER BY l.generation DESC LIMIT 1) AS d ON true",
            vec![
                Arg::Int(self.generation),
                Arg::Int(self.id),
                Arg::Text(new.event_id),
                Arg::Big(new.position),
                Arg::Int(new.segment),
                Arg::Text(new.event_type),
                Arg::Text(new.aggregate_id),
                Arg::Text(new.occurred_at),
                Arg::Text(new.sqlstate),
                Arg::Text(&shortened(new.error)),
            ],
            Under::Fresh,
        );
    }

    /// Notes that an event that was set aside has failed again.
    pub fn note_failed_again(&self, position: i64, sqlstate: &str, error: &str) {
        let _platform = Platform::act();
        spi::run_kept(
            "UPDATE pganalytics_data.dead_letter SET attempts = attempts + 1, last_failed_at = clock_timestamp(), \
                 sqlstate = $3, error = $4 WHERE generation = $1 AND position = $2",
            vec![
                Arg::Int(self.generation),
                Arg::Big(position),
                Arg::Text(sqlstate),
                Arg::Text(&shortened(error)),
            ],
            Under::Fresh,
        );
    }

    /// Forgets a dead letter: its event has been folded.
    pub fn forget_letter(&self, position: i64) {
        let _platform = Platform::act();
        spi::run_kept(
            "DELETE FROM pganalytics_data.dead_letter WHERE generation = $1 AND position = $2",
            vec![Arg::Int(self.generation), Arg::Big(position)],
            Under::Fresh,
        );
    }

    /// Discards a dead letter, for `reason`, from the generation that is read and from
    /// one that is being built. Whether it was pending.
    pub fn discard(&self, letter: &Letter, by: &str, reason: &str) -> bool {
        let _platform = Platform::act();
        let discarded = spi::run_kept(
            "UPDATE pganalytics_data.dead_letter SET discarded_at = now(), discarded_by = $5, reason = $6 \
             WHERE event_id = $3::uuid AND position = $4 AND discarded_at IS NULL \
               AND generation IN (SELECT id FROM pganalytics_data.generation WHERE projection = $1) \
             RETURNING generation = $2",
            vec![
                Arg::Int(self.id),
                Arg::Int(self.generation),
                Arg::Text(&letter.event_id),
                Arg::Big(letter.position),
                Arg::Text(by),
                Arg::Text(reason),
            ],
            Under::Fresh,
        );
        discarded.iter().any(|row| row.known(0) == "t")
    }
}
