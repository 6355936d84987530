//! Combining states, as nodeAgg does for the states of parallel workers.

use super::call::Function;
use super::format::{Format, format};
use super::memory::Passing;
use super::types;
use crate::catalog::state_key;
use crate::pg::security::{current_user, require_execute, require_execute_of};
use crate::pg::trigger::{Bytes, text};
use crate::pg::{Datum, Oid};
use pganalytics_core::state::{Key, StateError, open, seal};
use pgrx::pg_sys;
use std::cell::OnceCell;
use std::ffi::{c_int, c_void};
use std::rc::Rc;

unsafe extern "C-unwind" {
    fn build_aggregate_transfn_expr(
        arguments: *mut Oid,
        count: c_int,
        direct: c_int,
        variadic: bool,
        state: Oid,
        collation: Oid,
        function: Oid,
        inverse: Oid,
        expression: *mut *mut pg_sys::Expr,
        inverse_expression: *mut c_void,
    );
}

/// What writes internal states down and reads them again.
pub struct Serial {
    /// Read when the first state is.
    key: OnceCell<Key>,
    identity: String,
    aggregate: String,
    write: Function,
    read: Function,
}

impl Serial {
    /// # Safety
    /// `memory` outlives it.
    pub unsafe fn new(format: &Format, memory: pg_sys::MemoryContext) -> Result<Self, StateError> {
        let (write, read) = format.serial.ok_or_else(|| StateError::Unmergeable {
            aggregate: format.aggregate.clone(),
        })?;
        // SAFETY: as the caller promises.
        let function = |function, arguments| unsafe {
            require_function(function, format.owner);
            Function::new(function, arguments, std::ptr::null_mut(), memory)
        };
        Ok(Self {
            key: OnceCell::new(),
            identity: format.identity.clone(),
            aggregate: format.aggregate.clone(),
            write: function(write, 1),
            read: function(read, 2),
        })
    }

    /// Reads a state into the current memory context, with the types that it is of.
    ///
    /// # Safety
    /// `bytes` is a bytea; `around` is an aggregate's executor state.
    unsafe fn read(
        &self,
        around: pg_sys::fmNodePtr,
        bytes: Datum,
    ) -> Result<(Vec<u8>, Option<Datum>), StateError> {
        // What was moved out or compressed must be whole: some functions read it as it is.
        let bytes = Bytes::of(bytes);
        let opened = open(self.key()?, self.identity.as_bytes(), bytes.as_slice())
            .ok_or_else(|| self.foreign())?;
        let payload = Some(text(opened.payload));
        let nothing = Some(Datum::from(0));
        // SAFETY: the seal proves that the bytes are what the serialize function wrote.
        let state = unsafe { self.read.call(around, Oid::INVALID, &[payload, nothing]) };
        Ok((opened.types.to_vec(), state))
    }

    fn key(&self) -> Result<&Key, StateError> {
        if self.key.get().is_none() {
            let _ = self.key.set(state_key::key()?);
        }
        self.key.get().ok_or(StateError::NoKey)
    }

    fn foreign(&self) -> StateError {
        StateError::Foreign {
            aggregate: self.aggregate.clone(),
        }
    }

    /// Writes a state down.
    ///
    /// # Safety
    /// `state` is one of the aggregate's; `around` is an aggregate's executor state.
    pub unsafe fn write(
        &self,
        around: pg_sys::fmNodePtr,
        types: &[u8],
        state: Option<Datum>,
    ) -> Result<Option<Vec<u8>>, StateError> {
        // SAFETY: as the caller promises.
        let Some(bytes) = (unsafe { self.write.call(around, Oid::INVALID, &[state]) }) else {
            return Ok(None);
        };
        // A serialize function returns a bytea.
        let (bytes, identity) = (Bytes::of(bytes), self.identity.as_bytes());
        Ok(Some(seal(self.key()?, identity, types, bytes.as_slice())))
    }
}

/// As nodeAgg: an aggregate's owner must be allowed to execute its support functions.
pub fn require_function(function: Oid, role: Oid) {
    require_execute_of(function, role, pg_sys::ObjectType::OBJECT_FUNCTION);
}

/// What two states of an aggregate are combined with.
pub struct Combining {
    /// `None`: the states are values of SQL.
    pub serial: Option<Serial>,
    pub passing: Passing,
    pub function: Function,
}

impl Combining {
    /// For states that SQL has as values of type `given`.
    ///
    /// The states that the caller hands over are of their making unless they are sealed:
    /// a function that gets others must be the caller's to execute.
    ///
    /// # Safety
    /// `memory` is the current context and outlives it.
    pub unsafe fn new(
        aggregate: Oid,
        given: Oid,
        collation: Oid,
        memory: pg_sys::MemoryContext,
    ) -> Result<Self, StateError> {
        let format: Rc<Format> = format(aggregate)?;
        require_execute(aggregate, current_user());
        let state = types::state_type(&format, given)?;
        let combine = format.combine.ok_or_else(|| StateError::Unmergeable {
            aggregate: format.aggregate.clone(),
        })?;
        // SAFETY: as the caller promises; the expression is made in `memory`.
        unsafe {
            let serial = if format.is_internal() {
                Some(Serial::new(&format, memory)?)
            } else {
                None
            };
            let role = if format.is_internal() {
                format.owner
            } else {
                current_user()
            };
            require_function(combine, role);
            let mut expression = std::ptr::null_mut();
            let mut input = state;
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                build_aggregate_transfn_expr(
                    &raw mut input,
                    1,
                    0,
                    false,
                    state,
                    collation,
                    combine,
                    Oid::INVALID,
                    &raw mut expression,
                    std::ptr::null_mut(),
                );
            });
            Ok(Self {
                serial,
                passing: Passing::of(state),
                function: Function::new(combine, 2, expression, memory),
            })
        }
    }

    /// Combines an internal state, as SQL has it, into another, which is of `types` once
    /// it is of any. Beginning with none, as with the states of workers: so a function
    /// gets as its first argument nothing but what it has made itself.
    ///
    /// # Safety
    /// `state` is a bytea; `around` is an aggregate's executor state.
    pub unsafe fn add(
        &self,
        serial: &Serial,
        around: pg_sys::fmNodePtr,
        collation: Oid,
        (merged, types): (Option<Datum>, &mut Option<Vec<u8>>),
        state: Option<Datum>,
    ) -> Result<Option<Datum>, StateError> {
        // SAFETY: what is read is a state of the aggregate.
        unsafe {
            let state = match state {
                None if serial.read.is_strict() => return Ok(merged),
                None => None,
                Some(bytes) => {
                    let (of, state) = serial.read(around, bytes)?;
                    if *types.get_or_insert_with(|| of.clone()) != of {
                        return Err(serial.foreign());
                    }
                    state
                }
            };
            Ok(self.function.call(around, collation, &[merged, state]))
        }
    }
}
