//! Series, declared in `sql/70_series.sql`. The transitions of the aggregates whose state is
//! four numbers are in [`crate::pg::series`].

use std::cmp::Ordering;

use pganalytics_core::series::{
    self, AnomalyScore, BITS, Decayed, Ends, Score, SeriesError, ZScore, smooth,
};
use pganalytics_core::timeline::Timeline;
use pgrx::datum::Internal;
use pgrx::prelude::*;

use crate::pg::aggregate::{AggregateCall, state};
use crate::pg::error::{ErrorReport, report};

/// Four numbers, as they are kept.
fn four<T>(kept: Array<T>, of: &'static str) -> Result<[T; 4], ErrorReport>
where
    for<'a> T: pgrx::datum::UnboxDatum<As<'a> = T> + FromDatum + IntoDatum + 'static,
{
    let numbers: Option<Vec<T>> = kept.iter().collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| report(SeriesError::State(of)))
}

fn ends(kept: Array<i64>) -> Result<Ends<series::Float>, ErrorReport> {
    four(kept, "delta").map(Ends::from_words)
}

/// The result of `delta`.
#[pg_extern(sql = false)]
fn delta_final(kept: Option<Array<i64>>) -> Result<Option<f64>, ErrorReport> {
    let difference = |kept| series::difference(&ends(kept)?).map_err(report);
    kept.map(difference).transpose()
}

/// The result of `rate`.
#[pg_extern(sql = false)]
fn rate_final(kept: Option<Array<i64>>) -> Result<Option<f64>, ErrorReport> {
    let Some(kept) = kept else { return Ok(None) };
    series::per_second(&ends(kept)?).map_err(report)
}

fn counted(kept: &[u8]) -> Result<Option<Ends<series::Float>>, ErrorReport> {
    let timeline = Timeline::read(kept).map_err(report)?;
    if timeline.conditions() != BITS {
        return Err(report(SeriesError::State("counter_delta")));
    }
    Ok(series::counted(&timeline))
}

/// The result of `counter_delta`.
#[pg_extern(sql = false)]
fn counter_delta_final(kept: Option<&[u8]>) -> Result<Option<f64>, ErrorReport> {
    let Some(kept) = kept else { return Ok(None) };
    let difference = |ends| series::difference(&ends).map_err(report);
    counted(kept)?.map(difference).transpose()
}

/// The result of `counter_rate`.
#[pg_extern(sql = false)]
fn counter_rate_final(kept: Option<&[u8]>) -> Result<Option<f64>, ErrorReport> {
    let Some(kept) = kept else { return Ok(None) };
    match counted(kept)? {
        Some(ends) => series::per_second(&ends).map_err(report),
        None => Ok(None),
    }
}

/// A numeric whose order tells apart 1.0 and 1.00: so the order of rows does not show.
#[derive(Clone)]
struct Number(AnyNumeric);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let digits = |number: &Self| number.0.to_string().len();
        self.0
            .cmp(&other.0)
            .then_with(|| digits(self).cmp(&digits(other)))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The state of `delta` for numeric: the times are numbers, too.
fn numeric_ends(kept: Array<AnyNumeric>) -> Result<Ends<Number>, ErrorReport> {
    let [begin, first, end, last] = four(kept, "delta")?;
    let time = |at: AnyNumeric| i64::try_from(at).map_err(|_| report(SeriesError::State("delta")));
    Ok(Ends {
        first: (time(begin)?, Number(first)),
        last: (time(end)?, Number(last)),
    })
}

fn merged(
    kept: Option<Array<AnyNumeric>>,
    other: Option<Ends<Number>>,
) -> Result<Option<Vec<AnyNumeric>>, ErrorReport> {
    let ends = match (kept.map(numeric_ends).transpose()?, other) {
        (Some(mut ends), Some(other)) => {
            ends.merge(other);
            Some(ends)
        }
        (ends, other) => ends.or(other),
    };
    let numbers = |Ends { first, last }: Ends<Number>| {
        vec![first.0.into(), first.1.0, last.0.into(), last.1.0]
    };
    Ok(ends.map(numbers))
}

/// The transition of `delta` and `rate`, for numeric.
#[pg_extern(sql = false)]
fn numeric_delta_transition(
    kept: Option<Array<AnyNumeric>>,
    value: Option<AnyNumeric>,
    ts: Option<i64>,
) -> Result<Option<Vec<AnyNumeric>>, ErrorReport> {
    let reading = value.zip(ts);
    merged(kept, reading.map(|(value, ts)| Ends::at(ts, Number(value))))
}

