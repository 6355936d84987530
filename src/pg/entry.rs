//! The C functions that pgrx's attributes do not fit: a trigger that may return
//! nothing, a default that is evaluated per row, a set of an unnamed row type.

use super::ddl::Event;
use super::error::OrRaise;
use super::trigger::Call;
use super::{Datum, Oid};
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

entry!(
    pg_finfo_on_event,
    on_event,
    "The trigger of every segment.",
    |fcinfo| {
        // SAFETY: this is the running call. A null result, with isnull left false,
        // tells the executor to skip the row.
        let call = unsafe { Call::new(fcinfo) };
        crate::log::on_event(&call).unwrap_or(Datum::from(0))
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
        Datum::from(crate::log::active_segment(Oid::from(
            sequence.value() as u32
        )))
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
