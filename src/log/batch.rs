//! `append` and `append_events`: heads are locked in order, what the log holds
//! decides, and the events go in by an ordinary INSERT of the caller's, whose
//! trigger tells what became of each.

use super::elements::{self, Column, Element, Target};
use super::history;
use super::outcome::{Awaited, Mode, Recording};
use super::settings::Log;
use crate::pg::encoding::decoded;
use crate::pg::index::{Lock, Relation};
use crate::pg::security::{require_insert, require_writable};
use crate::pg::spi::{self, Arg, Under};
use crate::pg::trigger::text;
use crate::pg::{Datum, Oid, json};
use pganalytics_core::append::{Batch, Course, EventId, Outcome};
use pganalytics_core::error::{Error, required};
use pganalytics_core::version::Versions;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Appends to one aggregate.
pub fn append(
    event_table: Option<Oid>,
    aggregate: Option<Vec<u8>>,
    events: Option<Datum>,
    expected: Option<i64>,
) -> Result<Vec<Outcome>, Error> {
    let event_table = required(event_table, "event_table")?;
    let aggregate = required(aggregate, "aggregate_id")?;
    let events = json::detoasted(required(events, "events")?);
    let expected = expected.map(elements::checked).transpose()?;
    let call = Call::begin(event_table, events, Some(aggregate.clone()))?;
    call.run(BTreeMap::from([(aggregate, expected)]))
}

/// Appends to the aggregates that the events name.
pub fn append_events(
    event_table: Option<Oid>,
    events: Option<Datum>,
    expected: Option<Datum>,
) -> Result<Vec<Outcome>, Error> {
    let event_table = required(event_table, "event_table")?;
    let events = json::detoasted(required(events, "events")?);
    let expected = expected.map(elements::read_expected).transpose()?;
    let call = Call::begin(event_table, events, None)?;
    call.run(expected.unwrap_or_default())
}

/// One call, with its arguments read and checked.
struct Call {
    event_table: Oid,
    /// As the segment has it that took appends when the call began.
    log: Rc<Log>,
    target: Rc<Target>,
    events: Datum,
    /// The aggregate of all events; `None`: each names its own.
    aggregate: Option<Vec<u8>>,
    elements: Vec<Element>,
}

/// What a call brings for one aggregate.
#[derive(Default)]
struct Part {
    expected: Option<i64>,
    /// The indexes of its events.
    elements: Vec<usize>,
    ids: Vec<EventId>,
}

impl Part {
    fn batch<'a>(&'a self, aggregate: &'a str) -> Batch<'a> {
        Batch {
            aggregate,
            expected: self.expected,
            ids: &self.ids,
        }
    }
}

impl Call {
    fn begin(event_table: Oid, events: Datum, aggregate: Option<Vec<u8>>) -> Result<Self, Error> {
        require_writable();
        require_insert(event_table);
        // As INSERT does; and from here on the table stays as it is.
        drop(Relation::open(event_table, Lock::Write));
        let log = history::active_log(event_table)?;
        let target = Target::of(event_table)?;
        Ok(Self {
            event_table,
            log,
            elements: elements::read(events, aggregate.as_deref(), &target)?,
            target,
            events,
            aggregate,
        })
    }

    fn run(self, expected: BTreeMap<Vec<u8>, Option<i64>>) -> Result<Vec<Outcome>, Error> {
        let parts = self.parts(expected);
        let mut modes = vec![Mode::Plain; self.elements.len()];
        // By aggregate id: calls that lock several heads lock them in one order.
        for (aggregate, part) in &parts {
            self.decide(aggregate, part, &mut modes)?;
        }
        let outcomes = self.insert(&modes);
        for (aggregate, part) in &parts {
            let own: Vec<_> = part.elements.iter().filter_map(|i| outcomes[*i]).collect();
            part.batch(&decoded(aggregate)).settle(&own)?;
        }
        Ok(outcomes.into_iter().flatten().collect())
    }

