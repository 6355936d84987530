//! SQL from inside the server, with the snapshot said out loud.
//!
//! pgrx's own SPI decides by itself which snapshot a statement reads under; what
//! reads state and tail cannot leave that to chance.

use super::snapshot::Snapshot;
use super::trigger::Bytes;
use pgrx::pg_sys::{self, Oid};
use pgrx::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::rc::Rc;

/// A parameter of a statement.
pub enum Arg<'a> {
    /// `text`
    Text(&'a str),
    /// `text` or NULL
    OptionalText(Option<&'a str>),
    /// `oid`
    Oid(Oid),
    /// `int4`
    Int(i32),
    /// `int8`
    Big(i64),
    /// `interval`, as the caller gave it
    Interval(Option<pgrx::datum::Interval>),
    /// `text[]`
    Texts(Vec<String>),
    /// `text`, as PostgreSQL has it
    RawText(pg_sys::Datum),
    /// `jsonb`, as PostgreSQL has it
    Jsonb(pg_sys::Datum),
    /// `uuid[]`
    Uuids(Vec<[u8; 16]>),
}

/// Which snapshot a statement reads under.
pub enum Under<'a> {
    /// One of its own, as a statement of a session; may write.
    Fresh,
    /// The active one; read only, assigns no transaction id, works on a standby.
    Active,
    /// The latest committed state, whatever the transaction's snapshot; read only.
    Latest,
    /// This one; may write.
    Given(&'a Snapshot),
}

/// A row of a result, each value in its text form.
pub struct Row(Vec<Option<String>>);

impl Row {
    /// The column as text; `None` is NULL.
    pub fn text(&self, column: usize) -> Option<&str> {
        self.0[column].as_deref()
    }

    /// A column that the query says is never NULL.
    pub fn known(&self, column: usize) -> &str {
        self.text(column).unwrap_or_default()
    }

    /// A number that the query says is never NULL.
    pub fn number<T: std::str::FromStr + Default>(&self, column: usize) -> T {
        self.known(column).parse().unwrap_or_default()
    }

    /// An object that the query casts to `oid`.
    pub fn oid(&self, column: usize) -> Oid {
        Oid::from(self.number::<u32>(column))
    }
}

/// A row of a result as PostgreSQL has it, gone when the statement is over.
pub struct RawRow {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl RawRow {
    /// The column (from 0); `None` is NULL.
    pub fn value(&self, column: usize) -> Option<pg_sys::Datum> {
        let mut null = false;
        // SAFETY: a row of the result and its descriptor; a column beyond is NULL.
        let value = unsafe {
            pg_sys::SPI_getbinval(self.tuple, self.descriptor, column as i32 + 1, &mut null)
        };
        (!null).then_some(value)
    }

    /// A `timestamptz` column.
    pub fn timestamptz(&self, column: usize) -> Option<TimestampWithTimeZone> {
        let value = self.value(column)?;
        // SAFETY: the caller's query has a timestamptz there, a number whatever it holds.
        unsafe { TimestampWithTimeZone::from_datum(value, false) }
    }

    /// A `text` column in the encoding of the database.
    pub fn bytes(&self, column: usize) -> Option<Vec<u8>> {
        self.value(column)
            .map(|datum| Bytes::of(datum).as_slice().to_vec())
    }

    /// A `text` column, as a [`Row`] has it.
    pub fn text(&self, column: usize) -> Option<String> {
        self.value(column).map(|datum| Bytes::of(datum).to_text())
    }
}

fn c_string(text: &str) -> CString {
    // A NUL byte cannot come from PostgreSQL text.
    CString::new(text.replace('\0', "")).unwrap_or_default()
}

fn datum(arg: Arg) -> (Oid, Option<pg_sys::Datum>) {
    match arg {
        Arg::Text(text) => (pg_sys::TEXTOID, text.into_datum()),
        Arg::OptionalText(text) => (pg_sys::TEXTOID, text.into_datum()),
        Arg::Oid(oid) => (pg_sys::OIDOID, oid.into_datum()),
        Arg::Int(number) => (pg_sys::INT4OID, number.into_datum()),
        Arg::Big(number) => (pg_sys::INT8OID, number.into_datum()),
        Arg::Interval(interval) => (pg_sys::INTERVALOID, interval.into_datum()),
        Arg::Texts(list) => (pg_sys::TEXTARRAYOID, list.into_datum()),
        Arg::RawText(datum) => (pg_sys::TEXTOID, Some(datum)),
        Arg::Jsonb(datum) => (pg_sys::JSONBOID, Some(datum)),
        Arg::Uuids(ids) => {
            let ids: Vec<_> = ids.into_iter().map(pgrx::Uuid::from_bytes).collect();
            (pg_sys::UUIDARRAYOID, ids.into_datum())
        }
    }
}

thread_local! {
    /// Plans kept from statement to statement, by their text.
    static KEPT: RefCell<HashMap<Box<str>, Plan>> = RefCell::new(HashMap::new());
}

/// When there are so many, those not in use are freed: texts name segments and columns
/// of the user's, so most of them are old.
const MOST_KEPT: usize = 200;

/// A prepared statement, in use for as long as there are clones of it.
#[derive(Clone)]
struct Plan {
    plan: pg_sys::SPIPlanPtr,
    in_use: Rc<()>,
}

impl Plan {
    fn new(plan: pg_sys::SPIPlanPtr) -> Self {
        Self {
            plan,
            in_use: Rc::new(()),
        }
    }

    /// Whether the one that is kept is the only one.
    fn is_idle(&self) -> bool {
        Rc::strong_count(&self.in_use) == 1
    }
}

/// Runs one statement and returns its rows. Errors are raised.
pub fn run(sql: &str, args: Vec<Arg>, under: Under) -> Vec<Row> {
    run_with(args, under, |types| prepare(sql, types), text_row)
}

/// The same for a statement that runs often: its plan is kept. (PostgreSQL makes
/// it anew when a relation in it changes.)
pub fn run_kept(sql: &str, args: Vec<Arg>, under: Under) -> Vec<Row> {
    run_with(args, under, |types| kept(sql, types), text_row)
}

/// The first row of a catalog query as last committed or, within a parallel query,
/// which can take no snapshot, as the active one sees it. Its plan is kept.
pub fn latest_kept(sql: &str, args: Vec<Arg>) -> Option<Row> {
    // SAFETY: a plain accessor.
    let under = if unsafe { pg_sys::IsInParallelMode() } {
        Under::Active
    } else {
        Under::Latest
    };
    run_kept(sql, args, under).into_iter().next()
}

/// The same for what text would lose: `read` gets each row as it is.
pub fn read_kept<T>(
    sql: &str,
    args: Vec<Arg>,
    under: Under,
    read: impl Fn(&RawRow) -> T,
) -> Vec<T> {
    run_with(args, under, |types| kept(sql, types), read)
}

/// Connected to SPI.
fn kept(sql: &str, types: &mut [Oid]) -> Plan {
    if let Some(plan) = KEPT.with_borrow(|kept| kept.get(sql).cloned()) {
        return plan;
    }
    let plan = prepare(sql, types);
    if KEPT.with_borrow(HashMap::len) >= MOST_KEPT {
        free_idle();
    }
    // SAFETY: a plan made a moment ago; kept, it outlives the connection.
    unsafe { pg_sys::SPI_keepplan(plan.plan) };
    KEPT.with_borrow_mut(|kept| kept.insert(sql.into(), plan.clone()));
    plan
}

fn free_idle() {
    let idle: Vec<_> = KEPT.with_borrow_mut(|kept| {
        let idle = kept.extract_if(|_, plan| plan.is_idle());
        idle.map(|(_, plan)| plan).collect()
    });
    for plan in idle {
        // SAFETY: nobody else has it.
        unsafe { pg_sys::SPI_freeplan(plan.plan) };
    }
}

/// Connected to SPI.
fn prepare(sql: &str, types: &mut [Oid]) -> Plan {
    let source = c_string(sql);
    // SAFETY: the text ends in NUL and is copied; one type per parameter.
    let plan =
        unsafe { pg_sys::SPI_prepare(source.as_ptr(), types.len() as i32, types.as_mut_ptr()) };
    if plan.is_null() {
        error!("could not prepare: {sql}");
    }
    Plan::new(plan)
}

/// Has a statement analysed and not run. Errors are raised.
pub fn analyse(sql: &str) {
    // SAFETY: as in `run_with`; an error leaves the connection to the end of the
    // transaction.
    unsafe {
        pg_sys::SPI_connect();
        prepare(sql, &mut []);
        pg_sys::SPI_finish();
    }
}

fn run_with<T>(
    args: Vec<Arg>,
    under: Under,
    plan: impl FnOnce(&mut [Oid]) -> Plan,
    read: impl Fn(&RawRow) -> T,
) -> Vec<T> {
    let (mut types, mut values, mut nulls) = (vec![], vec![], vec![]);
    for (oid, value) in args.into_iter().map(datum) {
        types.push(oid);
        nulls.push(if value.is_some() { b' ' } else { b'n' } as c_char);
        values.push(value.unwrap_or(pg_sys::Datum::from(0)));
    }
    let (snapshot, read_only) = match under {
        Under::Fresh => (std::ptr::null_mut(), false),
        Under::Active => (std::ptr::null_mut(), true),
        // SAFETY: inside a transaction; the executor registers what it is given.
        Under::Latest => (unsafe { pg_sys::GetLatestSnapshot() }, true),
        Under::Given(snapshot) => (snapshot.raw(), false),
    };
    // SAFETY: the arrays have one entry per parameter and outlive the call; the
    // rows are copied out before SPI_finish frees them.
    unsafe {
        pg_sys::SPI_connect();
        let plan = plan(&mut types);
        let code = pg_sys::SPI_execute_snapshot(
            plan.plan,
            values.as_mut_ptr(),
            nulls.as_ptr(),
            snapshot,
            std::ptr::null_mut(),
            read_only,
            true,
            0,
        );
        if code < 0 {
            error!("could not run a statement of pg_analytics: code {code}");
        }
        let rows = copy_rows(read);
        pg_sys::SPI_finish();
        rows
    }
}

/// # Safety
/// Directly after a successful execution, connected to SPI.
unsafe fn copy_rows<T>(read: impl Fn(&RawRow) -> T) -> Vec<T> {
    // SAFETY: SPI_tuptable is null or describes SPI_processed rows.
    unsafe {
        let table = pg_sys::SPI_tuptable;
        if table.is_null() {
            return vec![];
        }
        let count = (*table).numvals as usize;
        (0..count)
            .map(|row| {
                read(&RawRow {
                    tuple: *(*table).vals.add(row),
                    descriptor: (*table).tupdesc,
                })
            })
            .collect()
    }
}

fn text_row(row: &RawRow) -> Row {
    // SAFETY: a row of the result and its descriptor; the text ends in NUL.
    unsafe {
        let columns = (*row.descriptor).natts;
        Row((1..=columns)
            .map(|column| {
                let value = pg_sys::SPI_getvalue(row.tuple, row.descriptor, column);
                (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
            })
            .collect())
    }
}

/// Runs a statement for its effect, as a statement of a session.
pub fn execute(sql: &str) {
    run(sql, vec![], Under::Fresh);
}

/// The first row of a catalog query, as last committed.
pub fn latest(sql: &str, args: Vec<Arg>) -> Option<Row> {
    run(sql, args, Under::Latest).into_iter().next()
}

/// Runs a query under the active snapshot to its end, only to see whether it fails.
pub fn probe(sql: &str) {
    // SAFETY: a receiver for rows of any type, which drops them.
    unsafe {
        run_into(
            sql,
            pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestNone),
        );
    }
}

/// Runs a query under the active snapshot, sends its rows to `receiver` and returns
/// their number.
///
/// # Safety
/// `receiver` is a live destination whose row type the query has.
pub unsafe fn run_into(sql: &str, receiver: *mut pg_sys::DestReceiver) -> u64 {
    let source = c_string(sql);
    let options = pg_sys::SPIExecuteOptions {
        read_only: true,
        dest: receiver,
        ..Default::default()
    };
    // SAFETY: as the caller promises.
    unsafe {
        pg_sys::SPI_connect();
        let code = pg_sys::SPI_execute_extended(source.as_ptr(), &options);
        if code < 0 {
            error!("could not run ({code}): {sql}");
        }
        let rows = pg_sys::SPI_processed;
        pg_sys::SPI_finish();
        rows
    }
}
