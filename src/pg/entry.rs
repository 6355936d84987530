//! The C functions that pgrx's attributes do not fit: a trigger that may return
//! nothing, a default that is evaluated per row, a set of an unnamed row type.

use super::ddl::Event;
use super::error::OrRaise;
use super::trigger::{Bytes, Call};
use super::{Datum, Oid};
use pganalytics_core::append::Outcome;
use pganalytics_core::error::Error;
use pgrx::pg_sys;
use pgrx::prelude::*;

macro_rules! entry {
    ($finfo:ident, $name:ident, $doc:literal, $body:expr) => {
        /// Tells PostgreSQL the calling convention.
        #[unsafe(no_mangle)]
        pub extern "C" fn $finfo() -> &'static pg_sys::Pg_finfo_record {
            const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        #[doc = $doc]
        #[pg_guard]
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
            let body: fn(pg_sys::FunctionCallInfo) -> Datum = $body;
            body(fcinfo)
        }
    };
}
pub(super) use entry;

entry!(
    pg_finfo_on_event,
    on_event,
    "The trigger of every segment.",
    |fcinfo| {
        // SAFETY: this is the running call. A null result, with isnull left false,
        // tells the executor to skip the row.
        let call = unsafe { Call::before(fcinfo) };
        crate::log::on_event(&call).unwrap_or(Datum::from(0))
    }
);

entry!(
    pg_finfo_on_appended,
    on_appended,
    "The trigger of segments that inline projections are folded by.",
    |fcinfo| {
        // SAFETY: this is the running call.
        let call = unsafe { Call::after_insert(fcinfo) };
        crate::log::on_appended(&call).or_raise();
        Datum::from(0)
    }
);

entry!(pg_finfo_on_ddl, on_ddl, "The event triggers.", |fcinfo| {
    // SAFETY: this is the running call.
    let event = unsafe { Event::new(fcinfo) };
    crate::log::on_ddl(event).or_raise();
    Datum::from(0)
});

entry!(
    pg_finfo_active_segment,
    active_segment,
    "The default of the partition key.",
    |fcinfo| {
        // SAFETY: STRICT, with one argument of type regclass.
        let sequence = unsafe { (*fcinfo).args.as_slice(1)[0].value };
        Datum::from(crate::log::active_segment(oid(sequence)))
    }
);

entry!(
    pg_finfo_read_tail,
    read_tail,
    "The groups of a projection's tail.",
    |fcinfo| {
        // SAFETY: three arguments, the first of the row type of a state, the
        // last a uuid or NULL; called where a set is expected, which
        // `return_rows` checks.
        unsafe {
            let row_type = pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0);
            let state = pg_sys::get_typ_typrelid(row_type);
            if state == Oid::INVALID {
                super::error::raise(Error::BadArgument {
                    message: "argument \"state\" is not of a row type".into(),
                    hint: "Read the projection's view instead.",
                });
            }
            let key = (*fcinfo).args.as_slice(3)[2];
            let key = (!key.isnull).then(|| super::unique::uuid_text(key.value));
            super::srf::return_rows(fcinfo, |fill| {
                crate::projection::read_tail(state, key.as_deref(), fill)
            });
            Datum::from(0)
        }
    }
);

entry!(
    pg_finfo_verify_projection,
    verify_projection,
    "Where the state of a projection is not what the log gives.",
    |fcinfo| {
        // SAFETY: STRICT, with arguments of types text and boolean.
        unsafe {
            let [name, repair] = (*fcinfo).args.as_slice(2) else {
                return Datum::from(0);
            };
            let name = Bytes::of(name.value).to_text();
            let repair = repair.value.value() != 0;
            super::srf::return_rows(fcinfo, |fill| {
                crate::projection::verify(&name, repair, fill).or_raise();
            });
            Datum::from(0)
        }
    }
);

/// The arguments of the running call; `None` is NULL.
///
/// # Safety
/// `fcinfo` is that of a running function with this many arguments.
pub(super) unsafe fn arguments<const COUNT: usize>(
    fcinfo: pg_sys::FunctionCallInfo,
) -> [Option<Datum>; COUNT] {
    // SAFETY: as the caller promises.
    let args = unsafe { (*fcinfo).args.as_slice(COUNT) };
    std::array::from_fn(|place| (!args[place].isnull).then_some(args[place].value))
}

/// Returns what became of events as rows of (event_id, position, version,
/// deduplicated).
///
/// # Safety
/// `fcinfo` is that of a running function that returns a set of such rows.
unsafe fn return_outcomes(
    fcinfo: pg_sys::FunctionCallInfo,
    append: impl FnOnce() -> Result<Vec<Outcome>, Error>,
) -> Datum {
    // SAFETY: a uuid is passed by reference, to 16 bytes that `outcomes` keeps
    // until the rows have been copied.
    unsafe {
        let mut outcomes = vec![];
        super::srf::return_values(fcinfo, || {
            outcomes = append().or_raise();
            let row = |outcome: &Outcome| {
                [
                    Some(Datum::from(outcome.event_id.as_ptr())),
                    Some(Datum::from(outcome.position)),
                    outcome.version.map(Datum::from),
                    Some(Datum::from(outcome.deduplicated)),
                ]
            };
            outcomes.iter().map(row).collect()
        });
    }
    Datum::from(0)
}

entry!(
    pg_finfo_append,
    append,
    "Appends events to one aggregate.",
    |fcinfo| {
        // SAFETY: arguments of types regclass, text, jsonb and bigint.
        unsafe {
            let [table, aggregate, events, expected] = arguments(fcinfo);
            return_outcomes(fcinfo, || {
                let aggregate = aggregate.map(|text| Bytes::of(text).as_slice().to_vec());
                let expected = expected.map(|version| version.value() as i64);
                crate::log::append(table.map(oid), aggregate, events, expected)
            })
        }
    }
);

entry!(
    pg_finfo_append_events,
    append_events,
    "Appends events to several aggregates.",
    |fcinfo| {
        // SAFETY: arguments of types regclass, jsonb and jsonb.
        unsafe {
            let [table, events, expected] = arguments(fcinfo);
            return_outcomes(fcinfo, || {
                crate::log::append_events(table.map(oid), events, expected)
            })
        }
    }
);

pub(super) fn oid(datum: Datum) -> Oid {
    Oid::from(datum.value() as u32)
}
