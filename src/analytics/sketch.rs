//! The type `hyperloglog`, its functions and aggregates, declared in
//! `sql/50_sketches.sql`. A value of the type is the binary form of a sketch; the state
//! of an aggregate is a [`Sketch`] in the aggregate's memory.

use std::ffi::{CStr, CString};

use pganalytics_core::hyperloglog::{DEFAULT_PRECISION, Sketch, SketchError};
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::aggregate::{AggregateCall, hand_over, state};
use crate::pg::error::{ErrorReport, report};
use crate::pg::message::received;

/// Text input.
#[pg_extern(sql = false)]
fn hyperloglog_in(input: &CStr) -> Result<Vec<u8>, ErrorReport> {
    let text = input.to_str().map_err(|_| report(SketchError::Syntax))?;
    Sketch::bytes_of(text).map_err(report)
}

/// Text output.
#[pg_extern(sql = false)]
fn hyperloglog_out(sketch: &[u8]) -> CString {
    CString::new(Sketch::text_of(sketch)).unwrap_or_default()
}

/// Binary input.
#[pg_extern(sql = false)]
fn hyperloglog_recv(message: Internal) -> Result<Vec<u8>, ErrorReport> {
    let bytes = received(message);
    Sketch::checked(&bytes).map_err(report)?;
    Ok(bytes)
}

/// `cardinality(sketch)`.
#[pg_extern(sql = false)]
fn hyperloglog_cardinality(sketch: &[u8]) -> Result<i64, ErrorReport> {
    Ok(Sketch::from_bytes(sketch).map_err(report)?.cardinality())
}

/// `hyperloglog_union(a, b)`.
#[pg_extern(sql = false)]
fn hyperloglog_union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    let union = || {
        let mut sketch = Sketch::from_bytes(left)?;
        sketch.merge(&Sketch::from_bytes(right)?)?;
        sketch.to_bytes()
    };
    union().map_err(report)
}

/// The transition of `hll` and `approx_count_distinct`.
#[pg_extern(sql = false)]
fn hll_transition(mut current: Internal, call: AggregateCall) -> Result<Internal, ErrorReport> {
    let Some(hash) = call.hash_argument(1) else {
        return Ok(current);
    };
    if let Some(sketch) = state::<Sketch>(&mut current) {
        sketch.add(hash);
        return Ok(current);
    }
    let mut sketch = Sketch::new(DEFAULT_PRECISION).map_err(report)?;
    sketch.add(hash);
    call.keep(sketch)
}

/// The transition of `rollup`.
#[pg_extern(sql = false)]
fn rollup_transition(
    mut current: Internal,
    next: Option<&[u8]>,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    let Some(next) = next else {
        return Ok(current);
    };
    let next = Sketch::from_bytes(next).map_err(report)?;
    match state::<Sketch>(&mut current) {
        Some(sketch) => sketch.merge(&next).map_err(report)?,
        None => return call.keep(next),
    }
    Ok(current)
}

/// Merges the state of one worker into that of another.
#[pg_extern(sql = false)]
fn sketch_combine(
    mut current: Internal,
    mut other: Internal,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    match (state::<Sketch>(&mut current), state::<Sketch>(&mut other)) {
        (_, None) => {}
        (None, Some(other)) => return call.keep(other.clone()),
        (Some(sketch), Some(other)) => sketch.merge(other).map_err(report)?,
    }
    Ok(current)
}

/// Sends a state to another process.
#[pg_extern(sql = false)]
fn sketch_serialize(mut current: Internal) -> Result<Vec<u8>, ErrorReport> {
    bytes_of(&mut current)
}

/// Receives a state from another process.
#[pg_extern(sql = false)]
fn sketch_deserialize(bytes: &[u8], _unused: Internal) -> Result<Internal, ErrorReport> {
    Ok(hand_over(Sketch::from_bytes(bytes).map_err(report)?))
}

/// The result of `hll` and `rollup`: of no values, the empty sketch.
#[pg_extern(sql = false)]
fn sketch_final(mut current: Internal) -> Result<Vec<u8>, ErrorReport> {
    bytes_of(&mut current)
}

/// The result of `approx_count_distinct`.
#[pg_extern(sql = false)]
fn sketch_final_cardinality(mut current: Internal) -> i64 {
    state::<Sketch>(&mut current).map_or(0, Sketch::cardinality)
}

fn bytes_of(current: &mut Internal) -> Result<Vec<u8>, ErrorReport> {
    match state::<Sketch>(current) {
        Some(sketch) => sketch.to_bytes(),
        None => Sketch::new(DEFAULT_PRECISION).and_then(|mut empty| empty.to_bytes()),
    }
    .map_err(report)
}
