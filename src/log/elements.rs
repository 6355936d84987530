//! The array that `append` is given: its elements and their keys. PostgreSQL does
//! the JSON work, so that numbers keep their precision.

use crate::catalog::names::sql_name;
use crate::pg::cache::RelationCache;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, RawRow, Under};
use crate::pg::unique::uuid_bytes;
use crate::pg::{Datum, Oid, json};
use pganalytics_core::append::EventId;
use pganalytics_core::error::Error;
use pganalytics_core::sql::{ident, qualified};
use std::collections::BTreeMap;
use std::rc::Rc;

thread_local! {
    static TARGETS: RelationCache<Target> =
        RelationCache::of_queries(|relation| TARGETS.with(|cache| cache.forget(relation)));
}

/// The columns that the extension sets.
const SET_BY_US: [&str; 5] = ["recorded_at", "position", "txid", "segment", "version"];

/// A column of an event table, both as SQL.
pub struct Column {
    pub name: String,
    pub of_type: String,
}

/// What an INSERT into an event table needs to know of it.
pub struct Target {
    /// Its name as SQL.
    pub sql: String,
    names: Vec<String>,
    types: Vec<String>,
}

impl Target {
    /// That of a table.
    pub fn of(event_table: Oid) -> Result<Rc<Self>, Error> {
        TARGETS.with(|targets| {
            targets.get_or_make(event_table, || {
                let _platform = Platform::act();
                // Without their modifiers, which INSERT sees to.
                let columns = spi::run(
                    "SELECT a.attname, n.nspname, t.typname FROM pg_attribute a \
                     JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace \
                     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                    vec![Arg::Oid(event_table)],
                    Under::Latest,
                );
                let target = Self {
                    sql: sql_name(event_table),
                    names: columns.iter().map(|row| row.known(0).into()).collect(),
                    types: columns
                        .iter()
                        .map(|row| qualified(row.known(1), row.known(2)))
                        .collect(),
                };
                Ok((vec![event_table], target))
            })
        })
    }

    /// The columns of these numbers, from 1, with commas between them.
    fn columns(&self, numbers: &str) -> Vec<usize> {
        numbers
            .split_terminator(',')
            .filter_map(|number| number.parse::<usize>().ok()?.checked_sub(1))
            .filter(|place| *place < self.names.len())
            .collect()
    }

    /// A column by its place.
    pub fn column(&self, place: usize) -> Column {
        Column {
            name: ident(&self.names[place]),
            of_type: self.types[place].clone(),
        }
    }
}

/// One event of the array.
pub struct Element {
    /// The aggregate, in the encoding of the database.
    pub aggregate: Vec<u8>,
    /// Its id; made here if it brings none.
    pub event_id: EventId,
    /// The places of the columns that it gives values for, besides id and aggregate.
    pub columns: Vec<usize>,
}

/// Reads the array `events`, whose elements go to `aggregate`, or else name theirs.
pub fn read(
    events: Datum,
    aggregate: Option<&[u8]>,
    target: &Target,
) -> Result<Vec<Element>, Error> {
    require_type(events, "events", "array")?;
    let _platform = Platform::act();
    spi::read_kept(
        "SELECT e.n, jsonb_typeof(e.v), keys.numbers, keys.unknown, (e.v ->> 'event_id')::uuid, \
                e.v ->> 'aggregate_id' \
         FROM jsonb_array_elements($1) WITH ORDINALITY AS e(v, n) \
         CROSS JOIN LATERAL ( \
             SELECT string_agg(c.n::text, ','), min(k) FILTER (WHERE c.n IS NULL) \
             FROM jsonb_object_keys(CASE jsonb_typeof(e.v) WHEN 'object' THEN e.v ELSE '{}' END) AS k \
             CROSS JOIN LATERAL (SELECT array_position($2, k) AS n) AS c) AS keys (numbers, unknown) \
         ORDER BY e.n",
        vec![Arg::Jsonb(events), Arg::Texts(target.names.clone())],
        Under::Active,
        |row| element(row, aggregate, target),
    )
    .into_iter()
    .collect()
}