    /// The events by aggregate, and the aggregates whose version is to be checked.
    fn parts(&self, expected: BTreeMap<Vec<u8>, Option<i64>>) -> BTreeMap<Vec<u8>, Part> {
        let mut parts: BTreeMap<_, _> = expected
            .into_iter()
            .map(|(aggregate, expected)| {
                let part = Part {
                    expected,
                    ..Part::default()
                };
                (aggregate, part)
            })
            .collect();
        for (index, element) in self.elements.iter().enumerate() {
            let part = parts.entry(element.aggregate.clone()).or_default();
            part.elements.push(index);
            part.ids.push(element.event_id);
        }
        parts
    }

    /// Locks an aggregate's head, and decides what is to be done with its events.
    fn decide(&self, aggregate: &[u8], part: &Part, modes: &mut [Mode]) -> Result<(), Error> {
        let versions = self.log.versions;
        let unversioned = part.expected.is_none() && versions == Versions::Optional;
        // Nothing to lock in order: one event without a version waits for nobody.
        if part.expected.is_none()
            && (part.ids.is_empty() || unversioned && self.elements.len() == 1)
        {
            return Ok(());
        }
        let current = history::lock_head(&self.log, aggregate)?;
        let name = decoded(aggregate);
        let course = part.batch(&name).course(current, |version, count| {
            history::from_version(self.event_table, aggregate, version, count)
        })?;
        let numbered = part.expected.is_some() || versions == Versions::Required;
        for (place, index) in part.elements.iter().enumerate() {
            modes[*index] = match &course {
                Course::Repeat(logged) => Mode::Repeat(logged[place]),
                Course::Append if numbered => Mode::Numbered,
                Course::Append => Mode::Plain,
            };
        }
        Ok(())
    }

    /// Inserts the events in their order, with one statement for each run of
    /// events that have the same keys: absent ones take the column's default.
    fn insert(&self, modes: &[Mode]) -> Vec<Option<Outcome>> {
        let awaited = self.elements.iter().zip(modes).enumerate();
        let awaited = awaited.map(|(element, (event, mode))| Awaited {
            element,
            event_id: event.event_id,
            mode: *mode,
        });
        let sequence = self.log.position_sequence;
        let recording = Recording::of(self.event_table, sequence, awaited.collect());
        let ids: Vec<_> = self.elements.iter().map(|event| event.event_id).collect();
        let mut first = 0;
        for run in self.elements.chunk_by(|a, b| a.columns == b.columns) {
            let last = first + run.len();
            spi::run_kept(
                &self.statement(&run[0].columns),
                vec![
                    Arg::Jsonb(self.events),
                    Arg::Uuids(ids[first..last].to_vec()),
                    Arg::RawText(text(self.aggregate.as_deref().unwrap_or_default())),
                    Arg::Int(first as i32 - 1),
                ],
                Under::Fresh,
            );
            first = last;
        }
        recording.outcomes()
    }

    fn statement(&self, columns: &[usize]) -> String {
        let table = &self.target.sql;
        let (mut names, mut values, mut types) = (String::new(), String::new(), String::new());
        for Column { name, of_type } in columns.iter().map(|place| self.target.column(*place)) {
            names += &format!(", {name}");
            values += &format!(", e.{name}");
            types += &format!(", {name} {of_type}");
        }
        let aggregate = match self.aggregate {
            Some(_) => "$3",
            None => "e.aggregate_id",
        };
        format!(
            "INSERT INTO {table} (event_id, aggregate_id{names}) \
             SELECT i.id, {aggregate}{values} FROM pg_catalog.unnest($2) WITH ORDINALITY AS i(id, n) \
             CROSS JOIN LATERAL pg_catalog.jsonb_to_record( \
                 $1 OPERATOR(pg_catalog.->) ($4 OPERATOR(pg_catalog.+) i.n::pg_catalog.int4)) \
                 AS e(aggregate_id pg_catalog.text{types}) \
             ORDER BY i.n"
        )
    }
}
