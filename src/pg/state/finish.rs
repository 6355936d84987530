//! `finish_state`: the result of an aggregate that has this state.

use super::argument_type;
use super::call::{Around, Function};
use super::combine::{Combining, require_function};
use super::format::{Format, format};
use super::memory::{Passing, Within, kept};
use super::required;
use super::types::{self, require, types_of_result, types_of_state};
use crate::pg::encoding::c_string;
use crate::pg::entry::{arguments, entry};
use crate::pg::error::OrRaise;
use crate::pg::security::{current_user, require_execute};
use crate::pg::{Datum, Oid};
use pganalytics_core::state::StateError;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_int;
use std::rc::Rc;

unsafe extern "C-unwind" {
    fn build_aggregate_finalfn_expr(
        arguments: *mut Oid,
        count: c_int,
        state: Oid,
        result: Oid,
        collation: Oid,
        function: Oid,
        expression: *mut *mut pg_sys::Expr,
    );
}

/// What one call of `finish_state` keeps.
struct Finishing {
    format: Rc<Format>,
    /// For internal states.
    combining: Option<Combining>,
    /// The type of the states and of the result.
    state: Oid,
    result: Oid,
    /// The state of no input.
    initial: Option<Datum>,
    /// The final function, and the types of arguments that it was made for.
    function: Option<(Vec<u8>, Function)>,
    around: Around,
    memory: pg_sys::MemoryContext,
}

entry!(
    pg_finfo_finish_state,
    finish_state,
    "The result of an aggregate with this state.",
    |fcinfo| {
        // SAFETY: arguments of any type, of type regprocedure and of type anyelement.
        unsafe {
            let [state, aggregate, _] = arguments(fcinfo);
            let aggregate = required(aggregate);
            let collation = (*fcinfo).fncollation;
            let finishing = kept(fcinfo, aggregate, |memory| {
                let types = [argument_type(fcinfo, 0), argument_type(fcinfo, 2)];
                Finishing::new(aggregate, types, collation, memory)
            })
            .or_raise();
            let result = finishing.finish(state, collation).or_raise();
            finishing.around.reset();
            (*fcinfo).isnull = result.is_none();
            result.unwrap_or(Datum::from(0))
        }
    }
);

impl Finishing {
    /// # Safety
    /// `memory` is the current context and outlives it.
    unsafe fn new(
        aggregate: Oid,
        [given, result]: [Oid; 2],
        collation: Oid,
        memory: pg_sys::MemoryContext,
    ) -> Result<Self, StateError> {
        let format = format(aggregate)?;
        require_execute(aggregate, current_user());
        let state = types::state_type(&format, given)?;
        if let Some(function) = format.finish {
            let internal = format.is_internal();
            require_function(
                function,
                if internal {
                    format.owner
                } else {
                    current_user()
                },
            );
        }
        // SAFETY: as the caller promises.
        unsafe {
            let combining = if format.is_internal() {
                Some(Combining::new(aggregate, given, collation, memory)?)
            } else {
                None
            };
            let initial = format.initial.as_ref().map(|text| input(state, text));
            Ok(Self {
                combining,
                state,
                result,
                initial,
                function: None,
                around: Around::new(memory),
                memory,
                format,
            })
        }
    }

    /// The result, in the current memory context.
    ///
    /// # Safety
    /// `state` is of the type that it was made for.
    unsafe fn finish(
        &mut self,
        state: Option<Datum>,
        collation: Oid,
    ) -> Result<Option<Datum>, StateError> {
        // SAFETY: as the caller promises; what is made on the way is gone with the
        // contexts, the result is copied.
        unsafe {
            let caller = pg_sys::CurrentMemoryContext;
            let _scratch = Within::new(self.around.scratch());
            let around = self.around.node();
            let (state, types) = match &self.combining {
                Some(combining) => {
                    let mut types = None;
                    let state = match &combining.serial {
                        Some(serial) => {
                            let so_far = (None, &mut types);
                            combining.add(serial, around, collation, so_far, state)?
                        }
                        None => None,
                    };
                    (state, types)
                }
                None => {
                    let passing = Passing::of(self.state);
                    let state = state.or(self.initial);
                    let copy = state.map(|state| passing.copy(state, self.around.states()));
                    (copy, None)
                }
            };
            self.prepare(types, collation)?;
            let result = match &self.function {
                Some((_, function)) => function.call(around, collation, &[state]),
                None => state,
            };
            let passing = Passing::of(self.result);
            Ok(result.map(|result| passing.copy(result, caller)))
        }
    }

    /// Makes the final function ready for a state of these types (`None`: any), and
    /// sees that it returns what the caller takes the result for.
    unsafe fn prepare(&mut self, types: Option<Vec<u8>>, collation: Oid) -> Result<(), StateError> {
        if let Some((known, _)) = &self.function
            && types.as_ref().is_none_or(|types| types == known)
        {
            return Ok(());
        }
        let format = &self.format;
        let mut arguments = match &types {
            Some(types) => types_of_state(format, types)?,
            None if format.polymorphic && format.finish_takes_arguments => {
                types_of_result(format, self.state, self.result)?
            }
            None => format.arguments.clone(),
        };
        let result = match &types {
            Some(_) => types::resolve(&arguments, &format.arguments, format.result),
            None => types::resolve(
                &[self.state, self.result],
                &[format.state, format.result],
                format.result,
            ),
        };
        require("result", self.result, result)?;
        let Some(finish) = format.finish else {
            return require("result", self.result, self.state);
        };
        let count = if format.finish_takes_arguments {
            arguments.len() + 1
        } else {
            1
        };
        // SAFETY: the expression is made in the memory that the function lives in.
        let function = unsafe {
            let _memory = Within::new(self.memory);
            let mut expression = std::ptr::null_mut();
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                build_aggregate_finalfn_expr(
                    arguments.as_mut_ptr(),
                    count as c_int,
                    self.state,
                    self.result,
                    collation,
                    finish,
                    &raw mut expression,
                );
            });
            Function::new(finish, count, expression, self.memory)
        };
        self.function = Some((types.unwrap_or_default(), function));
        Ok(())
    }
}

/// A value of a type from its text.
fn input(of: Oid, text: &str) -> Datum {
    let text = c_string(text);
    let (mut function, mut parameter) = (Oid::INVALID, Oid::INVALID);
    // SAFETY: reads the catalog; the text ends in NUL.
    unsafe {
        pg_sys::getTypeInputInfo(of, &mut function, &mut parameter);
        pg_sys::OidInputFunctionCall(function, text.as_ptr().cast_mut(), parameter, -1)
    }
}
