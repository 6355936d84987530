//! Generations: the states of projections and how far each has folded.

use super::projections::Projection;
use super::{entries, names, partials};
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::coverage::{Backlog, Coverage};

macro_rules! coverage {
    () => {
        "SELECT checkpoint, next, first_position, reached_position, last_position, is_inline \
         FROM pganalytics_data.checkpoint WHERE generation = $1"
    };
}

/// Whether to wait for somebody else's fold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Yes,
    No,
}

impl Projection {
    /// How far this generation has folded, as the active snapshot sees it; `None`
    /// if that is older than the generation.
    pub fn coverage(&self) -> Option<Coverage> {
        let _platform = Platform::act();
        let key = vec![Arg::Int(self.generation)];
        spi::run_kept(coverage!(), key, Under::Active)
            .first()
            .map(coverage)
    }

    /// How far it has folded; nobody else folds it until the transaction ends. `None`
    /// if it is gone, or if it is being folded and not to be waited for.
    pub fn lock_coverage(&self, wait: Wait) -> Option<Coverage> {
        let _platform = Platform::act();
        let key = vec![Arg::Int(self.generation)];
        let sql = match wait {
            Wait::Yes => concat!(coverage!(), " FOR UPDATE"),
            Wait::No => concat!(coverage!(), " FOR UPDATE SKIP LOCKED"),
        };
        spi::run(sql, key, Under::Fresh).first().map(coverage)
    }

    /// Keeps others from folding any of its generations until the transaction ends. The
    /// caller has locked it.
    pub fn lock_folds(&self) {
        let _platform = Platform::act();
        spi::run(
            "SELECT FROM pganalytics_data.checkpoint WHERE generation IN ( \
                 SELECT id FROM pganalytics_data.generation WHERE projection = $1) \
             ORDER BY generation FOR UPDATE",
            vec![Arg::Int(self.id)],
            Under::Fresh,
        );
    }

    /// What it is to begin after, for a reader whose snapshot is older than it.
    pub fn since(&self) -> Coverage {
        let _platform = Platform::act();
        let since = spi::latest(
            "SELECT since FROM pganalytics_data.generation WHERE id = $1",
            vec![Arg::Int(self.generation)],
        );
        since.map_or_else(Coverage::nothing, |row| snapshot(row.known(0)).into())
    }

    /// Moves the checkpoint on after a fold of `events` events.
    pub fn move_to(&self, coverage: &Coverage, events: i64) {
        let _platform = Platform::act();
        let generation = Arg::Int(self.generation);
        let checkpoint = coverage.done.to_string();
        let Some(backlog) = &coverage.backlog else {
            spi::run(
                "UPDATE pganalytics_data.checkpoint SET checkpoint = $2::pg_snapshot, next = NULL, \
                     first_position = NULL, reached_position = NULL, last_position = NULL, began_at = NULL, \
                     events_folded = events_folded + $3, folds = folds + 1, last_fold = clock_timestamp() \
                 WHERE generation = $1",
                vec![generation, Arg::Text(&checkpoint), Arg::Big(events)],
                Under::Fresh,
            );
            return;
        };
        spi::run(
            "UPDATE pganalytics_data.checkpoint SET checkpoint = $2::pg_snapshot, next = $4::pg_snapshot, \
                 first_position = $7, reached_position = $5, last_position = $6, \
                 began_at = coalesce(began_at, clock_timestamp()), \
                 events_folded = events_folded + $3, folds = folds + 1, last_fold = clock_timestamp() \
             WHERE generation = $1",
            vec![
                generation,
                Arg::Text(&checkpoint),
                Arg::Big(events),
                Arg::Text(&backlog.next.to_string()),
                Arg::Big(backlog.reached),
                Arg::Big(backlog.last),
                Arg::Big(backlog.first),
            ],
            Under::Fresh,
        );
    }
}

fn snapshot(text: &str) -> Checkpoint {
    text.parse().unwrap_or_else(|e| pgrx::error!("{e}"))
}

fn coverage(row: &Row) -> Coverage {
    Coverage {
        done: snapshot(row.known(0)),
        backlog: row.text(1).map(|next| Backlog {
            next: snapshot(next),
            first: row.number(2),
            reached: row.number(3),
            last: row.number(4),
        }),
        is_inline: row.known(5) == "t",
    }
}

/// A number for a new projection or generation. One whose names somebody has taken
/// is passed over: whoever may make things in the schema must not keep others from it,
/// nor make them look for long. So each step is up to twice as long as the one before.
pub fn next_id() -> i32 {
    let mut most = 1;
    loop {
        let id = entries::next_number("projection_id", entries::up_to(most));
        let names = [
            "state_#",
            "state_#_key",
            "state_#_hash",
            "definition_#",
            "access_#",
        ];
        let mut names = names
            .map(|name| name.replace('#', &id.to_string()))
            .into_iter();
        if names.all(|name| names::unused(&name) == name)
            && seen_tables(id).is_empty()
            && !partials::any(id)
        {
            return id;
        }
        most = (most * 2).min(MOST_NUMBERS_PASSED_OVER);
    }
}

