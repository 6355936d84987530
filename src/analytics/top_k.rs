//! The type `top_k_sketch` and its functions, declared in `sql/53_top_k.sql`. The
//! transitions of its aggregates, and `top_values`, are in [`crate::pg::sketch`].

use std::ffi::{CStr, CString};

use pganalytics_core::top_k;
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::error::{ErrorReport, report};
use crate::pg::message::received;
use crate::pg::sketch::verify_encoding;

/// Text input.
#[pg_extern(sql = false)]
fn top_k_sketch_in(input: &CStr) -> Result<Vec<u8>, ErrorReport> {
    top_k::bytes_of(input.to_bytes()).map_err(report)
}

/// Text output.
#[pg_extern(sql = false)]
fn top_k_sketch_out(sketch: &[u8]) -> Result<CString, ErrorReport> {
    let text = top_k::text_of(sketch).map_err(report)?;
    Ok(CString::new(text).unwrap_or_default())
}

/// Binary input.
#[pg_extern(sql = false)]
fn top_k_sketch_recv(message: Internal) -> Result<Vec<u8>, ErrorReport> {
    let sketch = top_k::checked(&received(message)).map_err(report)?;
    verify_encoding(&top_k::top(&sketch, usize::MAX).map_err(report)?);
    Ok(sketch)
}

/// `value_count(sketch)`.
#[pg_extern(sql = false)]
fn top_k_value_count(sketch: &[u8]) -> Result<i64, ErrorReport> {
    top_k::value_count(sketch).map_err(report)
}

/// `top_k_union(a, b)`.
#[pg_extern(sql = false)]
fn top_k_union(left: &[u8], right: &[u8]) -> Result<Vec<u8>, ErrorReport> {
    top_k::union(left, right).map_err(report)
}

/// The result of `top_k` and `rollup`: of no values, the empty sketch.
#[pg_extern(sql = false)]
fn top_k_final(state: Option<&[u8]>) -> Result<Vec<u8>, ErrorReport> {
    let sealed = state.map_or_else(|| Ok(top_k::empty()), top_k::sealed);
    sealed.map_err(report)
}
