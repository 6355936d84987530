//! VACUUM from a background worker, which no function or procedure can run.

use super::encoding::c_string;
use super::transaction::{self, Failure};
use pgrx::pg_sys;

/// Vacuums, freezes and analyses the relation of this name (as SQL), in
/// transactions of its own.
pub fn freeze(relation: &str) -> Result<(), Failure> {
    let command = c_string(&format!("VACUUM (FREEZE, ANALYZE) {relation}"));
    // SAFETY: outside of transactions; what is allocated here outlives those that
    // VACUUM begins and ends, and is freed when it is done or has failed.
    unsafe {
        let memory = pg_sys::AllocSetContextCreateExtended(
            pg_sys::TopMemoryContext,
            c"pg_analytics vacuum".as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        let result = transaction::run_at_top_level(|| {
            pg_sys::MemoryContextSwitchTo(memory);
            pg_sys::PortalContext = memory;
            let mode = pg_sys::RawParseMode::RAW_PARSE_DEFAULT;
            let parsed = pg_sys::raw_parser(command.as_ptr(), mode);
            let raw = pg_sys::list_nth(parsed, 0).cast::<pg_sys::RawStmt>();
            let state = pg_sys::make_parsestate(std::ptr::null_mut());
            pg_sys::ExecVacuum(state, (*raw).stmt.cast(), true);
        });
        pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        pg_sys::PortalContext = std::ptr::null_mut();
        pg_sys::MemoryContextDelete(memory);
        result
    }
}