/// Merges states of `delta` and `rate`, for numeric.
#[pg_extern(sql = false)]
fn numeric_delta_combine(
    kept: Option<Array<AnyNumeric>>,
    other: Option<Array<AnyNumeric>>,
) -> Result<Option<Vec<AnyNumeric>>, ErrorReport> {
    let other = other.map(numeric_ends).transpose()?;
    merged(kept, other)
}

/// The result of `delta`, for numeric.
#[pg_extern(sql = false)]
fn numeric_delta_final(kept: Option<Array<AnyNumeric>>) -> Result<Option<AnyNumeric>, ErrorReport> {
    let ends = kept.map(numeric_ends).transpose()?;
    Ok(ends.map(|Ends { first, last }| last.1.0 - first.1.0))
}

/// The result of `rate`, for numeric.
#[pg_extern(sql = false)]
fn numeric_rate_final(kept: Option<Array<AnyNumeric>>) -> Result<Option<AnyNumeric>, ErrorReport> {
    let Some(ends) = kept.map(numeric_ends).transpose()? else {
        return Ok(None);
    };
    let micros = series::micros(&ends).map(AnyNumeric::from);
    // Multiplied first: the quotient has as many digits as its value asks for.
    let difference = ends.last.1.0 - ends.first.1.0;
    Ok(micros.map(|micros| difference * AnyNumeric::from(1_000_000) / micros))
}

/// The transition of `ewma` with an alpha: the state is the average.
#[pg_extern(sql = false)]
fn ewma_transition(
    average: Option<f64>,
    value: Option<f64>,
    alpha: Option<f64>,
) -> Result<Option<f64>, ErrorReport> {
    let alpha = alpha.ok_or_else(|| report(SeriesError::Null("alpha")))?;
    match value {
        Some(value) => smooth(average, value, alpha).map(Some).map_err(report),
        None => Ok(average),
    }
}

/// The result of `ewma` with a half-life.
#[pg_extern(sql = false)]
fn decay_final(kept: Option<Array<i64>>) -> Result<Option<f64>, ErrorReport> {
    let Some(kept) = kept else { return Ok(None) };
    let decayed = Decayed::from_words(four(kept, "ewma")?);
    let decayed = decayed.ok_or_else(|| report(SeriesError::State("ewma")))?;
    Ok(Some(decayed.mean()))
}

fn push<T: Score>(
    mut current: Internal,
    value: Option<f64>,
    call: &AggregateCall,
) -> Result<Internal, ErrorReport> {
    if let Some(frame) = state::<T>(&mut current) {
        frame.push(value);
        return Ok(current);
    }
    let mut frame = T::default();
    frame.push(value);
    call.keep(frame)
}

fn pop<T: Score>(mut current: Internal, value: Option<f64>) -> Internal {
    if let Some(frame) = state::<T>(&mut current) {
        frame.pop(value);
    }
    current
}

fn score<T: Score>(mut current: Internal) -> Result<Option<f64>, ErrorReport> {
    match state::<T>(&mut current) {
        Some(frame) => frame.score().map_err(report),
        None => Ok(None),
    }
}

/// The transition of `z_score`.
#[pg_extern(sql = false)]
fn z_score_transition(
    current: Internal,
    value: Option<f64>,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    push::<ZScore>(current, value, &call)
}

/// Its inverse, for frames that move.
#[pg_extern(sql = false)]
fn z_score_inverse(current: Internal, value: Option<f64>) -> Internal {
    pop::<ZScore>(current, value)
}

/// The result of `z_score`.
#[pg_extern(sql = false)]
fn z_score_final(current: Internal) -> Result<Option<f64>, ErrorReport> {
    score::<ZScore>(current)
}

/// The transition of `anomaly_score`.
#[pg_extern(sql = false)]
fn anomaly_score_transition(
    current: Internal,
    value: Option<f64>,
    call: AggregateCall,
) -> Result<Internal, ErrorReport> {
    push::<AnomalyScore>(current, value, &call)
}

/// Its inverse, for frames that move.
#[pg_extern(sql = false)]
fn anomaly_score_inverse(current: Internal, value: Option<f64>) -> Internal {
    pop::<AnomalyScore>(current, value)
}

/// The result of `anomaly_score`.
#[pg_extern(sql = false)]
fn anomaly_score_final(current: Internal) -> Result<Option<f64>, ErrorReport> {
    score::<AnomalyScore>(current)
}
