//! The row a trigger is called for.

use super::encoding::string;
use super::index::slot_value;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::prelude::*;

unsafe extern "C-unwind" {
    fn nextval_internal(sequence: Oid, check_permissions: bool) -> i64;
}

/// What a trigger was called for.
pub enum Event {
    /// Before a row goes in.
    Insert,
    /// Before a row is changed.
    Update,
    /// Before a row is removed.
    Delete,
    /// Before a table is emptied.
    Truncate,
}

/// A call of a trigger.
pub struct Call(*mut pg_sys::TriggerData);

impl Call {
    /// Of a BEFORE trigger.
    ///
    /// # Safety
    /// `fcinfo` is that of the running function.
    pub unsafe fn before(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: as the caller promises.
        let (call, before, row) = unsafe { Self::new(fcinfo) };
        if !before || (!row && matches!(call.event(), Event::Insert)) {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                "trigger function of pg_analytics must be called BEFORE, for INSERT FOR EACH ROW"
            );
        }
        call
    }

    /// Of a trigger AFTER INSERT, for each row.
    ///
    /// # Safety
    /// `fcinfo` is that of the running function.
    pub unsafe fn after_insert(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: as the caller promises.
        let (call, before, row) = unsafe { Self::new(fcinfo) };
        if before || !row || !matches!(call.event(), Event::Insert) {
            ereport!(
                ERROR,
                PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                "trigger function of pg_analytics must be called AFTER INSERT FOR EACH ROW"
            );
        }
        call
    }

    /// The call, whether before the event, and whether for a row.
    ///
    /// # Safety
    /// `fcinfo` is that of the running function.
    unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> (Self, bool, bool) {
        // SAFETY: a trigger's context is a TriggerData, which the tag tells.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                ereport!(
                    ERROR,
                    PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                    "trigger function of pg_analytics was not called by a trigger"
                );
            }
            let call = Self(context.cast());
            // A user may put the function on a table of theirs in any way.
            let event = (*call.0).tg_event;
            let before = event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE;
            let row = event & pg_sys::TRIGGER_EVENT_ROW != 0;
            (call, before, row)
        }
    }

    /// What it was called for.
    pub fn event(&self) -> Event {
        // SAFETY: see `new`.
        let event = unsafe { (*self.0).tg_event } & pg_sys::TRIGGER_EVENT_OPMASK;
        match event {
            pg_sys::TRIGGER_EVENT_INSERT => Event::Insert,
            pg_sys::TRIGGER_EVENT_UPDATE => Event::Update,
            pg_sys::TRIGGER_EVENT_DELETE => Event::Delete,
            _ => Event::Truncate,
        }
    }

    /// The table or partition.
    pub fn relation(&self) -> Oid {
        // SAFETY: see `new`.
        unsafe { (*(*self.0).tg_relation).rd_id }
    }

    /// Its name, for messages.
    pub fn relation_name(&self) -> String {
        // SAFETY: an open relation has a name that ends in NUL.
        unsafe {
            let class = (*(*self.0).tg_relation).rd_rel;
            string((*class).relname.data.as_ptr())
        }
    }

    /// A column of the new row (from 1), `None` if it is NULL.
    pub fn value(&self, attribute: i16) -> Option<Datum> {
        // SAFETY: in a row trigger for INSERT the slot holds the new row.
        unsafe { slot_value((*self.0).tg_trigslot, attribute) }
    }

    /// How many rows this transaction has put into the table or partition, less those
    /// that were taken back or rolled back; `None` if PostgreSQL does not count
    /// (`track_counts` is off).
    pub fn rows_inserted(&self) -> Option<i64> {
        // SAFETY: see `new`; the relation is open, its counters are this backend's,
        // one entry for each level of subtransaction that has used it.
        unsafe {
            let relation = (*self.0).tg_relation;
            if !(*relation).pgstat_enabled {
                return None;
            }
            let table = (*relation).pgstat_info;
            let mut level = if table.is_null() {
                std::ptr::null_mut()
            } else {
                (*table).trans
            };
            let mut rows = 0;
            while !level.is_null() {
                rows += (*level).tuples_inserted - (*level).tuples_deleted;
                level = (*level).upper;
            }
            Some(rows)
        }
    }

    /// The new row with some columns (from 1) set, as the trigger's result.
    pub fn with(&self, set: &[(i16, Datum)]) -> Datum {
        // SAFETY: in a row trigger for INSERT the slot holds the new row; with all its
        // columns fetched, its arrays have one entry per column.
        unsafe {
            let slot = (*self.0).tg_trigslot;
            pg_sys::slot_getallattrs(slot);
            let columns = (*slot).tts_nvalid as usize;
            let mut values = std::slice::from_raw_parts((*slot).tts_values, columns).to_vec();
            let mut nulls = std::slice::from_raw_parts((*slot).tts_isnull, columns).to_vec();
            for (attribute, value) in set {
                let place = *attribute as usize - 1;
                values[place] = *value;
                nulls[place] = false;
            }
            Datum::from(pg_sys::heap_form_tuple(
                (*(*self.0).tg_relation).rd_att,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            ))
        }
    }
}

/// The bytes of a `text`, `jsonb` or other variable-length value.
pub struct Bytes(*mut pg_sys::varlena);

impl Bytes {
    /// Fetches and decompresses it if need be.
    pub fn of(datum: Datum) -> Self {
        // SAFETY: the caller's column is of a variable-length type.
        Self(unsafe { pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr()) })
    }

    /// They live as long as the row.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: a detoasted value has a header that tells its length.
        unsafe {
            std::slice::from_raw_parts(
                pgrx::vardata_any(self.0).cast::<u8>(),
                pgrx::varsize_any_exhdr(self.0),
            )
        }
    }
}

/// A `text` of these bytes, in the encoding of the database.
pub fn text(bytes: &[u8]) -> Datum {
    // SAFETY: copies the bytes; no text is longer than an int says.
    Datum::from(unsafe {
        pg_sys::cstring_to_text_with_len(bytes.as_ptr().cast(), bytes.len() as i32)
    })
}

/// A `text[]` of these.
pub fn text_array(mut texts: Vec<Datum>) -> Datum {
    let count = texts.len() as std::ffi::c_int;
    let align = pg_sys::TYPALIGN_INT as std::ffi::c_char;
    // SAFETY: copies so many values of the type, which is stored as said.
    Datum::from(unsafe {
        pg_sys::construct_array(texts.as_mut_ptr(), count, pg_sys::TEXTOID, -1, false, align)
    })
}

/// How many triggers are running, one inside the other.
pub fn depth() -> i32 {
    // SAFETY: the function takes no arguments and reads a variable.
    let depth = unsafe { pgrx::direct_function_call::<i32>(pg_sys::pg_trigger_depth, &[]) };
    depth.unwrap_or(0)
}

/// Draws the next number of a sequence, with the rights of the extension.
pub fn next_value(sequence: Oid) -> i64 {
    // SAFETY: raises an error if there is no such sequence.
    unsafe { nextval_internal(sequence, false) }
}
