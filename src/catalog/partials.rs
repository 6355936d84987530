//! The aggregates that the extension derives for the states of projections:
//! `pganalytics_data.partial_N_C` for column C of projection N.

use super::privileges::{Made, leave_to_owner};
use super::state_key;
use crate::pg::Oid;
use crate::pg::security::{
    ActingAs, ONLY_BUILT_IN, Platform, SUPERUSER, Settings, current_user, role_sql,
};
use crate::pg::spi::{self, Arg, Row, Under};
use pganalytics_core::error::Error;
use pganalytics_core::projection::Derivation;
use pganalytics_core::sql::qualified;

const SCHEMA: &str = "pganalytics_data";

/// The derived aggregate of this name.
pub fn find(name: &str) -> Option<Oid> {
    spi::latest(
        "SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.proname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
         AND p.prokind OPERATOR(pg_catalog.=) 'a' \
         AND p.pronamespace OPERATOR(pg_catalog.=) 'pganalytics_data'::pg_catalog.regnamespace",
        vec![Arg::Text(name)],
    )
    .map(|row| row.oid(0))
}

/// The functions whose names are those of derived aggregates of a projection.
fn all(id: i32) -> Vec<Row> {
    let _path = Settings::pin(ONLY_BUILT_IN);
    spi::run(
        "SELECT p.prokind, p.oid::regprocedure FROM pg_proc p \
         WHERE p.pronamespace = 'pganalytics_data'::regnamespace \
         AND p.proname ~ ('^partial_' || $1 || '_[0-9]+$')",
        vec![Arg::Text(&id.to_string())],
        Under::Latest,
    )
}

/// Whether there is any for a projection of this number, or something with its name.
pub fn any(id: i32) -> bool {
    !all(id).is_empty()
}

/// Drops those of a projection that are left: what a restore has made does not go
/// with the definition.
pub fn drop_all(id: i32) {
    let _platform = Platform::act();
    for row in all(id).iter().filter(|row| row.known(0) == "a") {
        spi::execute(&format!("DROP ROUTINE {} CASCADE", row.known(1)));
    }
}

fn derivation_of(aggregate: Oid) -> Derivation {
    let _path = Settings::pin(ONLY_BUILT_IN);
    let row = &spi::run(
        "WITH named AS NOT MATERIALIZED (SELECT f.oid, quote_ident(n.nspname) || '.' || quote_ident(f.proname) AS name \
             FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace) \
         SELECT pg_get_function_identity_arguments(a.aggfnoid), t.name, format_type(a.aggtranstype, NULL), \
             a.aggtransspace, c.name, s.name, d.name, a.agginitval, \
             CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END \
         FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN named t ON t.oid = a.aggtransfn \
         JOIN named c ON c.oid = a.aggcombinefn \
         LEFT JOIN named s ON s.oid = a.aggserialfn LEFT JOIN named d ON d.oid = a.aggdeserialfn \
         WHERE a.aggfnoid = $1",
        vec![Arg::Oid(aggregate)],
        Under::Active,
    )[0];
    Derivation {
        arguments: row.known(0).into(),
        transition: row.known(1).into(),
        state_type: row.known(2).into(),
        space: row.number(3),
        combine: row.known(4).into(),
        serial: row.text(5).map(|write| (write.into(), row.known(6).into())),
        initial: row.text(7).map(Into::into),
        parallel: row.known(8).into(),
    }
}

/// Makes the aggregate `name` from `original`; `owner` may run it, and owns nothing.
///
/// One with an internal state needs a superuser, and runs nobody's code: it has no
/// initial value. Of another the server tries the initial value, which runs the
/// constraints of a domain. So that is made by the owner, in `schema`, and then moved.
pub fn make(
    name: &str,
    original: Oid,
    internal: bool,
    schema: &str,
    owner: Oid,
) -> Result<Oid, Error> {
    let derivation = derivation_of(original);
    let arguments = &derivation.arguments;
    let user = role_sql(owner);
    let _path = Settings::pin(ONLY_BUILT_IN);
    let temporary = format!("partial_{}", uuid::Uuid::new_v4().simple());
    if internal {
        let _superuser = ActingAs::new(SUPERUSER);
        spi::execute(&derivation.create_sql(&qualified(SCHEMA, &temporary)));
    } else {
        let made = qualified(schema, &temporary);
        {
            let _owner = ActingAs::new(owner);
            spi::execute(&derivation.create_sql(&made));
        }
        let _superuser = ActingAs::new(SUPERUSER);
        spi::execute(&format!(
            "ALTER ROUTINE {made}({arguments}) SET SCHEMA {SCHEMA}"
        ));
    }
    let platform = {
        let _platform = Platform::act();
        if internal {
            state_key::ensure();
        }
        role_sql(current_user())
    };
    let _superuser = ActingAs::new(SUPERUSER);
    let made = format!("{}({arguments})", qualified(SCHEMA, &temporary));
    let named = format!("{}({arguments})", qualified(SCHEMA, name));
    for statement in [
        format!("ALTER ROUTINE {made} RENAME TO {name}"),
        format!("ALTER ROUTINE {named} OWNER TO {platform}"),
    ] {
        spi::execute(&statement);
    }
    let found = find(name);
    leave_to_owner(&Made::Routine(&named), found.unwrap_or(Oid::INVALID));
    spi::execute(&format!("GRANT EXECUTE ON ROUTINE {named} TO {user}"));
    found
        .filter(|made| is_twin(*made, original))
        .ok_or_else(|| Error::Unsupported {
            construct: "an aggregate whose support functions are overloaded".into(),
            hint: "Give its support functions names of their own.",
        })
}

/// Whether both have the same transition: names of functions may be overloaded.
fn is_twin(made: Oid, original: Oid) -> bool {
    let _path = Settings::pin(ONLY_BUILT_IN);
    !spi::run(
        "SELECT FROM pg_aggregate m, pg_aggregate o WHERE m.aggfnoid = $1 AND o.aggfnoid = $2 \
         AND (m.aggtransfn, m.aggcombinefn, m.aggserialfn, m.aggdeserialfn, m.aggtranstype) \
           = (o.aggtransfn, o.aggcombinefn, o.aggserialfn, o.aggdeserialfn, o.aggtranstype)",
        vec![Arg::Oid(made), Arg::Oid(original)],
        Under::Latest,
    )
    .is_empty()
}
