//! `create_event_table`: the table and its segments as the caller, its heads and
//! ledger as the extension.

use super::{attach, keyed, ledgers, options};
use crate::catalog::event_tables::{self, EventTable, Options};
use crate::catalog::names::{self, NewName};
use crate::catalog::{incarnation, lives};
use crate::pg::Oid;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::naming::free_sequence_name;
use crate::pg::security::{Platform, current_user};
use crate::pg::spi;
use pganalytics_core::error::{Error, required};
use pganalytics_core::ledger::Ledgers;
use pganalytics_core::segment::State;
use pganalytics_core::sql::{literal, qualified};
use pganalytics_core::version::Versions;
use pgrx::datum::Interval;
use pgrx::prelude::*;

#[pg_extern(sql = false)]
fn create_event_table(
    name: Option<Text>,
    versions: Option<Text>,
    dedup_window: Option<Interval>,
    segment_interval: Option<Interval>,
    retention: Option<Interval>,
    segment_size: Option<Text>,
    allowed_lateness: Option<Interval>,
) -> Oid {
    let name = required(name.as_deref(), "name").or_raise();
    let versions = required(versions.as_deref(), "versions").or_raise();
    let segment_interval = required(segment_interval, "segment_interval").or_raise();
    let options = Options {
        versions,
        dedup_window,
        segment_interval,
        retention,
        segment_size: segment_size.as_deref(),
        allowed_lateness,
    };
    create(name, options).or_raise()
}

fn create(name: &str, options: Options) -> Result<Oid, Error> {
    Versions::parse(options.versions)?;
    options::check(&options)?;
    let name = NewName::parse(name)?;
    let (root, sequence) = create_root(&name);
    let deduplicates = options
        .dedup_window
        .is_none_or(|window| window.as_micros() != 0);
    let (id, ledgers) = {
        let _platform = Platform::act();
        incarnation::mark();
        let id = event_tables::next_id();
        let heads = keyed::create(
            &format!("heads_{id}"),
            "aggregate_id text COLLATE \"C\" PRIMARY KEY, version bigint NOT NULL, segment integer NOT NULL",
            root,
        );
        event_tables::register(id, root, sequence, heads, options);
        let ledgers = Ledgers {
            ledger: deduplicates.then(|| ledgers::create(id, 1, root)),
            next: None,
            past: None,
        };
        (id, ledgers)
    };
    let table = EventTable {
        id,
        root,
        position_sequence: sequence,
        name: name.name,
        owner: current_user(),
        last_error: None,
    };
    // The active segment, and a spare that the first roll moves on to.
    for (number, state) in [(1, State::Active), (2, State::Spare)] {
        let segment = attach::segment(&table, number);
        lives::register(id, root, number, state, segment, ledgers);
    }
    Ok(root)
}

/// The partitioned table and its position sequence, made with the caller's rights.
fn create_root(name: &NewName) -> (Oid, Oid) {
    let table = name.sql();
    let sequence = qualified(
        &name.schema,
        &free_sequence_name(&name.schema, &name.name, "position"),
    );
    spi::execute(&format!("CREATE SEQUENCE {sequence}"));
    spi::execute(&format!(
        "CREATE TABLE {table} (
             event_id uuid NOT NULL DEFAULT pganalytics.uuid_v7(),
             event_type text COLLATE \"C\" NOT NULL,
             aggregate_id text COLLATE \"C\" NOT NULL,
             version bigint,
             occurred_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
             payload jsonb NOT NULL DEFAULT '{{}}',
             metadata jsonb NOT NULL DEFAULT '{{}}',
             context jsonb NOT NULL DEFAULT '{{}}',
             schema_version integer NOT NULL DEFAULT 1,
             recorded_at timestamptz NOT NULL,
             position bigint NOT NULL,
             txid xid8 NOT NULL,
             segment integer NOT NULL DEFAULT pganalytics.active_segment({}::pg_catalog.regclass)
         ) PARTITION BY LIST (segment)",
        literal(&sequence)
    ));
    spi::execute(&format!(
        "ALTER SEQUENCE {sequence} OWNED BY {table}.position"
    ));
    for (column, comment) in COLUMNS {
        spi::execute(&format!(
            "COMMENT ON COLUMN {table}.{column} IS {}",
            literal(comment)
        ));
    }
    spi::execute(&format!("CREATE INDEX ON {table} (txid)"));
    spi::execute(&format!(
        "CREATE INDEX ON {table} USING brin (occurred_at, \"position\")"
    ));
    (found(&table), found(&sequence))
}

const COLUMNS: [(&str, &str); 13] = [
    (
        "event_id",
        "identity of the event; the same id again within the dedup window is skipped",
    ),
    ("event_type", "what happened"),
    ("aggregate_id", "the entity it happened to"),
    (
        "version",
        "number of the event within its aggregate, from 1, without gaps",
    ),
    ("occurred_at", "when it happened"),
    ("payload", "what is to be known of it"),
    ("metadata", "about the event rather than of it"),
    ("context", "correlation_id, causation_id, traceparent"),
    ("schema_version", "version of the payload's schema"),
    ("recorded_at", "when it was written (set by the extension)"),
    (
        "position",
        "its place in the log, rising, with gaps (set by the extension)",
    ),
    (
        "txid",
        "the transaction that wrote it (set by the extension)",
    ),
    ("segment", "the partition it lies in (set by the extension)"),
];

/// A relation made a moment ago.
fn found(name: &str) -> Oid {
    names::find(name).unwrap_or(Oid::INVALID)
}

#[pg_extern(sql = false)]
fn uuid_v7() -> pgrx::Uuid {
    pgrx::Uuid::from_bytes(*uuid::Uuid::now_v7().as_bytes())
}
