//! The settings of the worker.

use pganalytics_core::worker::FoldPolicy;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CStr;
use std::time::Duration;

static WORKER: GucSetting<bool> = GucSetting::<bool>::new(true);
static FOLD_TAIL: GucSetting<i32> = GucSetting::<i32>::new(1_000);
static FOLD_DELAY: GucSetting<i32> = GucSetting::<i32>::new(60_000);
static FOLD_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(300_000);
static NAPTIME: GucSetting<i32> = GucSetting::<i32>::new(1_000);
static BATCH_EVENTS: GucSetting<i32> = GucSetting::<i32>::new(200_000);
static FOLD_WORKERS: GucSetting<i32> = GucSetting::<i32>::new(0);
static BACKLOG_RATE: GucSetting<i32> = GucSetting::<i32>::new(0);

const LONGEST_NAP: i32 = 3_600_000;

/// Defines them.
pub fn define() {
    GucRegistry::define_bool_guc(
        c"pganalytics.worker",
        c"Folds projections and maintains event tables in the background.",
        c"Without it reads of projections take longer the more events are not folded, and segments do not roll.",
        &WORKER,
        GucContext::Sighup,
        GucFlags::default(),
    );
    let integer = |name: &'static CStr, short, long, setting, (least, most), flags| {
        GucRegistry::define_int_guc(
            name,
            short,
            long,
            setting,
            least,
            most,
            GucContext::Sighup,
            flags,
        );
    };
    integer(
        c"pganalytics.fold_tail",
        c"Number of events after which the worker folds a projection.",
        c"",
        &FOLD_TAIL,
        (1, i32::MAX),
        GucFlags::default(),
    );
    integer(
        c"pganalytics.fold_delay",
        c"Time since the last fold after which the worker folds also fewer events.",
        c"While an old snapshot keeps vacuum from cleaning up, it waits ten times as long.",
        &FOLD_DELAY,
        (0, i32::MAX),
        GucFlags::UNIT_MS,
    );
    integer(
        c"pganalytics.fold_timeout",
        c"Time after which the worker gives up folding a projection, or a batch of its backlog.",
        c"Its query takes too long, or waits for somebody; it is tried again less and less often. 0 waits for ever.",
        &FOLD_TIMEOUT,
        (0, i32::MAX),
        GucFlags::UNIT_MS,
    );
    integer(
        c"pganalytics.worker_naptime",
        c"Time the worker sleeps between two looks at event tables and projections.",
        c"",
        &NAPTIME,
        (10, LONGEST_NAP),
        GucFlags::UNIT_MS,
    );
    integer(
        c"pganalytics.batch_events",
        c"Number of events that are folded in one transaction.",
        c"A longer backlog is folded in batches of up to so many, each of about a second.",
        &BATCH_EVENTS,
        (1, i32::MAX),
        GucFlags::default(),
    );
    integer(
        c"pganalytics.fold_workers",
        c"Number of processes that fold in a database, each another projection.",
        c"More than one only while several projections have a backlog. 0 is half of the cores, and at least one.",
        &FOLD_WORKERS,
        (0, 64),
        GucFlags::default(),
    );
    integer(
        c"pganalytics.backlog_rate",
        c"Number of events a second that the worker folds of a backlog, of each projection.",
        c"0 folds as fast as it goes.",
        &BACKLOG_RATE,
        (0, i32::MAX),
        GucFlags::default(),
    );
    crate::pg::settings::reserve_prefix();
}

fn milliseconds(setting: &GucSetting<i32>) -> Duration {
    Duration::from_millis(u64::try_from(setting.get()).unwrap_or(0))
}

/// Whether to fold and maintain in the background.
pub fn is_on() -> bool {
    WORKER.get()
}

/// The length of a tail that is folded at once.
pub fn fold_tail() -> i64 {
    FOLD_TAIL.get().into()
}

/// How long a fold may take; zero: as long as it does.
pub fn fold_timeout() -> Duration {
    milliseconds(&FOLD_TIMEOUT)
}

/// The time between two looks.
pub fn naptime() -> Duration {
    milliseconds(&NAPTIME)
}

/// The most events that a transaction folds, unless somebody asks for all.
pub fn batch_events() -> i64 {
    BATCH_EVENTS.get().into()
}

/// How many may help the worker: none where it is to hold back. Writers need cores, too.
pub fn helpers() -> u32 {
    let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2);
    let all = match usize::try_from(FOLD_WORKERS.get()) {
        Ok(0) => cores().clamp(1, 64),
        Ok(all) => all,
        Err(_) => 1,
    };
    if backlog_rate() > 0 {
        0
    } else {
        all as u32 - 1
    }
}

/// How many events of a backlog are folded a second; 0: as many as can be.
pub fn backlog_rate() -> i64 {
    BACKLOG_RATE.get().into()
}

/// When a fold is due.
pub fn fold_policy() -> FoldPolicy {
    FoldPolicy {
        delay: milliseconds(&FOLD_DELAY),
        naptime: naptime(),
    }
}
