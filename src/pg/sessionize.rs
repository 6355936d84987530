//! The window function `sessionize`.

use super::Datum;
use super::entry::entry;
use super::error::{OrRaise, raise};
use pganalytics_core::error::UserError;
use pganalytics_core::session::{GapError, Numbering, gap};
use pganalytics_core::window::Width;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{c_int, c_void};
use thiserror::Error;

type WindowObject = *mut pg_sys::WindowObjectData;

unsafe extern "C-unwind" {
    fn WinGetPartitionLocalMemory(window: WindowObject, size: usize) -> *mut c_void;
    fn WinGetCurrentPosition(window: WindowObject) -> i64;
    fn WinSetMarkPosition(window: WindowObject, position: i64);
    fn WinGetFuncArgCurrent(window: WindowObject, place: c_int, is_null: *mut bool) -> Datum;
}

/// Called as the function of an operator or the like.
#[derive(Debug, Error)]
#[error("window function sessionize called without a window")]
struct OutsideWindow;

impl UserError for OutsideWindow {
    fn sqlstate(&self) -> &'static str {
        "55000"
    }
}

entry!(
    pg_finfo_sessionize,
    sessionize,
    "The number of the session that the current row of a partition belongs to.",
    |fcinfo| {
        // SAFETY: a window function gets its window as the context of the call, with memory
        // that is zeroed for each partition: a `Numbering` of no events. Its arguments
        // are a timestamp and an interval. An error raised in them passes over nothing that
        // would have to be dropped.
        unsafe {
            let window = (*fcinfo).context;
            if window.is_null() || (*window).type_ != pg_sys::NodeTag::T_WindowObjectData {
                raise(OutsideWindow);
            }
            let window = window.cast::<pg_sys::WindowObjectData>();
            // Rows before this one need not be kept.
            WinSetMarkPosition(window, WinGetCurrentPosition(window));
            let mut is_null = false;
            let ts = WinGetFuncArgCurrent(window, 0, &mut is_null);
            if !is_null {
                let gap = WinGetFuncArgCurrent(window, 1, &mut is_null);
                if !is_null {
                    let numbering = WinGetPartitionLocalMemory(window, size_of::<Numbering>())
                        .cast::<Numbering>();
                    let number = (*numbering).next(ts.value() as i64, micros(gap));
                    return Datum::from(number.or_raise());
                }
            }
            (*fcinfo).isnull = true;
            Datum::from(0)
        }
    }
);

/// The gap in microseconds.
///
/// # Safety
/// `interval` is of that type.
unsafe fn micros(interval: Datum) -> i64 {
    // SAFETY: as the caller promises; an interval is passed by reference.
    let interval = unsafe { &*interval.cast_mut_ptr::<pg_sys::Interval>() };
    let width = Width {
        months: interval.month,
        days: interval.day,
        micros: interval.time,
    };
    gap(width).ok_or(GapError).or_raise()
}
