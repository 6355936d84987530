//! Dead letters: events on which the definition fails are set aside by the fold that
//! meets them, and the rest is folded.
//!
//! Set aside, they are covered like any other event, so no tail sees them again; they
//! are folded when somebody retries them, after mending what they failed on.

use super::culprits::{Culprit, Search};
use super::fold::{merge, stand};
use super::source::Source;
use crate::catalog::generations::Wait;
use crate::catalog::letters::{Letter, NewLetter};
use crate::catalog::projections::Projection;
use crate::pg::encoding::Text;
use crate::pg::error::{OrRaise, tell, warn};
use crate::pg::security::{current_user, role_name};
use crate::pg::snapshot::Snapshot;
use crate::pg::transaction::{Failure, attempt};
use pganalytics_core::coverage::{Coverage, Events};
use pganalytics_core::error::{Error, required};
use pganalytics_core::fault;
use pganalytics_core::projection::Portion;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;
use std::collections::{BTreeSet, HashSet};

static LIMIT: GucSetting<i32> = GucSetting::<i32>::new(1_000);

/// Defines the setting.
pub fn define_settings() {
    GucRegistry::define_int_guc(
        c"pganalytics.dead_letters_limit",
        c"Number of events that a projection sets aside because its query fails on them.",
        c"One that fails on more is taken for wrong: it stops until it is mended.",
        &LIMIT,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::default(),
    );
}

/// Merges these events into the state, except those on which the definition fails:
/// they are set aside. Returns how many were merged.
pub(super) fn merge_or_set_aside(
    projection: &Projection,
    source: &Source,
    snapshot: &Snapshot,
) -> Result<i64, Error> {
    let mut source = source.clone();
    let mut aside = 0;
    // Among what can be digested there may be keys that are too large.
    loop {
        match attempt(|| merge(projection, &source, snapshot)) {
            Ok(merged) => return merged,
            Err(failure) => {
                let culprits = set_aside(projection, &source, snapshot, failure, aside)?;
                aside += culprits.len();
                source = source.narrowed(without(&culprits));
            }
        }
    }
}

/// Sets aside the events that a failure is the fault of, after so many others.
fn set_aside(
    projection: &Projection,
    source: &Source,
    snapshot: &Snapshot,
    failure: Failure,
    others: usize,
) -> Result<Vec<Culprit>, Error> {
    let search = Search::of_fold(projection, source, snapshot)?;
    let culprits = find(projection, &search, failure, true, others)?;
    for culprit in &culprits {
        let Some(event) = search.describe(culprit) else {
            continue;
        };
        projection.set_aside(&NewLetter {
            event_id: &event.event_id,
            position: culprit.position,
            segment: culprit.segment,
            event_type: &event.event_type,
            aggregate_id: &event.aggregate_id,
            occurred_at: &event.occurred_at,
            sqlstate: &culprit.failure.sqlstate(),
            error: &culprit.failure.message,
        });
    }
    warn(
        format!(
            "set aside {} that projection \"{}\" cannot fold",
            fault::events(culprits.len()),
            projection.name
        ),
        None,
        "The view pganalytics.dead_letters says why. Retry them with retry_dead_letters() once that is mended.",
    );
    Ok(culprits)
}

/// The culprits, unless with those that are set aside, and so many others, they are too
/// many. `telling` says whether the error may hold values of events.
pub(super) fn find(
    projection: &Projection,
    search: &Search,
    failure: Failure,
    telling: bool,
    others: usize,
) -> Result<Vec<Culprit>, Error> {
    let letters = projection.dead_letters();
    let pending = letters.iter().filter(|letter| letter.is_pending).count();
    let mut known: HashSet<i64> = letters.iter().map(|letter| letter.position).collect();
    known.extend(projection.discarded_positions());
    let limit = usize::try_from(LIMIT.get()).unwrap_or(0);
    let mut all = pending + others;
    search.run(failure, |culprit| {
        if !known.contains(&culprit.position) {
            all += 1;
        }
        if all <= limit || known.contains(&culprit.position) {
            return Ok(());
        }
        let example = &culprit.failure.message;
        Err(Error::TooManyDeadLetters {
            name: projection.name.clone(),
            limit,
            example: if telling {
                format!(": {example}")
            } else {
                String::new()
            },
        })
    })
}

/// All events but these.
pub(super) fn without(culprits: &[Culprit]) -> Portion {
    Portion::Without(culprits.iter().map(|culprit| culprit.position).collect())
}

