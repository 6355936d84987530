//! States of aggregates that are values of SQL, changed where they lie.
//!
//! nodeAgg copies what a transition function returns unless it is the very state that
//! it passed: a state that has room to grow is seldom copied. Such a state needs no
//! serialize function, no memory context and nothing to drop.

use super::Datum;
use super::aggregate::OutsideAggregate;
use super::error::raise;
use pgrx::pg_sys;
use pgrx::varlena::{set_varsize_4b, varatt_is_4b_u};

const HEADER: usize = pg_sys::VARHDRSZ;

/// The state of the running call: a variable-length value, and room in it.
pub struct Flat(*mut pg_sys::varlena);

impl Flat {
    /// Argument 0 of the running call, if it is not NULL; a copy of it if it cannot be
    /// changed where it lies.
    ///
    /// # Safety
    /// `fcinfo` is the call of a support function of an aggregate, declared with a
    /// variable-length state.
    #[inline]
    pub unsafe fn state(fcinfo: pg_sys::FunctionCallInfo) -> Option<Self> {
        // SAFETY: as the caller promises. Only nodes of the server are put in `context`.
        unsafe {
            let state = (*fcinfo).args.as_slice(1)[0];
            let context = (*fcinfo).context;
            let runs_in_aggregate = !context.is_null()
                && matches!(
                    (*context).type_,
                    pg_sys::NodeTag::T_AggState | pg_sys::NodeTag::T_WindowAggState
                );
            if !runs_in_aggregate {
                raise(OutsideAggregate);
            }
            let pointer = state.value.cast_mut_ptr::<pg_sys::varlena>();
            (!state.isnull).then(|| {
                if varatt_is_4b_u(pointer) {
                    Self(pointer)
                } else {
                    // What was short or compressed comes out as a copy.
                    Self(pg_sys::pg_detoast_datum_copy(pointer))
                }
            })
        }
    }

    /// A new one with so much room, all zeros.
    pub fn new(room: usize) -> Self {
        // SAFETY: the memory is as long as the header says.
        unsafe {
            let pointer = pg_sys::palloc0(room + HEADER).cast::<pg_sys::varlena>();
            set_varsize_4b(pointer, (room + HEADER) as i32);
            Self(pointer)
        }
    }

    /// A new one with these bytes.
    pub fn holding(bytes: &[u8]) -> Self {
        let mut new = Self::new(bytes.len());
        new.room().copy_from_slice(bytes);
        new
    }

    /// Changes it by `change`, which returns the bytes that take the place of its own, if
    /// it cannot do with those.
    pub fn changed<E>(
        mut self,
        change: impl FnOnce(&mut [u8]) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Self, E> {
        let replaced = change(self.room())?;
        Ok(replaced.map_or(self, |bytes| Self::holding(&bytes)))
    }

    /// Its bytes, header excluded.
    pub fn room(&mut self) -> &mut [u8] {
        // SAFETY: uncompressed, with a header of four bytes; nobody else has it.
        unsafe {
            let length = pgrx::varsize_4b(self.0) - HEADER;
            std::slice::from_raw_parts_mut(self.0.cast::<u8>().add(HEADER), length)
        }
    }

    /// A copy with more room.
    pub fn with_room(mut self, room: usize) -> Self {
        let mut larger = Self::new(room);
        let bytes = self.room();
        larger.room()[..bytes.len()].copy_from_slice(bytes);
        larger
    }

    /// What the support function returns.
    pub fn datum(self) -> Datum {
        Datum::from(self.0)
    }
}
