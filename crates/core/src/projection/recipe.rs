//! How an aggregate is kept as plain typed columns that merge.
//!
//! Where an aggregate's result is its own partial state (count, min, bool_and,
//! sum of integers …) the server's combine function merges two of them. Where it
//! is not, the aggregate is split into such parts and finished when read.

use crate::error::Error;

/// What a part aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartInput {
    /// The arguments as the user wrote them.
    AsWritten,
    /// The argument cast to `double precision`: `avg(real)` adds up in it.
    AsDouble,
}

/// One state column of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The aggregate to run, as a `regprocedure` literal; `None`: the user's own.
    pub aggregate: Option<&'static str>,
    /// What it is run on.
    pub input: PartInput,
    /// The SQL function that merges two of its results.
    pub merge: String,
}

/// How one aggregate is kept and finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its state columns.
    pub parts: Vec<Part>,
    /// Its value, with `{0}`, `{1}` … for the parts.
    pub finish: &'static str,
}

const INT8_ADD: &str = "\"pg_catalog\".\"int8pl\"";
const NUMERIC_ADD: &str = "\"pg_catalog\".\"numeric_add\"";
const FLOAT8_ADD: &str = "\"pg_catalog\".\"float8pl\"";
const INTERVAL_ADD: &str = "\"pg_catalog\".\"interval_pl\"";

const NUMERIC_MEAN: &str =
    "pg_catalog.numeric_div(({0})::pg_catalog.numeric, ({1})::pg_catalog.numeric)";
const DOUBLE_MEAN: &str = "pg_catalog.float8div({0}, ({1})::pg_catalog.float8)";
const INTERVAL_MEAN: &str = "pg_catalog.interval_div({0}, ({1})::pg_catalog.float8)";

fn mean(sum: &'static str, input: PartInput, merge: &str, finish: &'static str) -> Recipe {
    Recipe {
        parts: vec![
            Part {
                aggregate: Some(sum),
                input,
                merge: merge.into(),
            },
            Part {
                aggregate: Some("pg_catalog.count(\"any\")"),
                input: PartInput::AsWritten,
                merge: INT8_ADD.into(),
            },
        ],
        finish,
    }
}

fn itself(merge: &str) -> Recipe {
    Recipe {
        parts: vec![Part {
            aggregate: None,
            input: PartInput::AsWritten,
            merge: merge.into(),
        }],
        finish: "{0}",
    }
}

/// The recipe of the aggregate `schema.name(argument types)`.
///
/// `combine` is its combine function (quoted) if its result is its own partial
/// state: a plain type, no final function.
pub fn recipe(
    schema: &str,
    name: &str,
    arguments: &str,
    combine: Option<&str>,
) -> Result<Recipe, Error> {
    if let Some(function) = combine {
        return Ok(itself(function));
    }
    let known = match (schema, name, arguments) {
        ("pg_catalog", "sum", "bigint" | "numeric") => itself(NUMERIC_ADD),
        ("pg_catalog", "avg", "smallint") => mean(
            "pg_catalog.sum(pg_catalog.int2)",
            PartInput::AsWritten,
            INT8_ADD,
            NUMERIC_MEAN,
        ),
        ("pg_catalog", "avg", "integer") => mean(
            "pg_catalog.sum(pg_catalog.int4)",
            PartInput::AsWritten,
            INT8_ADD,
            NUMERIC_MEAN,
        ),
        ("pg_catalog", "avg", "bigint") => mean(
            "pg_catalog.sum(pg_catalog.int8)",
            PartInput::AsWritten,
            NUMERIC_ADD,
            NUMERIC_MEAN,
        ),
        ("pg_catalog", "avg", "numeric") => mean(
            "pg_catalog.sum(pg_catalog.numeric)",
            PartInput::AsWritten,
            NUMERIC_ADD,
            NUMERIC_MEAN,
        ),
        ("pg_catalog", "avg", "real") => mean(
            "pg_catalog.sum(pg_catalog.float8)",
            PartInput::AsDouble,
            FLOAT8_ADD,
            DOUBLE_MEAN,
        ),
        ("pg_catalog", "avg", "double precision") => mean(
            "pg_catalog.sum(pg_catalog.float8)",
            PartInput::AsWritten,
            FLOAT8_ADD,
            DOUBLE_MEAN,
        ),
        ("pg_catalog", "avg", "interval") => mean(
            "pg_catalog.sum(pg_catalog.interval)",
            PartInput::AsWritten,
            INTERVAL_ADD,
            INTERVAL_MEAN,
        ),
        ("pganalytics", "approx_count_distinct", _) => Recipe {
            parts: vec![Part {
                aggregate: Some("pganalytics.hll(pg_catalog.anyelement)"),
                input: PartInput::AsWritten,
                merge: "\"pganalytics\".\"hyperloglog_union\"".into(),
            }],
            finish: "pganalytics.cardinality({0})",
        },
        ("pganalytics", "hll", _) => itself("\"pganalytics\".\"hyperloglog_union\""),
        _ => {
            return Err(Error::Unsupported {
                construct: format!("aggregate {name}({arguments})"),
                hint: "Use count, sum, avg, min, max, bool_and, bool_or, every or approx_count_distinct.",
            });
        }
    };
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_partials_need_one_column() {
        let count = recipe("pg_catalog", "count", "", Some("\"pg_catalog\".\"int8pl\"")).unwrap();
        assert_eq!(count.parts.len(), 1);
        assert_eq!(count.finish, "{0}");
    }

    #[test]
    fn means_are_sum_and_count() {
        let avg = recipe("pg_catalog", "avg", "real", None).unwrap();
        assert_eq!(avg.parts[0].input, PartInput::AsDouble);
        assert_eq!(avg.parts.len(), 2);
    }

    #[test]
    fn a_namesake_in_another_schema_is_not_taken_for_it() {
        assert!(recipe("public", "avg", "real", None).is_err());
        assert!(recipe("pg_catalog", "array_agg", "text", None).is_err());
    }
}
