//! Bounds: counting a sealed segment, and the CHECK that says which times its
//! events have, so that a query with a literal time skips the segment.
//!
//! As the owner of the event table: reading it may call their functions.

use crate::catalog::event_tables::EventTable;
use crate::catalog::lives::{self, Measures};
use crate::catalog::names::sql_name;
use crate::pg::Oid;
use crate::pg::security::{ActingAs, Settings};
use crate::pg::spi::{self, Under};
use pganalytics_core::sql::literal;

const CONSTRAINT: &str = lives::BOUNDS;

/// For a moment nobody can read the segment while the CHECK is added: give way to
/// whoever is at it.
const PATIENCE: &str = "100ms";

pub(super) fn settings() -> Settings {
    Settings::pin([
        ("search_path", "pg_catalog, pg_temp"),
        ("row_security", "off"),
        ("DateStyle", "ISO"),
        ("TimeZone", "UTC"),
        ("lock_timeout", PATIENCE),
    ])
}

/// Counts a segment.
pub fn measure(table: &EventTable, segment: Oid) {
    let name = sql_name(segment);
    let measures = {
        let _owner = ActingAs::new(table.owner);
        let _settings = settings();
        let row = &spi::run(
            &format!(
                "SELECT count(*), min(position), max(position), min(occurred_at), max(occurred_at), \
                     max(txid::text::bigint)::text FROM {name}"
            ),
            vec![],
            Under::Fresh,
        )[0];
        let range = |column: usize| row.text(column).map(ToOwned::to_owned);
        Measures {
            rows: row.number(0),
            ranges: [1, 2, 3, 4, 5].map(range),
        }
    };
    lives::set_measures(segment, &measures);
}

/// Adds the CHECK, which does not hold yet for what is there: that takes a look
/// at all of it, which must not keep readers out.
pub fn constrain(table: &EventTable, segment: Oid) {
    if let Some((first, last)) = lives::times(segment) {
        let _owner = ActingAs::new(table.owner);
        let _settings = settings();
        spi::execute(&format!(
            "ALTER TABLE {} ADD CONSTRAINT {CONSTRAINT} \
             CHECK (occurred_at >= {}::timestamptz AND occurred_at <= {}::timestamptz) NOT VALID",
            sql_name(segment),
            literal(&first),
            literal(&last)
        ));
    }
}

/// Has the CHECK hold, unless the owner has dropped it, and BRIN indexes cover the
/// last pages too, which VACUUM leaves out in case there are more to come.
pub fn validate(table: &EventTable, segment: Oid) {
    let _owner = ActingAs::new(table.owner);
    let _settings = settings();
    summarize(segment);
    let there = spi::run(
        "SELECT 1 FROM pg_constraint WHERE conrelid = $1 AND conname = $2",
        vec![spi::Arg::Oid(segment), spi::Arg::Text(CONSTRAINT)],
        Under::Fresh,
    );
    if !there.is_empty() {
        let name = sql_name(segment);
        spi::execute(&format!(
            "ALTER TABLE {name} VALIDATE CONSTRAINT {CONSTRAINT}"
        ));
    }
}

/// Has BRIN indexes cover all pages that are full by now. With [`settings`] in force.
pub(super) fn summarize(segment: Oid) {
    spi::run(
        "SELECT brin_summarize_new_values(i.indexrelid) FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam \
         WHERE i.indrelid = $1 AND i.indisvalid AND m.amname = 'brin'",
        vec![spi::Arg::Oid(segment)],
        Under::Fresh,
    );
}
