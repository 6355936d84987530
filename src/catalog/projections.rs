//! Projections: the names people read, each with the generation it shows.

use super::{entries, generations, names};
use crate::pg::Oid;
use crate::pg::query::AS_DEPARSED;
use crate::pg::security::{Platform, has_rights_of};
use crate::pg::snapshot::keeps_snapshot;
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::error::Error;

/// A projection and one of its generations, as last committed.
pub struct Projection {
    pub id: i32,
    /// The number of the generation.
    pub generation: i32,
    /// The view that people read.
    pub relation: Oid,
    pub name: String,
    /// The view that holds the query.
    pub definition: Oid,
    pub event_table: Oid,
    /// The relation that holds what has been folded.
    pub state: Oid,
    /// What the view shows to be let at the tail.
    pub access_key: String,
    /// Whose rights it has.
    pub owner: Oid,
    /// The settings it was created under.
    pub settings: Vec<(String, String)>,
}

/// Of the text of an error, in characters: functions can raise any.
pub(super) const LONGEST_ERROR: usize = 1_000;

/// Whether a generation is the one that is read.
pub(super) const IS_READ: &str = "p.generation = g.id";

/// Rows must not be hidden from a projection, and planning a query must not run the CHECK
/// constraints of others. Folds and tails are many and short: compiling them costs more
/// than it spares.
const ALWAYS: [(&str, &str); 4] = [
    ("row_security", "off"),
    ("gin_fuzzy_search_limit", "0"),
    ("constraint_exclusion", "off"),
    ("jit", "off"),
];

pub(super) const SELECT: &str = "SELECT p.id, g.id, p.relation::oid, c.relname, g.definition::oid, g.event_table::oid, \
     g.state::oid, p.access_key, c.relowner, array_to_string(g.settings, E'\\x1f') \
     FROM pganalytics_data.projection p \
     JOIN pganalytics_data.generation g ON g.projection = p.id \
     JOIN pg_class c ON c.oid = p.relation";

