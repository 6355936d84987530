//! The aggregates `first` and `last`: of the rows of a group, the one that comes first
//! or last by a value of any type with an order. They keep it as PostgreSQL values in
//! the aggregate's memory, so that a row that does not win costs one comparison.

use super::entry::entry;
use super::tree::less_than;
use super::{Datum, Oid};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cmp::Ordering;
use std::mem::size_of;

unsafe extern "C-unwind" {
    fn datumCopy(value: Datum, by_value: bool, length: i32) -> Datum;
}

/// How values of a type are kept.
#[derive(Clone, Copy)]
struct Kept {
    length: i16,
    by_value: bool,
}

impl Kept {
    /// # Safety
    /// Inside a transaction; an unknown type is a PostgreSQL error.
    unsafe fn of(of_type: Oid) -> Self {
        let (mut length, mut by_value) = (0, false);
        // SAFETY: as the caller promises.
        unsafe { pg_sys::get_typlenbyval(of_type, &mut length, &mut by_value) };
        Self { length, by_value }
    }

    /// A copy in a memory context.
    ///
    /// # Safety
    /// `value` is of the type, `context` alive.
    unsafe fn copy(self, value: Datum, context: pg_sys::MemoryContext) -> Datum {
        if self.by_value {
            return value;
        }
        // SAFETY: as the caller promises; nothing that needs dropping is skipped if
        // the server raises an error.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(context);
            let copy = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                datumCopy(value, false, i32::from(self.length))
            });
            pg_sys::MemoryContextSwitchTo(before);
            copy
        }
    }

    /// # Safety
    /// `value` is a copy, and used no more.
    unsafe fn free(self, value: Datum) {
        if !self.by_value {
            // SAFETY: as the caller promises.
            unsafe { pg_sys::pfree(value.cast_mut_ptr()) };
        }
    }
}

/// What a call looks up once per query.
struct Types {
    value: Kept,
    by: Kept,
    /// `by` is kept as a number of 64 bits and ordered as such.
    number: bool,
    order: pg_sys::SortSupportData,
}

impl Types {
    /// # Safety
    /// `fcinfo` is the running call of a transition function.
    unsafe fn of(fcinfo: pg_sys::FunctionCallInfo) -> *mut Self {
        // SAFETY: `fn_extra` is this function's own and lives as long as `fn_mcxt`.
        unsafe {
            let info = (*fcinfo).flinfo;
            if (*info).fn_extra.is_null() {
                let by = pg_sys::get_fn_expr_argtype(info, 2);
                let types = pg_sys::MemoryContextAllocZero((*info).fn_mcxt, size_of::<Self>())
                    .cast::<Self>();
                (*types).value = Kept::of(pg_sys::get_fn_expr_argtype(info, 1));
                (*types).by = Kept::of(by);
                (*types).number = [
                    pg_sys::INT8OID,
                    pg_sys::TIMESTAMPOID,
                    pg_sys::TIMESTAMPTZOID,
                ]
                .contains(&by);
                (*types).order.ssup_cxt = (*info).fn_mcxt;
                (*types).order.ssup_collation = (*fcinfo).fncollation;
                pg_sys::PrepareSortSupportFromOrderingOp(less_than(by), &mut (*types).order);
                (*info).fn_extra = types.cast();
            }
            (*info).fn_extra.cast()
        }
    }

    /// # Safety
    /// `self` is from `of`, `left` and `right` are values of the type of `by`.
    unsafe fn compare(&mut self, left: Datum, right: Datum) -> Ordering {
        if self.number {
            return (left.value() as i64).cmp(&(right.value() as i64));
        }
        let Some(comparator) = self.order.comparator else {
            return Ordering::Equal;
        };
        // SAFETY: the comparator that the server prepared for the type.
        unsafe {
            pg_sys::ffi::pg_guard_ffi_boundary(|| comparator(left, right, &mut self.order)).cmp(&0)
        }
    }
}

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
    unsafe fn set(&mut self, value: Option<Datum>, by: Datum, position: Option<i64>) {
        // SAFETY: as the caller promises.
        unsafe {
            let types = &*self.types;
            // Compared with every row to come: not to be fetched again each time.
            let by = if types.by.length == -1 {
                Datum::from(pg_sys::pg_detoast_datum_packed(by.cast_mut_ptr()))
            } else {
                by
            };
            self.value = value.map(|value| types.value.copy(value, self.context));
            self.by = types.by.copy(by, self.context);
            self.position = position;
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
        let (value, position) = match args.get(3) {
            Some(_) => (
                given(1),
                Position::Known(given(3).map(|p| p.value() as i64)),
            ),
            None => (given(1), Position::Unknown),
        };
        let number = match position {
            Position::Known(number) => number,
            Position::Unknown => None,
        };
        match (leader, given(2)) {
            (Some(leader), Some(by)) => {
                let leader = &mut *leader;
                if leader.loses_to(by, position, wins) {
                    let (old_value, old_by) = (leader.value, leader.by);
                    leader.set(value, by, number);
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
                (*new).set(value, by, number);
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
    part: fn(&Winner) -> Option<(Datum, Kept)>,
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
        const NUMBER: Kept = Kept {
            length: 8,
            by_value: true,
        };
        let position = |winner: &Winner| {
            winner
                .position
                .map(|position| (Datum::from(position), NUMBER))
        };
        // SAFETY: see above.
        unsafe { finish(fcinfo, position) }
    }
);
