//! The type `hyperloglog` and its functions, declared in `sql/50_sketches.sql`. The
//! transitions of its aggregates are in [`crate::pg::sketch`].

use std::ffi::{CStr, CString};

use pganalytics_core::hyperloglog;
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};
use crate::pg::message::received;

/// Text input.
#[pg_extern(sql = false)]
fn hyperloglog_in(input: &CStr) -> Result<Vec<u8>, ErrorReport> {
    hyperloglog::bytes_of(&input.to_string_lossy()).map_err(report)
}

/// Text output.
#[pg_extern(sql = false)]
fn hyperloglog_out(sketch: &[u8]) -> Result<CString, ErrorReport> {
    let text = hyperloglog::text_of(sketch).map_err(report)?;
    Ok(CString::new(text).unwrap_or_default())
}

/// Binary input.
#[pg_extern(sql = false)]
fn hyperloglog_recv(message: Internal) -> Result<Vec<u8>, ErrorReport> {
    hyperloglog::checked(&received(message)).map_err(report)
}

/// `cardinality(sketch)`.
#[pg_extern(sql = false)]
fn hyperloglog_cardinality(sketch: &[u8]) -> Result<i64, ErrorReport> {
    hyperloglog::cardinality(sketch).map_err(report)
}

/// `hyperloglog_union(a, b)`.
#[pg_extern(sql = false)]
fn hyperloglog_union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    hyperloglog::union(left, right).map_err(report)
}

/// The result of `hll` and `rollup`: of no values, the empty sketch.
#[pg_extern(sql = false)]
fn hll_final(state: Option<&[u8]>) -> Result<Vec<u8>, ErrorReport> {
    let sealed = state.map_or_else(|| Ok(hyperloglog::empty()), hyperloglog::sealed);
    sealed.map_err(report)
}

/// The result of `approx_count_distinct`.
#[pg_extern(sql = false)]
fn hll_final_cardinality(state: Option<&[u8]>) -> Result<i64, ErrorReport> {
    state
        .map_or(Ok(0), hyperloglog::cardinality)
        .map_err(report)
}