impl Projection {
    pub(super) fn from(row: &Row) -> Self {
        Self {
            id: row.number(0),
            generation: row.number(1),
            relation: row.oid(2),
            name: row.known(3).into(),
            definition: row.oid(4),
            event_table: row.oid(5),
            state: row.oid(6),
            access_key: row.known(7).into(),
            owner: row.oid(8),
            settings: row
                .known(9)
                .split('\x1f')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    fn first(condition: &str, key: Arg) -> Option<Self> {
        let _platform = Platform::act();
        spi::latest(&format!("{SELECT} WHERE {condition}"), vec![key]).map(|row| Self::from(&row))
    }

    /// The projection that a user names.
    pub fn named(name: &str) -> Result<Self, Error> {
        names::find(name)
            .and_then(Self::of_view)
            .ok_or_else(|| Error::UnknownProjection { name: name.into() })
    }

    /// The projection that a user names and may change.
    pub fn owned(name: &str) -> Result<Self, Error> {
        let projection = Self::named(name)?;
        if has_rights_of(projection.owner) {
            Ok(projection)
        } else {
            Err(Error::NotOwner {
                kind: "projection",
                name: projection.name,
            })
        }
    }

    /// The same, kept from being changed by others until the transaction ends.
    pub fn locked(name: &str) -> Result<Self, Error> {
        loop {
            let projection = Self::owned(name)?;
            // Another generation may have taken its place meanwhile.
            if projection.lock() {
                return Ok(projection);
            }
            // A snapshot from before it would never see it.
            if keeps_snapshot() {
                return Err(Error::ConcurrentProjection {
                    name: projection.name,
                });
            }
        }
    }

    /// The projection with this number.
    pub fn numbered(id: i32) -> Option<Self> {
        Self::first(&format!("p.id = $1 AND {IS_READ}"), Arg::Int(id))
    }

    /// The generation that is being built to take the place of the one that is read.
    pub fn successor(id: i32) -> Option<Self> {
        Self::first("p.id = $1 AND p.successor = g.id", Arg::Int(id))
    }

    /// The projection that a view is.
    pub fn of_view(view: Oid) -> Option<Self> {
        Self::first(&format!("p.relation = $1 AND {IS_READ}"), Arg::Oid(view))
    }

    /// The projection that a state belongs to.
    pub fn of_state(state: Oid) -> Option<Self> {
        Self::first("g.state = $1", Arg::Oid(state))
    }

    /// Its settings, and those that nobody is to choose for it: who reads or appends has
    /// others, and could otherwise change what is in it.
    pub fn pinned_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain(ALWAYS).chain(AS_DEPARSED)
    }

    /// Keeps others from changing what it is until the transaction ends. Whether
    /// it still is what was read.
    pub fn lock(&self) -> bool {
        let _platform = Platform::act();
        let rows = spi::run(
            "SELECT $2 IN (generation, successor) FROM pganalytics_data.projection WHERE id = $1 FOR UPDATE",
            vec![Arg::Int(self.id), Arg::Int(self.generation)],
            Under::Fresh,
        );
        rows.first().is_some_and(|row| row.known(0) == "t")
    }

    /// Has this generation built to take the place of the one that is read; `None`:
    /// no other.
    pub fn set_successor(id: i32, generation: Option<i32>) {
        let _platform = Platform::act();
        spi::run(
            "UPDATE pganalytics_data.projection SET successor = nullif($2, 0) WHERE id = $1",
            vec![Arg::Int(id), Arg::Int(generation.unwrap_or(0))],
            Under::Fresh,
        );
    }

    /// Makes this generation the one that is read.
    pub fn become_read(&self) {
        let _platform = Platform::act();
        spi::run(
            "UPDATE pganalytics_data.projection SET generation = $2, successor = NULL WHERE id = $1",
            vec![Arg::Int(self.id), Arg::Int(self.generation)],
            Under::Fresh,
        );
    }

    /// Pauses or resumes it. Whether that changed anything.
    pub fn pause(&self, paused: bool) -> bool {
        let _platform = Platform::act();
        let sql = if paused {
            "UPDATE pganalytics_data.projection SET paused_at = now() WHERE id = $1 AND paused_at IS NULL RETURNING id"
        } else {
            "UPDATE pganalytics_data.projection SET paused_at = NULL WHERE id = $1 AND paused_at IS NOT NULL RETURNING id"
        };
        !spi::run(sql, vec![Arg::Int(self.id)], Under::Fresh).is_empty()
    }

    /// Forgets it; the view is dropped by the caller, first.
    pub fn remove(&self) {
        let _platform = Platform::act();
        generations::remove_all(self.id);
        spi::run(
            "DELETE FROM pganalytics_data.projection WHERE id = $1",
            vec![Arg::Int(self.id)],
            Under::Fresh,
        );
    }

    /// Notes that a fold failed, or (`None`) that it works again.
    pub fn note_error(&self, error: Option<(&str, &str)>) {
        let _platform = Platform::act();
        let (state, message) = error.unwrap_or_default();
        let message: String = message.chars().take(LONGEST_ERROR).collect();
        spi::run(
            "UPDATE pganalytics_data.projection SET last_error = nullif($2, ''), \
                 last_error_state = nullif($3, ''), failures = CASE $2 WHEN '' THEN 0 ELSE failures + 1 END, \
                 last_error_at = CASE $2 WHEN '' THEN last_error_at ELSE clock_timestamp() END \
             WHERE id = $1 AND ($2 <> '' OR failures > 0)",
            vec![Arg::Int(self.id), Arg::Text(&message), Arg::Text(state)],
            Under::Fresh,
        );
    }
}

/// The projections whose view is gone.
pub fn leftovers() -> Vec<i32> {
    entries::leftovers("projection")
}

/// Keeps all others from changing or folding it until the transaction ends; raises an
/// error if somebody is at that.
pub fn seize(id: i32) {
    let _platform = Platform::act();
    spi::run(
        "SELECT id FROM pganalytics_data.projection WHERE id = $1 FOR UPDATE NOWAIT",
        vec![Arg::Int(id)],
        Under::Fresh,
    );
    let states = spi::run(
        "SELECT g.state::oid FROM pganalytics_data.generation g \
         JOIN pganalytics_data.checkpoint k ON k.generation = g.id WHERE g.projection = $1 FOR UPDATE OF k NOWAIT",
        vec![Arg::Int(id)],
        Under::Fresh,
    );
    for state in states.iter().map(|row| row.oid(0)) {
        if names::exists(state) {
            let state = names::sql_name(state);
            spi::execute(&format!(
                "LOCK TABLE {state} IN ACCESS EXCLUSIVE MODE NOWAIT"
            ));
        }
    }
}

/// Removes the entry of one of them, and what is left of it.
pub fn sweep(leftover: i32) {
    let _platform = Platform::act();
    let gone = spi::run(
        "DELETE FROM pganalytics_data.projection p WHERE id = $1 \
             AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = p.relation) RETURNING id",
        vec![Arg::Int(leftover)],
        Under::Fresh,
    );
    if !gone.is_empty() {
        generations::remove_all(leftover);
    }
}

/// A projection about to be entered, with its first generation's number.
pub struct NewProjection {
    pub id: i32,
    pub relation: Oid,
    pub access_key: String,
}

/// Enters a projection.
pub fn register(new: &NewProjection) {
    let _platform = Platform::act();
    spi::run(
        "INSERT INTO pganalytics_data.projection (id, relation, generation, access_key) \
         VALUES ($1, $2::regclass, $1, $3::uuid)",
        vec![
            Arg::Int(new.id),
            Arg::Oid(new.relation),
            Arg::Text(&new.access_key),
        ],
        Under::Fresh,
    );
}
