//! What a user can do wrong, as data: SQLSTATE, message, detail, hint.
//! The extension turns it into an `ErrorReport` in one place.

use thiserror::Error;

/// An error that a user can cause and mend.
///
/// Message: lower case, no full stop, names in double quotes. Detail and hint:
/// whole sentences.
pub trait UserError: std::error::Error {
    /// The five characters that drivers and frameworks act on.
    fn sqlstate(&self) -> &'static str;
    /// The numbers: expected, actual, which aggregate.
    fn detail(&self) -> Option<String> {
        None
    }
    /// What to do about it.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Everything that event tables and projections refuse.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// The version given is not the one after the head.
    #[error("version conflict on aggregate \"{aggregate}\"")]
    VersionConflict {
        /// The aggregate appended to.
        aggregate: String,
        /// Its current version (0: it has no events).
        head: i64,
        /// The version that the producer gave.
        given: i64,
    },
    /// The aggregate is not at the version that the caller of `append` expects.
    #[error("version conflict on aggregate \"{aggregate}\"")]
    UnexpectedVersion {
        /// The aggregate appended to.
        aggregate: String,
        /// Its current version (0: it has no events).
        head: i64,
        /// The version expected.
        expected: i64,
    },
    /// A batch with an expected version holds old events and new ones.
    #[error("some of the events of aggregate \"{aggregate}\" have been appended before")]
    PartlyAppended {
        /// The aggregate appended to.
        aggregate: String,
        /// The id of one that is in the log, as text.
        known: String,
        /// Where it stands.
        position: i64,
        /// The id of one that is not, or not next to it.
        other: String,
    },
    /// The table asks for a version and the event has none.
    #[error("event of aggregate \"{aggregate}\" has no version")]
    VersionRequired {
        /// The aggregate appended to.
        aggregate: String,
    },
    /// An event id was seen before, with another content.
    #[error("event id {event_id} has been used for another event")]
    IdReused {
        /// The id, as text.
        event_id: String,
        /// Where the first event with this id stands in the log.
        position: i64,
    },
    /// The id was recorded by a transaction that the caller's snapshot does not see.
    #[error("could not serialize access due to concurrent append of event {event_id}")]
    ConcurrentAppend {
        /// The id, as text.
        event_id: String,
    },
    /// The projection was created after the caller's snapshot was taken.
    #[error("could not serialize access due to concurrent creation of projection \"{name}\"")]
    ConcurrentProjection {
        /// Its name.
        name: String,
    },
    /// UPDATE, DELETE or TRUNCATE on an event table.
    #[error("{operation} of event table \"{table}\" is not allowed")]
    AppendOnly {
        /// `UPDATE`, `DELETE` or `TRUNCATE`.
        operation: &'static str,
        /// The segment or table aimed at.
        table: String,
    },
    /// A row was sent to a segment that does not take appends.
    #[error("segment {given} of event table \"{table}\" does not take appends")]
    SegmentNotActive {
        /// The event table.
        table: String,
        /// The segment number of the row.
        given: i32,
        /// The number that takes appends.
        active: i32,
    },
    /// An event without what every event has.
    #[error("null value in column \"{column}\" of event table \"{table}\"")]
    NullColumn {
        /// The event table.
        table: String,
        /// The column.
        column: &'static str,
    },
    /// A foreign key to an event table or segment.
    #[error("foreign key \"{constraint}\" cannot reference event table \"{table}\"")]
    ForeignKey {
        /// The constraint.
        constraint: String,
        /// The event table.
        table: String,
    },
    /// A partition that the extension did not make.
    #[error("\"{partition}\" cannot be a partition of event table \"{table}\"")]
    ForeignPartition {
        /// The partition.
        partition: String,
        /// The event table.
        table: String,
    },
    /// A segment that somebody wants to take out of the log.
    #[error("segments of event table \"{table}\" cannot be {action}")]
    SegmentTaken {
        /// `detached` or `dropped`.
        action: &'static str,
        /// The event table.
        table: String,
    },
    /// A column that somebody wants to drop and the extension sets or reads.
    #[error("column \"{column}\" of event table \"{table}\" cannot be dropped")]
    ColumnTaken {
        /// The event table.
        table: String,
        /// The column.
        column: String,
    },
    /// A trigger that would run when the event is numbered and stamped.
    #[error("trigger \"{trigger}\" of event table \"{table}\" would run after \"~~append\"")]
    LateTrigger {
        /// The trigger.
        trigger: String,
        /// The event table.
        table: String,
    },
    /// A column that the extension reads or sets has been renamed or dropped.
    #[error("column \"{column}\" of event table \"{table}\" does not exist")]
    ColumnMissing {
        /// The event table.
        table: String,
        /// The column.
        column: &'static str,
    },
    /// A column that the extension reads or sets has got another type.
    #[error("column \"{column}\" of event table \"{table}\" is not of type {expected}")]
    ColumnType {
        /// The event table.
        table: String,
        /// The column.
        column: &'static str,
        /// The type it must have.
        expected: &'static str,
    },
    /// A NULL where there must be a value.
    #[error("argument \"{argument}\" must not be null")]
    NullArgument {
        /// Its name.
        argument: &'static str,
    },
    /// A NULL in an event where there must be a value.
    #[error("\"{key}\" of event {number} must not be null")]
    NullInEvent {
        /// The key.
        key: &'static str,
        /// The number of the event in its array, from 1.
        number: usize,
    },
    /// The relation is known to nobody: not created here, or restored in part.
    #[error("\"{name}\" is not an event table")]
    UnknownEventTable {
        /// What the caller named.
        name: String,
    },
    /// An index that the extension made is gone.
    #[error("\"{table}\" has no index on ({columns})")]
    MissingIndex {
        /// The segment, heads or ledger.
        table: String,
        /// The columns of the index.
        columns: String,
    },
    /// A log whose catalog entry is missing.
    #[error("event table of position sequence \"{sequence}\" is not registered")]
    UnregisteredLog {
        /// The sequence that the segment default names.
        sequence: String,
    },
    /// There is no projection of this name.
    #[error("projection \"{name}\" does not exist")]
    UnknownProjection {
        /// What the caller named.
        name: String,
    },
    /// Somebody else's.
    #[error("must be owner of {kind} {name}")]
    NotOwner {
        /// `event table` or `projection`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The caller may not read what the projection keeps.
    #[error("permission denied for the tail of projection state {state}")]
    TailDenied {
        /// The state relation.
        state: String,
    },
    /// An aggregate that the extension derived is gone.
    #[error("aggregate \"{name}\" does not exist")]
    MissingPartial {
        /// Its name.
        name: String,
        /// The aggregate whose states it returns.
        aggregate: String,
    },
    /// Something of this name is there already.
    #[error("relation \"{name}\" already exists")]
    AlreadyExists {
        /// Its name.
        name: String,
    },
    /// An argument out of its range.
    #[error("{message}")]
    BadArgument {
        /// What is wrong with it.
        message: String,
        /// What it may be.
        hint: &'static str,
    },
    /// A query that cannot be kept up to date.
    #[error("{construct} cannot be part of a projection")]
    Unsupported {
        /// The construct, as the user wrote it.
        construct: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A replaced projection whose readers would not find their columns.
    #[error("cannot replace projection \"{projection}\": column \"{column}\" {problem}")]
    IncompatibleColumns {
        /// The projection.
        projection: String,
        /// A column that it has.
        column: String,
        /// What would become of it.
        problem: String,
    },
    /// No background worker could be started.
    #[error("could not start a background worker")]
    NoWorker,
    /// The dump that the log came in has not been restored to its end.
    #[error("the restore of pg_analytics is not complete")]
    RestoreRunning,
    /// Triggers of the user's on the state of an inline projection, which would be lost.
    #[error("trigger \"{trigger}\" is on the state of inline projection \"{projection}\"")]
    StateTrigger {
        /// The trigger.
        trigger: String,
        /// The projection.
        projection: String,
    },
    /// Events that have been folded and are not committed.
    #[error("this transaction has appended to event table \"{table}\"")]
    OwnEvents {
        /// The event table.
        table: String,
    },
    /// A definition that fails on so many events that it must be wrong.
    #[error("more than {limit} events cannot be folded into projection \"{name}\"{example}")]
    TooManyDeadLetters {
        /// The projection.
        name: String,
        /// How many may be set aside.
        limit: usize,
        /// Nothing, or a colon and the error of one of them.
        example: String,
    },
    /// An event that no fold has set aside.
    #[error("event {event_id} is not among the dead letters of projection \"{name}\"")]
    NoDeadLetter {
        /// What the caller named.
        event_id: String,
        /// The projection.
        name: String,
    },
    /// A dead letter whose event has left the log.
    #[error("event {event_id} at position {position} is not in the log any more")]
    EventGone {
        /// Its id.
        event_id: String,
        /// Where it stood.
        position: i64,
    },
    /// A fold asked for in a transaction that keeps an old snapshot.
    #[error("cannot fold a projection in a transaction above READ COMMITTED")]
    FoldNeedsFreshSnapshot,
}

/// The value of an argument that must not be NULL.
///
/// # Errors
/// NULL.
pub fn required<T>(value: Option<T>, argument: &'static str) -> Result<T, Error> {
    value.ok_or(Error::NullArgument { argument })
}

impl UserError for Error {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::VersionConflict { .. }
            | Self::UnexpectedVersion { .. }
            | Self::ConcurrentAppend { .. }
            | Self::ConcurrentProjection { .. } => "40001",
            Self::NoWorker => "53000",
            Self::VersionRequired { .. } | Self::NullColumn { .. } => "23502",
            Self::ForeignKey { .. } => "42830",
            Self::LateTrigger { .. } => "42939",
            Self::IdReused { .. } | Self::PartlyAppended { .. } => "23505",
            Self::RestoreRunning
            | Self::AppendOnly { .. }
            | Self::ForeignPartition { .. }
            | Self::SegmentTaken { .. }
            | Self::ColumnTaken { .. }
            | Self::MissingIndex { .. }
            | Self::StateTrigger { .. }
            | Self::OwnEvents { .. }
            | Self::EventGone { .. }
            | Self::MissingPartial { .. }
            | Self::UnregisteredLog { .. } => "55000",
            Self::SegmentNotActive { .. } | Self::BadArgument { .. } => "22023",
            Self::UnknownEventTable { .. }
            | Self::UnknownProjection { .. }
            | Self::NoDeadLetter { .. } => "42704",
            Self::TooManyDeadLetters { .. } => "54000",
            Self::ColumnMissing { .. } => "42703",
            Self::ColumnType { .. } => "42804",
            Self::NullArgument { .. } | Self::NullInEvent { .. } => "22004",
            Self::NotOwner { .. } | Self::TailDenied { .. } => "42501",
            Self::AlreadyExists { .. } => "42710",
            Self::IncompatibleColumns { .. } => "42P16",
            Self::Unsupported { .. } => "0A000",
            Self::FoldNeedsFreshSnapshot => "25001",
        }
    }

    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::VersionConflict { head, given, .. } => format!(
                "The aggregate is at version {head}, so the next version is {}; version {given} was given.",
                head + 1
            ),
            Self::UnexpectedVersion { head, expected, .. } => {
                format!("The aggregate is at version {head}; version {expected} was expected.")
            }
            Self::PartlyAppended { known, other, .. } if known == other => {
                format!("Event {known} is there twice.")
            }
            Self::PartlyAppended {
                known,
                position,
                other,
                ..
            } => format!(
                "Event {known} is in the log at position {position}; event {other} is not, or not in its place after it."
            ),
            Self::IdReused { position, .. } => format!(
                "The event at position {position} has the same id, and a different type, aggregate or payload."
            ),
            Self::AppendOnly { .. } => "Events are only ever appended.".into(),
            Self::ForeignKey { .. } => {
                "It would keep old segments from leaving and new ones from coming.".into()
            }
            Self::LateTrigger { .. } => {
                "BEFORE triggers run in the order of their names, and \"~~append\" has to be the last: it numbers and stamps the event.".into()
            }
            Self::StateTrigger { .. } => "It would not run for what is folded otherwise than by those who append, and does not go over to a new state.".into(),
            Self::MissingPartial { aggregate, .. } => {
                format!("It returns the states of aggregate {aggregate} to the projection.")
            }
            Self::SegmentNotActive { active, .. } => format!("Appends go to segment {active}."),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::VersionConflict { .. } | Self::UnexpectedVersion { .. } => {
                    "Reload the aggregate and run the unit of work again."
                }
                Self::VersionRequired { .. } => {
                    "The table has versions => 'required': give every event the version after the aggregate's last one."
                }
                Self::PartlyAppended { .. } => {
                    "A retry must send the same events again, no more and no fewer; new events need new ids."
                }
                Self::NullInEvent { .. } => "Give a value.",
                Self::NullColumn { column: "event_id", .. } => "Give one, or leave the column out for a new one.",
                Self::NullColumn { .. } => "Give a value.",
                Self::ForeignKey { .. } => "Keep event_id without a foreign key: events are never deleted one by one.",
                Self::ForeignPartition { .. } => {
                    "The extension makes the segments. To bring events in, INSERT them into the event table."
                }
                Self::SegmentTaken { .. } => {
                    "Segments go with their event table: DROP TABLE drops all of it."
                }
                Self::ColumnTaken { .. } => {
                    "The extension sets or reads it. Of its columns metadata, context and schema_version may be dropped."
                }
                Self::LateTrigger { .. } => "Choose a name that sorts before it, or make it an AFTER trigger.",
                Self::IdReused { .. } => {
                    "A retry must repeat the event unchanged; a new event needs a new id."
                }
                Self::ConcurrentAppend { .. } | Self::ConcurrentProjection { .. } => "Run the transaction again.",
                Self::AppendOnly { .. } => {
                    "Append an event that corrects the earlier one."
                }
                Self::SegmentNotActive { .. } => {
                    "Leave the column \"segment\" out of the INSERT."
                }
                Self::ColumnType { .. } => {
                    "Give the column its type back: what the extension sets and reads keeps its type."
                }
                Self::NullArgument { argument: "versions" | "segment_interval" } => {
                    "Give a value, or leave the argument out."
                }
                Self::NullArgument { .. } => "Give a value.",
                Self::ColumnMissing { .. } => {
                    "Give the column its name back: what the extension sets and reads keeps its name."
                }
                Self::UnknownEventTable { .. } => {
                    "The view pganalytics.event_tables lists them; create_event_table() makes one."
                }
                Self::MissingIndex { .. } => {
                    "Create it again: the extension finds events and ids by it."
                }
                Self::MissingPartial { .. } => {
                    "Restore the aggregates of schema pganalytics_data together with the projection, or create it anew."
                }
                Self::UnregisteredLog { .. } => {
                    "The view pganalytics.event_tables shows the active segments. Restore the tables of schema pganalytics_data together with the event table."
                }
                Self::UnknownProjection { .. } => {
                    "The view pganalytics.projections lists them; create_projection() makes one."
                }
                Self::TailDenied { .. } => "Read the projection's view instead.",
                Self::AlreadyExists { .. } => "Choose another name or schema, or drop it first.",
                Self::RestoreRunning => {
                    "Wait for it to end, or run REFRESH MATERIALIZED VIEW pganalytics_data.incarnation_marker."
                }
                Self::IncompatibleColumns { .. } => {
                    "Keep the columns it has, in their order, and add new ones after them; or drop the projection and create it anew."
                }
                Self::StateTrigger { .. } => "Drop it with drop_projection_trigger() first, and create it again on the state that the view pganalytics.projections shows then.",
                Self::OwnEvents { .. } => "Commit first: what it has appended is folded with it.",
                Self::TooManyDeadLetters { .. } => {
                    "Give the projection a query that takes them, with replace_projection(), or mend the functions it calls; pganalytics.dead_letters_limit says how many may be set aside."
                }
                Self::NoDeadLetter { .. } => "The view pganalytics.dead_letters lists them.",
                Self::EventGone { .. } => "It cannot be folded any more: discard it with discard_dead_letters().",
                Self::NoWorker => "Consider increasing max_worker_processes.",
                Self::FoldNeedsFreshSnapshot => {
                    "Run it in a READ COMMITTED transaction. Reads are exact without it."
                }
                Self::BadArgument { hint, .. } | Self::Unsupported { hint, .. } => hint,
                Self::NotOwner { .. } => return None,
            }
            .into(),
        )
    }
}
