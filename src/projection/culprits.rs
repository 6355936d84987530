//! Culprits: the events on which a definition fails.
//!
//! A delta that fails is tried again over portions of its events, in subtransactions
//! and without writing, until single events fail. Portions are pages of the tables,
//! so each costs what it holds. What fails over several events and over none of them
//! alone is an error of combining, and no event's fault.
//!
//! What can be digested may still have a key that the state's index has no room for. To
//! find that, keys are entered, and the subtransaction is rolled back.

use super::define::{Definition, define};
use super::source::Source;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::security::{ActingAs, Settings};
use crate::pg::snapshot::Snapshot;
use crate::pg::spi::{self, Under};
use crate::pg::transaction::{Failure, attempt, rehearse};
use pganalytics_core::error::Error;
use pganalytics_core::fault::{LIMIT_EXCEEDED, may_be_of_an_event, search};
use pganalytics_core::projection::{Portion, delta_sql, entry_sql, source_column};
use std::collections::HashSet;

/// An event on which the definition fails.
pub(super) struct Culprit {
    pub segment: i32,
    pub position: i64,
    pub failure: Failure,
    /// Where it lies.
    place: Portion,
}

/// What the log says of it.
pub(super) struct Described {
    pub event_id: String,
    pub event_type: String,
    pub aggregate_id: String,
    /// In ISO 8601.
    pub occurred_at: String,
}

/// The search for the culprits among some events that the active snapshot sees, as the
/// owner and with the settings of the definition.
pub(super) struct Search<'a> {
    definition: Definition,
    table: String,
    state: String,
    source: &'a Source<'a>,
    /// That of the fold which has failed; `None`: it was a read, which enters nothing.
    fold: Option<&'a Snapshot>,
    _owner: ActingAs,
    _settings: Settings,
}

impl<'a> Search<'a> {
    pub fn among(projection: &'a Projection, source: &'a Source) -> Result<Self, Error> {
        Ok(Self {
            definition: define(projection.definition, projection.generation)?,
            table: sql_name(projection.event_table),
            state: sql_name(projection.state),
            source,
            fold: None,
            _owner: ActingAs::new(projection.owner),
            _settings: Settings::pin(projection.pinned_settings()),
        })
    }

    /// The same for a fold under this snapshot, which is the active one.
    pub fn of_fold(
        projection: &'a Projection,
        source: &'a Source,
        snapshot: &'a Snapshot,
    ) -> Result<Self, Error> {
        let mut search = Self::among(projection, source)?;
        search.fold = Some(snapshot);
        Ok(search)
    }

    /// Those that `failure` is the fault of. If it is the fault of no event it is
    /// raised. `check` is asked about each and ends the search with an error.
    pub fn run(
        &self,
        failure: Failure,
        mut check: impl FnMut(&Culprit) -> Result<(), Error>,
    ) -> Result<Vec<Culprit>, Error> {
        let nothing = Source {
            segments: &[],
            ..self.source.clone()
        };
        let entering = self.fold.filter(|_| failure.sqlstate() == LIMIT_EXCEEDED);
        let fault = |source: &Source| self.fault(source, entering);
        if !may_be_of_an_event(&failure.sqlstate()) || fault(&nothing).is_some() {
            failure.raise();
        }
        let pages = match attempt(|| self.pages()) {
            Ok(pages) => pages,
            // The owner may read some columns only.
            Err(denied) if denied.sqlstate() == "42501" => failure.raise(),
            Err(other) => other.raise(),
        };
        let mut culprits: Vec<Culprit> = vec![];
        search(
            pages,
            |portion| Ok(fault(&self.source.narrowed(portion.clone()))),
            |portion| portion.halves(|page| self.positions(page)),
            |place, failure| {
                let Some((segment, position)) = place.event() else {
                    return Ok(());
                };
                let culprit = Culprit {
                    segment,
                    position,
                    failure,
                    place,
                };
                check(&culprit)?;
                culprits.push(culprit);
                Ok(())
            },
        )?;
        if culprits.is_empty() {
            failure.raise();
        }
        Ok(culprits)
    }

