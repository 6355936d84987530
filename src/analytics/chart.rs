//! Text charts, declared in `sql/71_charts.sql`.

use pganalytics_core::chart::{self, Ink};
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::aggregate::{AggregateCall, state};
use crate::pg::encoding::is_utf8;
use crate::pg::error::{ErrorReport, report};

fn ink() -> Ink {
    if is_utf8() { Ink::Blocks } else { Ink::Ascii }
}

/// `bar(value, max, width)`.
#[pg_extern(sql = false)]
fn bar(value: f64, max: f64, width: i32) -> Result<String, ErrorReport> {
    chart::bar(value, max, width, ink()).map_err(report)
}

/// What `sparkline` is to draw.
struct Line {
    values: Vec<Option<f64>>,
    low: Option<f64>,
    high: Option<f64>,
}

fn draw(
    mut current: Internal,
    value: Option<f64>,
    ends: (Option<f64>, Option<f64>),
    call: &AggregateCall,
) -> Result<Internal, ErrorReport> {
    if let Some(line) = state::<Line>(&mut current) {
        line.values.push(value);
        return Ok(current);
    }
    call.keep(Line {
        values: vec![value],
        low: ends.0,
        high: ends.1,
    })
}

/// The transition of `sparkline`.
#[pg_extern(sql = false)]
fn sparkline_transition(
    current: Internal,
    value: Option<f64>,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    draw(current, value, (None, None), &call)
}

/// The transition of `sparkline` with a scale: that of the first row.
#[pg_extern(sql = false)]
fn sparkline_scale_transition(
    current: Internal,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    draw(current, value, (low, high), &call)
}

/// The result of `sparkline`.
#[pg_extern(sql = false)]
fn sparkline_final(mut current: Internal) -> Result<Option<String>, ErrorReport> {
    let drawn = |line: &mut Line| chart::sparkline(&line.values, line.low, line.high, ink());
    state::<Line>(&mut current)
        .map(drawn)
        .transpose()
        .map_err(report)
}