/// At a time.
const MOST_NUMBERS_PASSED_OVER: u32 = 4_096;

/// Whatever has the name of a table of values that a generation has seen: whether it is
/// the extension's own table, and its oid.
fn seen_tables(id: i32) -> Vec<(bool, Oid)> {
    let _platform = Platform::act();
    spi::run(
        "SELECT c.relkind = 'r' AND c.relowner = n.nspowner, c.oid \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'pganalytics_data' AND starts_with(c.relname::text, $1)",
        vec![Arg::Text(&format!("seen_{id}_"))],
        Under::Latest,
    )
    .iter()
    .map(|row| (row.known(0) == "t", row.oid(1)))
    .collect()
}

/// A generation about to be entered.
pub struct NewGeneration<'a> {
    pub id: i32,
    pub projection: i32,
    pub definition: Oid,
    pub event_table: Oid,
    pub state: Oid,
    pub query: &'a str,
    pub settings: Vec<String>,
    /// What it begins after.
    pub since: &'a Checkpoint,
}

/// Enters a generation that has folded nothing.
pub fn register(new: NewGeneration) {
    let _platform = Platform::act();
    let since = new.since.to_string();
    spi::run(
        "INSERT INTO pganalytics_data.generation \
             (id, projection, definition, event_table, state, query, settings, since) \
         VALUES ($1, $2, $3::regclass, $4::regclass, $5::regclass, $6, $7, $8::pg_snapshot)",
        vec![
            Arg::Int(new.id),
            Arg::Int(new.projection),
            Arg::Oid(new.definition),
            Arg::Oid(new.event_table),
            Arg::Oid(new.state),
            Arg::Text(new.query),
            Arg::Texts(new.settings),
            Arg::Text(&since),
        ],
        Under::Fresh,
    );
    spi::run(
        "INSERT INTO pganalytics_data.checkpoint (generation, checkpoint) VALUES ($1, $2::pg_snapshot)",
        vec![Arg::Int(new.id), Arg::Text(&since)],
        Under::Fresh,
    );
    invalidate(new.state);
}

/// The query of a generation as it was given, and the settings of that moment.
pub fn query(id: i32) -> (String, Vec<String>) {
    let _platform = Platform::act();
    let row = spi::latest(
        "SELECT query, array_to_string(settings, E'\\x1f') FROM pganalytics_data.generation WHERE id = $1",
        vec![Arg::Int(id)],
    );
    row.map_or_else(Default::default, |row| {
        let settings = row.known(1).split('\x1f').map(Into::into).collect();
        (row.known(0).into(), settings)
    })
}

/// Removes a generation: its entries, its tables, and its definition unless another
/// generation has the same.
pub fn remove(id: i32) {
    let _platform = Platform::act();
    let gone = spi::run(
        "WITH gone AS (DELETE FROM pganalytics_data.generation WHERE id = $1 RETURNING id, definition), \
         forgotten AS (DELETE FROM pganalytics_data.checkpoint c USING gone WHERE c.generation = gone.id), \
         letters AS (DELETE FROM pganalytics_data.dead_letter l USING gone WHERE l.generation = gone.id) \
         SELECT definition::oid, EXISTS (SELECT FROM pganalytics_data.generation g \
                                         WHERE g.definition = gone.definition AND g.id <> gone.id) FROM gone",
        vec![Arg::Int(id)],
        Under::Fresh,
    );
    if let Some(state) = names::find(&format!("pganalytics_data.state_{id}")) {
        entries::drop_leftover("TABLE", state);
    }
    for (own, table) in seen_tables(id) {
        if own {
            entries::drop_leftover("TABLE", table);
        }
    }
    partials::drop_all(id);
    for row in gone.iter().filter(|row| row.known(1) == "f") {
        entries::drop_leftover("VIEW", row.oid(0));
    }
}

/// The generations that were to take the place of others, and whose definition is gone.
pub fn leftovers() -> Vec<i32> {
    let _platform = Platform::act();
    spi::run(
        "SELECT g.id FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.successor = g.id \
         WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = g.definition)",
        vec![],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.number(0))
    .collect()
}

/// Gives one of them up.
pub fn abandon(leftover: i32) {
    let _platform = Platform::act();
    spi::run(
        "UPDATE pganalytics_data.projection SET successor = NULL WHERE successor = $1",
        vec![Arg::Int(leftover)],
        Under::Fresh,
    );
    remove(leftover);
}

/// Removes all generations of a projection, and the key to its tail.
pub fn remove_all(projection: i32) {
    let _platform = Platform::act();
    let all = spi::run(
        "SELECT id FROM pganalytics_data.generation WHERE projection = $1 ORDER BY id DESC",
        vec![Arg::Int(projection)],
        Under::Fresh,
    );
    for row in &all {
        remove(row.number(0));
    }
    if let Some(access) = names::find(&format!("pganalytics_data.access_{projection}")) {
        entries::drop_leftover("TABLE", access);
    }
}
