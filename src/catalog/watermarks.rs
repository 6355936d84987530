//! Watermarks: the event time before which no more events are expected, and how far
//! the log has been read to find it.

use crate::pg::Oid;
use crate::pg::security::Platform;
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::checkpoint::Checkpoint;
use pganalytics_core::coverage::Coverage;
use pgrx::datum::TimestampWithTimeZone;

/// How far the log has been read, and the watermark as it stood.
pub struct Watermark {
    pub coverage: Coverage,
    /// As text; `None`: there was none yet.
    pub stood_at: Option<String>,
}

/// What an advance has read of the tail.
pub struct Advance {
    pub events: i64,
    pub late_events: i64,
    /// As text; `None`: no event.
    pub latest: Option<String>,
}

fn watermark(row: &Row) -> Watermark {
    let checkpoint: Result<Checkpoint, _> = row.known(0).parse();
    Watermark {
        coverage: checkpoint.unwrap_or_else(|e| pgrx::error!("{e}")).into(),
        stood_at: row.text(1).map(Into::into),
    }
}

const SELECT: &str = "SELECT w.checkpoint, w.watermark FROM pganalytics_data.watermark w \
     JOIN pganalytics_data.event_table t ON t.id = w.event_table \
     WHERE w.event_table = $1 AND t.allowed_lateness IS NOT NULL";

/// That of an event table, unless it is to have none.
pub fn of(event_table: i32) -> Option<Watermark> {
    let _platform = Platform::act();
    let rows = spi::run_kept(SELECT, vec![Arg::Int(event_table)], Under::Active);
    rows.first().map(watermark)
}

/// The same; nobody else advances it until the transaction ends.
pub fn lock(event_table: i32) -> Option<Watermark> {
    let _platform = Platform::act();
    let sql = format!("{SELECT} FOR UPDATE OF w");
    let rows = spi::run(&sql, vec![Arg::Int(event_table)], Under::Fresh);
    rows.first().map(watermark)
}

/// Enters that of a new event table, of which nothing has been read.
pub fn register(event_table: i32) {
    spi::run(
        "INSERT INTO pganalytics_data.watermark (event_table, checkpoint) VALUES ($1, $2::pg_snapshot)",
        vec![
            Arg::Int(event_table),
            Arg::Text(&Checkpoint::nothing().to_string()),
        ],
        Under::Fresh,
    );
}

/// The watermark of what has been read and the lateness allowed now. A month counts
/// 30 days. It never falls.
const RISEN: &str = "greatest(w.watermark, pganalytics.shift_time(greatest(w.latest_event, $2::timestamptz), \
     -least(extract(epoch FROM t.allowed_lateness) * 1000000, 9e18)::bigint))";

/// Raises the watermark after an advance that has read up to `checkpoint`.
pub fn advance(event_table: i32, checkpoint: &Checkpoint, read: &Advance) {
    let _platform = Platform::act();
    spi::run(
        &format!(
            "UPDATE pganalytics_data.watermark w SET watermark = {RISEN}, \
                 latest_event = greatest(w.latest_event, $2::timestamptz), \
                 checkpoint = $3::pg_snapshot, events = events + $4, late_events = late_events + $5, \
                 advanced_at = clock_timestamp() \
             FROM pganalytics_data.event_table t WHERE w.event_table = $1 AND t.id = w.event_table"
        ),
        vec![
            Arg::Int(event_table),
            Arg::OptionalText(read.latest.as_deref()),
            Arg::Text(&checkpoint.to_string()),
            Arg::Big(read.events),
            Arg::Big(read.late_events),
        ],
        Under::Fresh,
    );
}

/// Raises it to where a smaller lateness puts it.
pub fn raise(event_table: i32) {
    let _platform = Platform::act();
    spi::run(
        &format!(
            "UPDATE pganalytics_data.watermark w SET watermark = {RISEN} \
             FROM pganalytics_data.event_table t WHERE w.event_table = $1 AND t.id = w.event_table \
               AND t.allowed_lateness IS NOT NULL"
        ),
        vec![Arg::Int(event_table), Arg::OptionalText(None)],
        Under::Fresh,
    );
}

/// Where the watermark of an event table stands, as the active snapshot sees it.
pub fn stands_at(event_table: Oid) -> Option<TimestampWithTimeZone> {
    let _platform = Platform::act();
    let rows = spi::read_kept(
        "SELECT w.watermark FROM pganalytics_data.watermark w \
         JOIN pganalytics_data.event_table t ON t.id = w.event_table \
         WHERE t.relation = $1 AND t.allowed_lateness IS NOT NULL",
        vec![Arg::Oid(event_table)],
        Under::Active,
        |row| row.timestamptz(0),
    );
    rows.into_iter().next().flatten()
}
