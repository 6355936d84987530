//! Where a projection's rows come from: the event table, and what it is joined to.

use super::refused;
use crate::catalog::projections::Projection;
use crate::catalog::{event_tables, names};
use crate::pg::Oid;
use crate::pg::query::{Query, Table};
use crate::pg::spi::{self, Arg, Under};
use crate::pg::tree::Contents;
use pganalytics_core::error::Error;
use pganalytics_core::projection::{absent_column, source_column};

/// FROM, understood.
pub(super) struct Source {
    pub(super) event_table: Oid,
    /// The place of the event table in the range table.
    pub(super) index: i32,
    pub(super) lookups: Vec<Oid>,
}

/// The columns of the event table that a delta query can name.
pub(super) struct Columns(Vec<EventColumn>);

struct EventColumn {
    /// Empty: it has been dropped.
    name: String,
    read: bool,
    /// The delta query can name it.
    there: bool,
}

const ONE_LOG: &str = "Select from exactly one event table, joined to tables and materialised views; join its projections in a view on top.";

impl Source {
    /// Of a query that has at most one event table, kept by every join, and tables
    /// that a fold may read.
    pub(super) fn of(query: &Query) -> Result<Self, Error> {
        let from = query.from();
        if let Some((construct, hint)) = from.unsupported {
            return refused(construct, hint);
        }
        let (logs, lookups): (Vec<_>, Vec<_>) = from
            .tables
            .into_iter()
            .partition(|table| event_tables::exists(table.relation));
        match (&logs[..], &lookups[..]) {
            ([log], _) if log.nullable => refused(
                "an outer join that keeps other rows than the events'",
                "Keep every event: put the event table on the left of LEFT JOIN.",
            ),
            ([log], _) => {
                for lookup in &lookups {
                    check_lookup(lookup)?;
                }
                Ok(Self {
                    event_table: log.relation,
                    index: log.index,
                    lookups: lookups.iter().map(|table| table.relation).collect(),
                })
            }
            ([], [table]) => {
                refuse_projection(table)?;
                Err(Error::UnknownEventTable {
                    name: names::shown(table.relation),
                })
            }
            ([], _) => refused("FROM without an event table", ONE_LOG),
            _ => refused("FROM with more than one event table", ONE_LOG),
        }
    }

    /// The columns of the event table, of which `read` names some. Where joins merge
    /// columns the text of the query may list all, and all have to be there.
    pub(super) fn columns(&self, query: &Query, read: &Contents) -> Columns {
        let listed = query.merges_columns();
        let rows = spi::run(
            "SELECT CASE WHEN attisdropped THEN '' ELSE attname END, attnum FROM pg_catalog.pg_attribute \
             WHERE attrelid OPERATOR(pg_catalog.=) $1 \
               AND attnum OPERATOR(pg_catalog.>) 0 AND attnum OPERATOR(pg_catalog.<=) $2 ORDER BY attnum",
            vec![
                Arg::Oid(self.event_table),
                Arg::Int(query.width(self.index) as i32),
            ],
            Under::Active,
        );
        let column = |row: &spi::Row| {
            let read = read.columns.contains(&(self.index, row.number(1)));
            EventColumn {
                name: row.known(0).into(),
                read,
                there: read || (listed && !row.known(0).is_empty()),
            }
        };
        Columns(rows.iter().map(column).collect())
    }
}

impl Columns {
    /// Has the delta query read this one too.
    pub(super) fn read(&mut self, name: &str) {
        for column in self.0.iter_mut().filter(|column| column.name == name) {
            (column.read, column.there) = (true, true);
        }
    }

    /// Their names, in the order of the table; empty for those dropped.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|column| column.name.clone()).collect()
    }

    /// What the table expression selects.
    pub(super) fn sql(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|column| column.there)
            .map(|column| {
                if column.read {
                    source_column(&column.name)
                } else {
                    absent_column(&column.name)
                }
            })
            .collect()
    }
}

fn refuse_projection(table: &Table) -> Result<(), Error> {
    if Projection::of_view(table.relation).is_none() {
        return Ok(());
    }
    refused(
        format!("projection \"{}\"", names::shown(table.relation)),
        "Select from an event table; what reads projections goes into a view or query on top of them.",
    )
}

fn check_lookup(table: &Table) -> Result<(), Error> {
    const KEPT: &str = "Join the tables or materialised views that it reads.";
    refuse_projection(table)?;
    let row = spi::latest(
        "SELECT c.relkind, n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE c.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(table.relation)],
    );
    let Some(row) = row else {
        return Ok(());
    };
    let (kind, schema, name) = (row.known(0), row.known(1), row.known(2));
    match (kind, schema) {
        (_, "pganalytics" | "pganalytics_data" | "pg_catalog") => refused(
            format!("relation \"{name}\" of schema {schema}"),
            "Join tables and materialised views of your own.",
        ),
        ("r" | "p" | "m", _) => Ok(()),
        ("v", _) => refused(format!("view \"{name}\""), KEPT),
        ("f", _) => refused(
            format!("foreign table \"{name}\""),
            "Copy it into a table or materialised view.",
        ),
        _ => refused(format!("\"{name}\", which is no table,"), KEPT),
    }
}