fn element(row: &RawRow, aggregate: Option<&[u8]>, target: &Target) -> Result<Element, Error> {
    let number = row.value(0).map_or(0, |datum| datum.value());
    let bad = |what: String, hint| {
        Err(Error::BadArgument {
            message: format!("event {number} {what}"),
            hint,
        })
    };
    let json_type = row.text(1).unwrap_or_default();
    if json_type != "object" {
        return bad(
            format!("is of type {json_type}"),
            "Give each event as an object whose keys are columns of the event table.",
        );
    }
    if let Some(key) = row.text(3) {
        return bad(
            format!("has the key \"{key}\", which is no column of the event table"),
            "What has no column of its own goes into the payload.",
        );
    }
    let mut columns = target.columns(&row.text(2).unwrap_or_default());
    let name = |place: &usize| target.names[*place].as_str();
    if let Some(key) = columns.iter().map(name).find(|key| SET_BY_US.contains(key)) {
        return bad(
            format!("has the key \"{key}\", which the extension sets"),
            "Leave it out. The version that an aggregate must be at is an argument of the function.",
        );
    }
    let has = |wanted| columns.iter().any(|place| name(place) == wanted);
    let null = |key| Error::NullInEvent { key, number };
    let aggregate = match (aggregate, has("aggregate_id")) {
        (Some(aggregate), false) => aggregate.to_vec(),
        (None, true) => row.bytes(5).ok_or_else(|| null("aggregate_id"))?,
        (Some(_), true) => {
            return bad(
                "has the key \"aggregate_id\", which is an argument of the function".into(),
                "Leave it out, or call append_events() for events of several aggregates.",
            );
        }
        (None, false) => {
            return bad(
                "has no key \"aggregate_id\"".into(),
                "Each event names its aggregate.",
            );
        }
    };
    let event_id = if has("event_id") {
        uuid_bytes(row.value(4).ok_or_else(|| null("event_id"))?)
    } else {
        *uuid::Uuid::now_v7().as_bytes()
    };
    columns.retain(|place| !matches!(name(place), "event_id" | "aggregate_id"));
    Ok(Element {
        aggregate,
        event_id,
        columns,
    })
}

/// Reads the object `expected_versions`: aggregate → version, any if NULL.
pub fn read_expected(versions: Datum) -> Result<BTreeMap<Vec<u8>, Option<i64>>, Error> {
    require_type(versions, "expected_versions", "object")?;
    let _platform = Platform::act();
    spi::read_kept(
        "SELECT key, value FROM jsonb_each_text($1)",
        vec![Arg::Jsonb(versions)],
        Under::Active,
        |row| {
            let aggregate = row.bytes(0).unwrap_or_default();
            let version = row.text(1).map(|text| expected(&text)).transpose()?;
            Ok((aggregate, version))
        },
    )
    .into_iter()
    .collect()
}

fn expected(text: &str) -> Result<i64, Error> {
    text.parse()
        .map_err(|_| not_a_version(text))
        .and_then(checked)
}

/// An expected version, if it can be one.
pub fn checked(version: i64) -> Result<i64, Error> {
    (version >= 0)
        .then_some(version)
        .ok_or_else(|| not_a_version(&version.to_string()))
}

fn not_a_version(text: &str) -> Error {
    Error::BadArgument {
        message: format!("expected version {text} is not the version of an aggregate"),
        hint: "Give the version of its last event, 0 if there must be none, or NULL for any.",
    }
}

fn require_type(value: Datum, argument: &str, wanted: &str) -> Result<(), Error> {
    match json::type_of(value) {
        found if found == wanted => Ok(()),
        found => Err(Error::BadArgument {
            message: format!("argument \"{argument}\" is not of JSON type {wanted} but {found}"),
            hint: "Events are an array of objects, expected versions an object with a number for each aggregate.",
        }),
    }
}
