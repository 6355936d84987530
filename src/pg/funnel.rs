//! The transitions of `window_funnel`.

use super::Datum;
use super::argument::width;
use super::entry::entry;
use super::error::{ErrorReport, report};
use super::timeline::advance;
use super::trigger::Bytes;
use pganalytics_core::error::required;
use pganalytics_core::funnel::{FunnelError, Question};
use pgrx::pg_sys;
use pgrx::prelude::*;

/// Adds a row to the state. `ask` reads the arguments between state and time.
///
/// # Safety
/// As for [`advance`].
unsafe fn add<const COUNT: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
    ask: fn(&[Option<Datum>]) -> Result<Question, ErrorReport>,
) -> Datum {
    let begin = |given: &[Option<Datum>]| Ok(ask(given)?.to_bytes().to_vec());
    let go_on = |given: &[Option<Datum>], begun: &[u8]| {
        let is_same = ask(given)?.to_bytes() == *begun;
        is_same
            .then_some(())
            .ok_or_else(|| report(FunnelError::Varies))
    };
    let keeps_others = |question: &[u8]| {
        Question::from_bytes(question).is_ok_and(|asked| asked.modes.reads_others())
    };
    // SAFETY: as the caller promises.
    unsafe { advance::<COUNT>(fcinfo, begin, go_on, keeps_others) }
}

/// The window and the modes of the arguments.
fn question(window: Option<Datum>, mode: &str) -> Result<Question, ErrorReport> {
    let window = required(window, "window").map_err(report)?;
    // SAFETY: the argument is declared as an interval.
    let width = unsafe { width(window) };
    Question::new(width, mode).map_err(report)
}

entry!(
    pg_finfo_window_funnel_transition,
    window_funnel_transition,
    "The transition of `window_funnel` without a mode.",
    // SAFETY: declared with a timeline, an interval, a timestamptz and a boolean[].
    |fcinfo| unsafe { add::<4>(fcinfo, |given| question(given[0], "")) }
);

entry!(
    pg_finfo_window_funnel_mode_transition,
    window_funnel_mode_transition,
    "The transition of `window_funnel` with a mode.",
    // SAFETY: declared with a timeline, an interval, a text, a timestamptz and a boolean[].
    |fcinfo| unsafe {
        add::<5>(fcinfo, |given| {
            let mode = Bytes::of(required(given[1], "mode").map_err(report)?);
            question(given[0], &mode.to_text())
        })
    }
);
