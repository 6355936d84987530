//! What the catalog says of an aggregate's states.

use crate::pg::Oid;
use crate::pg::cache::RelationCache;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Row};
use pganalytics_core::state::StateError;
use pgrx::pg_sys;
use std::rc::Rc;

/// An aggregate, as far as its states are concerned.
pub struct Format {
    /// Its name, qualified.
    pub aggregate: String,
    pub owner: Oid,
    /// The declared type of its states.
    pub state: Oid,
    /// The declared type of its result.
    pub result: Oid,
    /// The declared types of its arguments.
    pub arguments: Vec<Oid>,
    pub combine: Option<Oid>,
    pub finish: Option<Oid>,
    /// The final function gets a NULL for each argument.
    pub finish_takes_arguments: bool,
    /// What writes and reads internal states.
    pub serial: Option<(Oid, Oid)>,
    /// The state of no input, as text.
    pub initial: Option<String>,
    /// Some of its arguments are polymorphic or of any type.
    pub polymorphic: bool,
    /// What its states are made by, the same before and after a dump and restore.
    pub identity: String,
}

impl Format {
    pub fn is_internal(&self) -> bool {
        self.state == pg_sys::INTERNALOID
    }
}

thread_local! {
    /// By aggregate.
    static FORMATS: RelationCache<Format> =
        RelationCache::of_queries(|relation| FORMATS.with(|cache| cache.forget(relation)));
}

/// The format of an aggregate's states.
pub fn format(aggregate: Oid) -> Result<Rc<Format>, StateError> {
    FORMATS.with(|formats| formats.get_or_make(aggregate, || Ok((vec![], read(aggregate)?))))
}

/// A function is known again by the extension it is of and what it is in there: names
/// of schemas change, and so do numbers.
const FORMAT: &str = "SELECT (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity, p.proowner, \
         a.aggtranstype::oid, p.prorettype::oid, p.proargtypes, a.aggcombinefn::oid, a.aggfinalfn::oid, a.aggfinalextra, \
         a.aggserialfn::oid, a.aggdeserialfn::oid, a.agginitval, a.aggkind, \
         EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes) AND t.typtype = 'p'), \
         (SELECT string_agg(coalesce(x.extname, f.probin, '') || ':' || f.prosrc, ' ' ORDER BY u.place) \
             FROM unnest(ARRAY[a.aggcombinefn, a.aggserialfn, a.aggdeserialfn]) WITH ORDINALITY AS u(function, place) \
             JOIN pg_proc f ON f.oid = u.function \
             LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e' \
             LEFT JOIN pg_extension x ON x.oid = d.refobjid), \
         (SELECT string_agg(t.typname, ' ' ORDER BY u.place) FROM unnest(p.proargtypes) WITH ORDINALITY AS u(type, place) \
             JOIN pg_type t ON t.oid = u.type) \
     FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid WHERE p.oid = $1";

fn read(aggregate: Oid) -> Result<Format, StateError> {
    let _path = Settings::pin(ONLY_BUILT_IN);
    let Some(row) = &spi::latest_kept(FORMAT, vec![Arg::Oid(aggregate)]) else {
        return Err(StateError::NotAnAggregate {
            function: aggregate.to_u32().to_string(),
        });
    };
    if row.text(11).is_none() {
        return Err(StateError::NotAnAggregate {
            function: row.known(0).into(),
        });
    }
    if row.known(11) != "n" {
        return Err(StateError::Unmergeable {
            aggregate: row.known(0).into(),
        });
    }
    let serial = function(row, 8).zip(function(row, 9));
    Ok(Format {
        aggregate: row.known(0).into(),
        owner: row.oid(1),
        state: row.oid(2),
        result: row.oid(3),
        arguments: row
            .known(4)
            .split_whitespace()
            .filter_map(|number| number.parse::<u32>().ok())
            .map(Oid::from)
            .collect(),
        combine: function(row, 5),
        finish: function(row, 6),
        finish_takes_arguments: row.known(7) == "t",
        serial,
        initial: row.text(10).map(Into::into),
        polymorphic: row.known(12) == "t",
        identity: format!("{} ({})", row.known(13), row.known(14)),
    })
}

fn function(row: &Row, column: usize) -> Option<Oid> {
    Some(row.oid(column)).filter(|function| *function != Oid::INVALID)
}