    /// Why the delta fails over some events, or entering its keys does; raised if that
    /// is the fault of none.
    fn fault(&self, source: &Source, entering: Option<&Snapshot>) -> Option<Failure> {
        let source = source.sql(&self.table, &self.definition.columns);
        let sql = delta_sql(&self.definition.shape, &self.state, &source);
        let failure = attempt(|| spi::probe(&sql))
            .err()
            .or_else(|| self.misfit(&source, entering?))?;
        if may_be_of_an_event(&failure.sqlstate()) {
            Some(failure)
        } else {
            failure.raise()
        }
    }

    /// Why the keys of a source cannot be entered, if one is too large.
    fn misfit(&self, source: &str, snapshot: &Snapshot) -> Option<Failure> {
        let sql = entry_sql(&self.definition.shape, &self.state, source)?;
        let failure = rehearse(|| spi::run(&sql, vec![], Under::Given(snapshot))).err()?;
        let is_limit = failure.sqlstate() == LIMIT_EXCEEDED;
        // What a trigger of the owner's makes of a state without values says nothing.
        (is_limit || !may_be_of_an_event(&failure.sqlstate())).then_some(failure)
    }

    fn rows(&self, source: &Source, columns: &[&str], query: &str) -> Vec<spi::Row> {
        let columns: Vec<_> = columns.iter().map(|column| source_column(column)).collect();
        let sql = format!(
            "WITH s AS NOT MATERIALIZED ({}) {query}",
            source.sql(&self.table, &columns)
        );
        spi::run(&sql, vec![], Under::Active)
    }

    /// Where the events lie.
    fn pages(&self) -> Vec<Portion> {
        let rows = self.rows(
            self.source,
            &["segment", "ctid"],
            "SELECT s.segment, pg_catalog.min(s.ctid), pg_catalog.max(s.ctid) FROM s GROUP BY s.segment ORDER BY s.segment",
        );
        rows.iter()
            .map(|row| Portion::Pages {
                segment: row.number(0),
                first: page(row.known(1)),
                end: page(row.known(2)) + 1,
            })
            .collect()
    }

    fn positions(&self, page: &Portion) -> Vec<i64> {
        let source = self.source.narrowed(page.clone());
        let query = "SELECT s.\"position\" FROM s ORDER BY s.\"position\"";
        let rows = self.rows(&source, &["position"], query);
        rows.iter().map(|row| row.number(0)).collect()
    }

    /// What the log says of a culprit; `None`: nothing any more.
    pub fn describe(&self, culprit: &Culprit) -> Option<Described> {
        let source = self.source.narrowed(culprit.place.clone());
        let rows = self.rows(
            &source,
            &["event_id", "event_type", "aggregate_id", "occurred_at"],
            // JSON has times in ISO 8601 whatever DateStyle says.
            "SELECT s.event_id, s.event_type, s.aggregate_id, \
             pg_catalog.to_json(s.occurred_at) OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[] FROM s",
        );
        rows.first().map(|row| Described {
            event_id: row.known(0).into(),
            event_type: row.known(1).into(),
            aggregate_id: row.known(2).into(),
            occurred_at: row.known(3).into(),
        })
    }

    /// Those of these positions that are in the log.
    pub fn present(&self) -> HashSet<i64> {
        let rows = self.rows(self.source, &["position"], "SELECT s.\"position\" FROM s");
        rows.iter().map(|row| row.number(0)).collect()
    }
}

/// The page of a row, as in `(page,number)`.
fn page(ctid: &str) -> u64 {
    let page = ctid.trim_start_matches('(').split(',').next();
    page.and_then(|page| page.parse().ok()).unwrap_or_default()
}
