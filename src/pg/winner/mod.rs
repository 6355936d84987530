//! The aggregates `first` and `last`: of the rows of a group, the one that comes first
//! or last by a value of any type with an order. They keep it as PostgreSQL values in
//! the aggregate's memory, so that a row that does not win costs one comparison.

mod types;

use super::Datum;
use super::entry::entry;
use super::state::memory::Passing;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cmp::Ordering;
use std::mem::size_of;
use types::Types;

/// The row that leads. It lies in the aggregate's memory and owns nothing else.
struct Winner {
    context: pg_sys::MemoryContext,
    types: *mut Types,
    value: Option<Datum>,
    by: Datum,
    position: Option<i64>,
}

impl Winner {
    /// # Safety
    /// The arguments are of the types; the memory of the last row is no longer used.
    unsafe fn set(&mut self, value: Option<Datum>, by: Datum, position: Position) {
        // SAFETY: as the caller promises.
        unsafe {
            let types = &*self.types;
            self.value = value.map(|value| types.value.copy(value, self.context));
            // Compared with every row to come: not to be fetched again each time.
            self.by = types.by.copy(types.by.fetch(by), self.context);
            self.position = position.number();
        }
    }

    /// Whether a row beats the one that leads, in the order that `wins` says: the
    /// ordering of the winner to the loser.
    ///
    /// # Safety
    /// As for `set`.
    unsafe fn loses_to(&self, by: Datum, position: Position, wins: Ordering) -> bool {
        // SAFETY: as the caller promises.
        match unsafe { (*self.types).compare(by, self.by) } {
            Ordering::Equal => match (position, self.position) {
                (Position::Unknown, _) => wins == Ordering::Greater,
                (Position::Known(Some(new)), Some(old)) => new.cmp(&old) == wins,
                (Position::Known(new), old) => new.is_some() && old.is_none(),
            },
            order => order == wins,
        }
    }
}

/// The place of a row among those with the same `by`.
#[derive(Clone, Copy)]
enum Position {
    /// As given; rows with NULL come after all others.
    Known(Option<i64>),
    /// That in which the rows come.
    Unknown,
}

impl Position {
    fn number(self) -> Option<i64> {
        match self {
            Self::Known(number) => number,
            Self::Unknown => None,
        }
    }
}

/// # Safety
/// `fcinfo` is the running call of a transition function: a state, `value`, `by` and
/// perhaps `position`.
unsafe fn advance(fcinfo: pg_sys::FunctionCallInfo, wins: Ordering) -> Datum {
    // SAFETY: as the caller promises; the states are made here and nowhere else.
    unsafe {
        let count = (*fcinfo).nargs as usize;
        let args = (*fcinfo).args.as_slice(count);
        let given = |place: usize| (!args[place].isnull).then_some(args[place].value);
        let leader = given(0).map(|state| state.cast_mut_ptr::<Winner>());
        let value = given(1);
        let position = match args.get(3) {
            Some(_) => Position::Known(given(3).map(|number| number.value() as i64)),
            None => Position::Unknown,
        };
        match (leader, given(2)) {
            (Some(leader), Some(by)) => {
                let leader = &mut *leader;
                if leader.loses_to(by, position, wins) {
                    let (old_value, old_by) = (leader.value, leader.by);
                    leader.set(value, by, position);
                    let types = &*leader.types;
                    types.by.free(old_by);
                    if let Some(old) = old_value {
                        types.value.free(old);
                    }
                }
            }
            (None, Some(by)) => {
                let mut context = std::ptr::null_mut();
                if pg_sys::AggCheckCallContext(fcinfo, &mut context) == 0 {
                    super::error::raise(super::aggregate::OutsideAggregate);
                }
                let types = Types::of(fcinfo);
                let new =
                    pg_sys::MemoryContextAllocZero(context, size_of::<Winner>()).cast::<Winner>();
                (*new).context = context;
                (*new).types = types;
                (*new).set(value, by, position);
                return Datum::from(new);
            }
            (_, None) => {}
        }
        match leader {
            Some(leader) => Datum::from(leader),
            None => null(fcinfo),
        }
    }
}

/// # Safety
/// `fcinfo` is the running call.
unsafe fn null(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as the caller promises.
    unsafe { (*fcinfo).isnull = true };
    Datum::from(0)
}

/// What a final function returns of the winner, in the caller's memory.
///
/// # Safety
/// `fcinfo` is the running call of a final function, whose first argument is a state.
unsafe fn finish(
    fcinfo: pg_sys::FunctionCallInfo,
    part: fn(&Winner) -> Option<(Datum, Passing)>,
) -> Datum {
    // SAFETY: as the caller promises; the types live as long as the query.
    unsafe {
        let state = (*fcinfo).args.as_slice(1)[0];
        let found = (!state.isnull).then(|| &*state.value.cast_mut_ptr::<Winner>());
        match found.and_then(part) {
            Some((value, kept)) => kept.copy(value, pg_sys::CurrentMemoryContext),
            None => null(fcinfo),
        }
    }
}

entry!(
    pg_finfo_first_transition,
    first_transition,
    "The transition of `first`.",
    // SAFETY: declared with these arguments; `internal` keeps SQL from calling it.
    |fcinfo| unsafe { advance(fcinfo, Ordering::Less) }
);

entry!(
    pg_finfo_last_transition,
    last_transition,
    "The transition of `last`.",
    // SAFETY: see above.
    |fcinfo| unsafe { advance(fcinfo, Ordering::Greater) }
);

entry!(
    pg_finfo_winner_value,
    winner_value,
    "The value of the row that won.",
    |fcinfo| {
        // SAFETY: see above; the types were looked up for this state.
        let value =
            |winner: &Winner| unsafe { winner.value.map(|value| (value, (*winner.types).value)) };
        // SAFETY: see above.
        unsafe { finish(fcinfo, value) }
    }
);

entry!(
    pg_finfo_winner_by,
    winner_by,
    "What the row that won was ordered by.",
    // SAFETY: see above.
    |fcinfo| unsafe { finish(fcinfo, |winner| Some((winner.by, (*winner.types).by))) }
);

entry!(
    pg_finfo_winner_position,
    winner_position,
    "The position of the row that won.",
    |fcinfo| {
        let position = |winner: &Winner| {
            winner
                .position
                .map(|position| (Datum::from(position), Passing::NUMBER))
        };
        // SAFETY: see above.
        unsafe { finish(fcinfo, position) }
    }
);
