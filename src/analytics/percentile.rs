//! The type `percentile_sketch` and its functions, declared in `sql/52_quantiles.sql`. The
//! transitions of its aggregates are in [`crate::pg::sketch`].

use std::ffi::{CStr, CString};

use pganalytics_core::percentile;
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};
use crate::pg::message::received;

/// Text input.
#[pg_extern(sql = false)]
fn percentile_sketch_in(input: &CStr) -> Result<Vec<u8>, ErrorReport> {
    percentile::bytes_of(&input.to_string_lossy()).map_err(report)
}

/// Text output.
#[pg_extern(sql = false)]
fn percentile_sketch_out(sketch: &[u8]) -> Result<CString, ErrorReport> {
    let text = percentile::text_of(sketch).map_err(report)?;
    Ok(CString::new(text).unwrap_or_default())
}

/// Binary input.
#[pg_extern(sql = false)]
fn percentile_sketch_recv(message: Internal) -> Result<Vec<u8>, ErrorReport> {
    percentile::checked(&received(message)).map_err(report)
}

/// `approx_percentile(fraction, sketch)`.
#[pg_extern(sql = false)]
fn approx_percentile(fraction: f64, sketch: &[u8]) -> Result<Option<f64>, ErrorReport> {
    percentile::percentile(sketch, fraction).map_err(report)
}

/// `approx_percentile(fractions, sketch)`.
#[pg_extern(sql = false)]
fn approx_percentiles(
    fractions: Vec<Option<f64>>,
    sketch: &[u8],
) -> Result<Vec<Option<f64>>, ErrorReport> {
    percentile::percentiles(sketch, &fractions).map_err(report)
}

/// `value_count(sketch)`.
#[pg_extern(sql = false)]
fn percentile_value_count(sketch: &[u8]) -> Result<i64, ErrorReport> {
    percentile::value_count(sketch).map_err(report)
}

/// `relative_error(sketch)`.
#[pg_extern(sql = false)]
fn percentile_relative_error(sketch: &[u8]) -> Result<f64, ErrorReport> {
    percentile::relative_error(sketch).map_err(report)
}

/// `percentile_sketch_union(a, b)`.
#[pg_extern(sql = false)]
fn percentile_sketch_union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    percentile::union(left, right).map_err(report)
}

/// The result of `percentile_sketch` and `rollup`: of no values, the empty sketch.
#[pg_extern(sql = false)]
fn percentile_final(state: Option<&[u8]>) -> Result<Vec<u8>, ErrorReport> {
    let sealed = state.map_or_else(|| Ok(percentile::empty()), percentile::sealed);
    sealed.map_err(report)
}
