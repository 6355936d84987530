//! What a query reads and calls, and whether a projection may.

use super::refused;
use crate::pg::Oid;
use crate::pg::spi::{self, Arg, Under};
use crate::pg::tree::Contents;
use pganalytics_core::error::Error;
use pganalytics_core::projection::reads_the_session;

pub(super) fn check_contents(read: &Contents) -> Result<(), Error> {
    if read.session_value {
        return refused(
            "a keyword that reads the clock or the user",
            "Use the event's own columns, such as occurred_at.",
        );
    }
    if read.columns.iter().any(|(_, number)| *number <= 0) {
        return refused(
            "a whole row or system column",
            "Name the columns that you need.",
        );
    }
    let mut functions: Vec<_> = read.functions.iter().map(|f| f.to_u32()).collect();
    functions.sort_unstable();
    functions.dedup();
    for function in functions {
        check_function(Oid::from(function))?;
    }
    Ok(())
}

fn check_function(function: Oid) -> Result<(), Error> {
    let row = &spi::run(
        "SELECT p.proname, p.provolatile, p.pronargs, n.nspname FROM pg_catalog.pg_proc p \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
         WHERE p.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(function)],
        Under::Active,
    )[0];
    let name = row.known(0);
    match row.known(1) {
        "i" => Ok(()),
        "s" if row.known(3) != "pg_catalog" => refused(
            format!("function {name}(), which is declared STABLE,"),
            "Declare it IMMUTABLE if its result depends on nothing but its arguments.",
        ),
        "s" if !reads_the_session(name, row.number(2)) => Ok(()),
        "s" => refused(
            format!("function {name}(), which reads the clock or the session,"),
            "Use the event's own columns, such as occurred_at, and compare with now() when you read.",
        ),
        _ => refused(
            format!("volatile function {name}()"),
            "A projection must have the same result whenever it is computed.",
        ),
    }
}
