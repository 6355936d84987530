//! The command an event trigger is called for.

use pgrx::pg_sys::{self, Oid};
use pgrx::prelude::*;
use std::ffi::CStr;

/// What an event trigger was called for.
pub enum Event {
    /// A command begins, which will detach a partition of this table.
    Detaches(Oid),
    /// Another command begins.
    Begins,
    /// A command has dropped something.
    Drops,
    /// A command has ended.
    Ends,
}

impl Event {
    /// # Safety
    /// `fcinfo` is that of the running function.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: an event trigger's context is an EventTriggerData, which the tag
        // tells; its event is a string that ends in NUL.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
                ereport!(
                    ERROR,
                    PgSqlErrorCode::ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
                    "event trigger function of pg_analytics was not called by an event trigger"
                );
            }
            let data = context.cast::<pg_sys::EventTriggerData>();
            match CStr::from_ptr((*data).event).to_bytes() {
                b"ddl_command_start" => {
                    detached_from((*data).parsetree).map_or(Self::Begins, Self::Detaches)
                }
                b"sql_drop" => Self::Drops,
                _ => Self::Ends,
            }
        }
    }
}

/// The table that an `ALTER TABLE … DETACH PARTITION` is about.
///
/// # Safety
/// `statement` is a live parse tree.
unsafe fn detached_from(statement: *mut pg_sys::Node) -> Option<Oid> {
    // SAFETY: the tags tell the types; what is not there resolves to nothing.
    unsafe {
        if (*statement).type_ != pg_sys::NodeTag::T_AlterTableStmt {
            return None;
        }
        let statement = statement.cast::<pg_sys::AlterTableStmt>();
        let detaches = (0..pg_sys::list_length((*statement).cmds)).any(|place| {
            let command =
                pg_sys::list_nth((*statement).cmds, place).cast::<pg_sys::AlterTableCmd>();
            (*command).subtype == pg_sys::AlterTableType::AT_DetachPartition
        });
        detaches.then(|| {
            pg_sys::RangeVarGetRelidExtended(
                (*statement).relation,
                pg_sys::NoLock as pg_sys::LOCKMODE,
                pg_sys::RVROption::RVR_MISSING_OK,
                None,
                std::ptr::null_mut(),
            )
        })
    }
}
