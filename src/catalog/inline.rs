//! Inline projections: which are in force, and what that takes.

use super::names::sql_name;
use super::projections::{IS_READ, Projection, SELECT};
use crate::pg::Oid;
use crate::pg::cache::invalidate;
use crate::pg::security::{Platform, role_sql};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::projection::Mode;

impl Projection {
    /// Those of an event table that every transaction folds what it appends into, by
    /// number, as last committed (and changed by this transaction).
    pub fn inline_of(event_table: Oid) -> Vec<Self> {
        let _platform = Platform::act();
        let sql = format!(
            "{SELECT} JOIN pganalytics_data.checkpoint k ON k.generation = g.id \
             WHERE g.event_table = $1 AND k.is_inline AND {IS_READ} ORDER BY p.id"
        );
        let rows = spi::run_kept(&sql, vec![Arg::Oid(event_table)], Under::Latest);
        rows.iter().map(Self::from).collect()
    }

    /// Keeps other transactions from folding it until this one ends, and fails if one has
    /// that this one's snapshot does not see.
    pub fn fold_alone(&self) {
        let _platform = Platform::act();
        spi::run_kept(
            "UPDATE pganalytics_data.checkpoint SET folds = folds + 1 WHERE generation = $1",
            vec![Arg::Int(self.generation)],
            Under::Fresh,
        );
    }

    /// Whether it is to be inline now.
    pub fn wants_inline(&self) -> bool {
        let _platform = Platform::act();
        let row = spi::latest(
            "SELECT mode = 'inline' AND paused_at IS NULL FROM pganalytics_data.projection WHERE id = $1",
            vec![Arg::Int(self.id)],
        );
        row.is_some_and(|row| row.known(0) == "t")
    }

    /// Whether this generation is inline, whatever the snapshot in use.
    pub fn is_inline(&self) -> bool {
        let _platform = Platform::act();
        let row = spi::latest(
            "SELECT is_inline FROM pganalytics_data.checkpoint WHERE generation = $1",
            vec![Arg::Int(self.generation)],
        );
        row.is_some_and(|row| row.known(0) == "t")
    }

    /// Notes whether it is to be inline.
    pub fn set_mode(&self, mode: Mode) {
        let _platform = Platform::act();
        spi::run(
            "UPDATE pganalytics_data.projection SET mode = $2 WHERE id = $1",
            vec![
                Arg::Int(self.id),
                Arg::Text(match mode {
                    Mode::Async => "async",
                    Mode::Inline => "inline",
                }),
            ],
            Under::Fresh,
        );
    }

    /// Has it be inline, with triggers that its owner may put on the state, or no more.
    /// Writers are kept out, and its coverage is right.
    pub fn set_inline(&self, inline: bool) {
        let owner = role_sql(self.owner);
        let state = sql_name(self.state);
        let _platform = Platform::act();
        spi::run(
            "UPDATE pganalytics_data.checkpoint SET is_inline = $2 = 'yes' WHERE generation = $1",
            vec![
                Arg::Int(self.generation),
                Arg::Text(if inline { "yes" } else { "no" }),
            ],
            Under::Fresh,
        );
        invalidate(self.event_table);
        spi::execute(&if inline {
            format!("GRANT TRIGGER ON {state} TO {owner}")
        } else {
            format!("REVOKE TRIGGER ON {state} FROM {owner}")
        });
    }

    /// A trigger that somebody has put on its state.
    pub fn trigger_on_state(&self) -> Option<String> {
        let row = spi::latest(
            "SELECT tgname FROM pg_catalog.pg_trigger WHERE tgrelid OPERATOR(pg_catalog.=) $1 \
                 AND NOT tgisinternal ORDER BY tgname LIMIT 1",
            vec![Arg::Oid(self.state)],
        );
        row.map(|row| row.known(0).into())
    }

    /// Whether its owner has the rights of its event table's owner.
    pub fn may_be_inline(&self) -> bool {
        let row = spi::run_kept(
            "SELECT pg_catalog.pg_has_role($1, c.relowner, 'USAGE') FROM pg_catalog.pg_class c \
             WHERE c.oid OPERATOR(pg_catalog.=) $2",
            vec![Arg::Oid(self.owner), Arg::Oid(self.event_table)],
            Under::Latest,
        );
        row.first().is_some_and(|row| row.known(0) == "t")
    }
}

/// Whether an event table has any in force.
pub fn has_any(event_table: Oid) -> bool {
    let _platform = Platform::act();
    let rows = spi::run(
        "SELECT FROM pganalytics_data.generation g JOIN pganalytics_data.checkpoint k ON k.generation = g.id \
         WHERE g.event_table = $1 AND k.is_inline LIMIT 1",
        vec![Arg::Oid(event_table)],
        Under::Fresh,
    );
    !rows.is_empty()
}

/// The segments of an event table that have this trigger.
pub fn segments_with_trigger(event_table: i32, trigger: &str) -> Vec<Oid> {
    let _platform = Platform::act();
    spi::run(
        "SELECT s.relation::oid FROM pganalytics_data.segment s JOIN pg_trigger t ON t.tgrelid = s.relation \
         WHERE s.event_table = $1 AND t.tgname = $2::name ORDER BY s.number",
        vec![Arg::Int(event_table), Arg::Text(trigger)],
        Under::Fresh,
    )
    .iter()
    .map(|row| row.oid(0))
    .collect()
}
