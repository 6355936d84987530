//! Projections and their generations.

use super::{entries, names, partials};
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::{Platform, has_rights_of};
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::error::Error;

/// A projection, as last committed.
pub struct Projection {
    pub id: i32,
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
const LONGEST_ERROR: usize = 1_000;

const SELECT: &str = "SELECT p.id, p.relation::oid, c.relname, p.definition::oid, p.event_table::oid, \
     g.state::oid, g.access_key, c.relowner, array_to_string(p.settings, E'\\x1f') \
     FROM pganalytics_data.projection p \
     JOIN pganalytics_data.generation g ON g.projection = p.id \
     JOIN pg_class c ON c.oid = p.relation";

impl Projection {
    fn from(row: &Row) -> Self {
        Self {
            id: row.number(0),
            relation: row.oid(1),
            name: row.known(2).into(),
            definition: row.oid(3),
            event_table: row.oid(4),
            state: row.oid(5),
            access_key: row.known(6).into(),
            owner: row.oid(7),
            settings: row
                .known(8)
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
            .and_then(|view| Self::first("p.relation = $1", Arg::Oid(view)))
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

    /// The projection with this number.
    pub fn numbered(id: i32) -> Option<Self> {
        Self::first("p.id = $1", Arg::Int(id))
    }

    /// The projection that a view is.
    pub fn of_view(view: Oid) -> Option<Self> {
        Self::first("p.relation = $1", Arg::Oid(view))
    }

    /// The projection that a state belongs to.
    pub fn of_state(state: Oid) -> Option<Self> {
        Self::first("g.state = $1", Arg::Oid(state))
    }

    /// Its settings, and that rows must not be hidden from it.
    pub fn pinned_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain([("row_security", "off")])
    }

    /// How far it has folded, as the active snapshot sees it; `None` if that is
    /// older than the projection.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let _platform = Platform::act();
        spi::run_kept(
            "SELECT checkpoint FROM pganalytics_data.generation WHERE state = $1",
            vec![Arg::Oid(self.state)],
            Under::Active,
        )
        .first()
        .map(parsed)
    }

    /// How far it has folded; nobody else folds it until the transaction ends.
    pub fn lock_checkpoint(&self) -> Option<Checkpoint> {
        let _platform = Platform::act();
        spi::run(
            "SELECT checkpoint FROM pganalytics_data.generation WHERE state = $1 FOR UPDATE",
            vec![Arg::Oid(self.state)],
            Under::Fresh,
        )
        .first()
        .map(parsed)
    }

    /// Moves the checkpoint on after a fold of `events` events.
    pub fn move_checkpoint(&self, to: &Checkpoint, events: i64) {
        let _platform = Platform::act();
        spi::run(
            "UPDATE pganalytics_data.generation SET checkpoint = $2::pg_snapshot, \
                 events_folded = events_folded + $3, folds = folds + 1, last_fold = clock_timestamp() \
             WHERE state = $1",
            vec![
                Arg::Oid(self.state),
                Arg::Text(&to.to_string()),
                Arg::Big(events),
            ],
            Under::Fresh,
        );
    }

    /// Forgets the catalog entry; the relations are dropped by the caller.
    pub fn forget(&self) {
        let _platform = Platform::act();
        spi::run(
            "WITH gone AS (DELETE FROM pganalytics_data.projection WHERE id = $1 RETURNING id) \
             DELETE FROM pganalytics_data.generation g USING gone WHERE g.projection = gone.id",
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

fn parsed(row: &Row) -> Checkpoint {
    row.known(0).parse().unwrap_or_else(|e| pgrx::error!("{e}"))
}

/// A number for a new projection. One whose names somebody has taken is passed over:
/// whoever may make things in the schema must not keep others from it.
pub fn next_id() -> i32 {
    loop {
        let id = entries::next_number("projection_id");
        let names = ["definition", "state", "access"].map(|part| format!("{part}_{id}"));
        if names.iter().all(|name| names::unused(name) == *name) && !partials::any(id) {
            return id;
        }
    }
}

/// The projections whose view is gone.
pub fn leftovers() -> Vec<i32> {
    entries::leftovers("projection")
}

/// Removes the entry of one of them, and what is left of it.
pub fn sweep(leftover: i32) {
    let _platform = Platform::act();
    let gone = spi::run(
        "WITH gone AS (DELETE FROM pganalytics_data.projection p WHERE id = $1 \
             AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = p.relation) RETURNING id, definition), \
         forgotten AS (DELETE FROM pganalytics_data.generation g USING gone WHERE g.projection = gone.id) \
         SELECT gone.definition::oid, g.state::oid, to_regclass('pganalytics_data.access_' || gone.id)::oid \
         FROM gone LEFT JOIN pganalytics_data.generation g ON g.projection = gone.id",
        vec![Arg::Int(leftover)],
        Under::Fresh,
    );
    for row in gone {
        for (column, kind) in ["VIEW", "TABLE", "TABLE"].into_iter().enumerate() {
            if row.text(column).is_some() {
                entries::drop_leftover(kind, row.oid(column));
            }
        }
        partials::drop_all(leftover);
    }
}

/// A projection about to be entered.
pub struct NewProjection<'a> {
    pub id: i32,
    pub relation: Oid,
    pub definition: Oid,
    pub event_table: Oid,
    pub state: Oid,
    pub query: &'a str,
    pub settings: Vec<String>,
    pub access_key: String,
}

/// Enters a projection that has folded nothing.
pub fn register(new: NewProjection) {
    let _platform = Platform::act();
    spi::run(
        "INSERT INTO pganalytics_data.projection (id, relation, definition, event_table, query, settings) \
         VALUES ($1, $2::regclass, $3::regclass, $4::regclass, $5, $6)",
        vec![
            Arg::Int(new.id),
            Arg::Oid(new.relation),
            Arg::Oid(new.definition),
            Arg::Oid(new.event_table),
            Arg::Text(new.query),
            Arg::Texts(new.settings),
        ],
        Under::Fresh,
    );
    spi::run(
        "INSERT INTO pganalytics_data.generation (state, projection, access_key, checkpoint) \
         VALUES ($1::regclass, $2, $3::uuid, $4::pg_snapshot)",
        vec![
            Arg::Oid(new.state),
            Arg::Int(new.id),
            Arg::Text(&new.access_key),
            Arg::Text(&Checkpoint::nothing().to_string()),
        ],
        Under::Fresh,
    );
    invalidate(new.state);
}