/// Events as a caller names them; `None`: all that are pending.
type Ids = Option<Vec<Option<pgrx::Uuid>>>;

/// The dead letters with these ids, or all that are pending.
fn chosen(projection: &Projection, ids: Ids) -> Result<Vec<Letter>, Error> {
    let mut letters = projection.dead_letters();
    let Some(ids) = ids else {
        letters.retain(|letter| letter.is_pending);
        return Ok(letters);
    };
    let ids: HashSet<_> = ids.iter().flatten().map(ToString::to_string).collect();
    letters.retain(|letter| ids.contains(&letter.event_id));
    let found: HashSet<_> = letters.iter().map(|letter| &letter.event_id).collect();
    match ids.iter().find(|id| !found.contains(id)) {
        None => Ok(letters),
        Some(missing) => Err(Error::NoDeadLetter {
            event_id: missing.clone(),
            name: projection.name.clone(),
        }),
    }
}

fn retry(name: &str, ids: Ids) -> Result<i64, Error> {
    // Another generation may take its place meanwhile.
    let (projection, footing) = loop {
        let projection = Projection::owned(name)?;
        if let Some(footing) = stand(&projection, Wait::Yes)? {
            break (projection, footing);
        }
    };
    let letters = chosen(&projection, ids)?;
    if letters.is_empty() {
        return Ok(0);
    }
    let segments: BTreeSet<_> = letters.iter().map(|letter| letter.segment).collect();
    let segments: Vec<_> = segments.into_iter().collect();
    let positions = letters.iter().map(|letter| letter.position).collect();
    let nothing = Coverage::nothing();
    let source = Source::of(&segments, Events::Tail(&nothing)).narrowed(Portion::At(positions));
    let present = Search::among(&projection, &source)?.present();
    if let Some(gone) = letters.iter().find(|l| !present.contains(&l.position)) {
        return Err(Error::EventGone {
            event_id: gone.event_id.clone(),
            position: gone.position,
        });
    }
    let mut rest = source;
    let mut culprits = vec![];
    let events = loop {
        match attempt(|| merge(&projection, &rest, &footing.snapshot)) {
            Ok(events) => break events?,
            Err(failure) => {
                let search = Search::of_fold(&projection, &rest, &footing.snapshot)?;
                let found = find(&projection, &search, failure, true, 0)?;
                drop(search);
                rest = rest.narrowed(without(&found));
                culprits.extend(found);
            }
        }
    };
    drop(footing.snapshot);
    for culprit in &culprits {
        let error = &culprit.failure.message;
        projection.note_failed_again(culprit.position, &culprit.failure.sqlstate(), error);
    }
    let failed: HashSet<_> = culprits.iter().map(|culprit| culprit.position).collect();
    let mut folded = 0;
    for letter in letters.iter().filter(|l| !failed.contains(&l.position)) {
        projection.forget_letter(letter.position);
        folded += 1;
    }
    // Also by this do transactions that fold an inline one, each alone and under an older
    // snapshot, find that it has been folded.
    if folded > 0 {
        projection.move_to(&footing.from, events);
    }
    if !failed.is_empty() {
        tell(
            format!(
                "projection \"{}\" still cannot fold {}",
                projection.name,
                fault::events(failed.len())
            ),
            "The view pganalytics.dead_letters says why.",
        );
    }
    Ok(folded)
}

#[pg_extern(sql = false)]
fn retry_dead_letters(name: Option<Text>, event_ids: Ids) -> i64 {
    required(name.as_deref(), "name")
        .and_then(|name| retry(name, event_ids))
        .or_raise()
}

fn discard(name: &str, reason: &str, ids: Ids) -> Result<i64, Error> {
    if reason.trim().is_empty() {
        return Err(Error::BadArgument {
            message: "a reason must not be empty".into(),
            hint: "Say why the events need not be folded: it stays as a record.",
        });
    }
    let projection = Projection::locked(name)?;
    // Nobody folds them meanwhile, or sets them aside in what is to be read next.
    projection.lock_folds();
    let _snapshot = Snapshot::take();
    let by = role_name(current_user());
    let mut discarded = 0;
    for letter in chosen(&projection, ids)? {
        discarded += i64::from(projection.discard(&letter, &by, reason));
    }
    Ok(discarded)
}

#[pg_extern(sql = false)]
fn discard_dead_letters(name: Option<Text>, reason: Option<Text>, event_ids: Ids) -> i64 {
    required(name.as_deref(), "name")
        .and_then(|name| discard(name, required(reason.as_deref(), "reason")?, event_ids))
        .or_raise()
}
