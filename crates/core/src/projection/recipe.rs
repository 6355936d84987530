//! How an aggregate is kept as columns that merge.
//!
//! Where an aggregate's result is its own partial state (count, min, bool_and,
//! sum of integers …) the server's combine function merges two of them. Others are
//! split into such parts where that is faster; of the rest a derived aggregate
//! returns the state, which is finished when read.

use super::facts::{Facts, SupportFunction};
use super::merge::{
    FLOAT8_ADD, HYPERLOGLOG_UNION, INT8_ADD, INTERVAL_ADD, Merge, NUMERIC_ADD,
    PERCENTILE_SKETCH_UNION, TOP_K_UNION, constant,
};
use crate::error::Error;

/// What a part aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartInput {
    /// The arguments as the user wrote them.
    AsWritten,
    /// The argument cast to `double precision`: `avg(real)` adds up in it.
    AsDouble,
}

/// Which aggregate makes a state column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartSource {
    /// The user's own.
    Own,
    /// Another, as a `regprocedure` literal.
    Other(&'static str),
    /// One derived from the user's own, which returns its state.
    Derived,
}

/// One state column of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The aggregate to run.
    pub source: PartSource,
    /// What it is run on.
    pub input: PartInput,
    /// How two of its results merge.
    pub merge: Merge,
}

/// How one aggregate is kept and finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its state columns.
    pub parts: Vec<Part>,
    /// Its value, with `{0}`, `{1}` … for the parts.
    pub finish: String,
}

const NUMERIC_MEAN: &str =
    "pg_catalog.numeric_div(({0})::pg_catalog.numeric, ({1})::pg_catalog.numeric)";
const DOUBLE_MEAN: &str = "pg_catalog.float8div({0}, ({1})::pg_catalog.float8)";
const INTERVAL_MEAN: &str = "pg_catalog.interval_div({0}, ({1})::pg_catalog.float8)";

fn mean(sum: &'static str, input: PartInput, merge: &str, finish: &str) -> Recipe {
    let part = |source, input, merge| Part {
        source: PartSource::Other(source),
        input,
        merge: Merge::function(merge, source),
    };
    Recipe {
        parts: vec![
            part(sum, input, merge),
            part("pg_catalog.count(\"any\")", PartInput::AsWritten, INT8_ADD),
        ],
        finish: finish.into(),
    }
}

fn one_part(source: PartSource, merge: Merge, finish: String) -> Recipe {
    Recipe {
        parts: vec![Part {
            source,
            input: PartInput::AsWritten,
            merge,
        }],
        finish,
    }
}

fn itself(merge: Merge) -> Recipe {
    one_part(PartSource::Own, merge, "{0}".into())
}

/// Kept as its state, if two states of it can be merged.
fn by_state(facts: &Facts) -> Result<Recipe, Error> {
    let refused = |hint| {
        Err(Error::Unsupported {
            construct: format!("aggregate {}({})", facts.name, facts.arguments),
            hint,
        })
    };
    let Some(combine) = &facts.combine else {
        return refused(
            "It has no combine function, so partial results of it cannot be merged: read it from the event table.",
        );
    };
    if facts.internal && (!facts.serialized || facts.finish.is_none()) {
        return refused(
            "Its state cannot be serialized, so it cannot be kept: read it from the event table.",
        );
    }
    let merge = match combine {
        SupportFunction {
            name,
            strict: true,
            callable: true,
        } if !facts.internal => Merge::function(name, &facts.signature),
        _ => Merge::State(facts.signature.clone()),
    };
    Ok(match &facts.finish {
        None => itself(merge),
        Some(function) if function.callable && !facts.internal => one_part(
            PartSource::Derived,
            merge,
            format!("{}({{0}})", function.name),
        ),
        Some(_) => one_part(
            PartSource::Derived,
            merge,
            format!(
                "pganalytics.finish_state({{0}}, {}, {})",
                constant(&facts.signature),
                facts.null_result
            ),
        ),
    })
}

/// The recipe of an aggregate.
pub fn recipe(facts: &Facts) -> Result<Recipe, Error> {
    if facts.combine.is_some() && facts.finish.is_none() && !facts.internal {
        return by_state(facts);
    }
    let union = || Merge::function(HYPERLOGLOG_UNION, &facts.signature);
    let (schema, name, arguments) = (&*facts.schema, &*facts.name, &*facts.arguments);
    let known = match (schema, name, arguments) {
        ("pg_catalog", "sum", "bigint" | "numeric") => {
            itself(Merge::function(NUMERIC_ADD, &facts.signature))
        }
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
        ("pganalytics", "approx_count_distinct", _) => one_part(
            PartSource::Other(if facts.signature.ends_with(",integer)") {
                "pganalytics.hll(pg_catalog.anyelement,pg_catalog.int4)"
            } else {
                "pganalytics.hll(pg_catalog.anyelement)"
            }),
            union(),
            "pganalytics.cardinality({0})".into(),
        ),
        ("pganalytics", "hll", _) => itself(union()),
        ("pganalytics", "percentile_sketch", _) => {
            itself(Merge::function(PERCENTILE_SKETCH_UNION, &facts.signature))
        }
        ("pganalytics", "top_k", _) => itself(Merge::function(TOP_K_UNION, &facts.signature)),
        _ => return by_state(facts),
    };
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str) -> Option<SupportFunction> {
        Some(SupportFunction {
            name: name.into(),
            strict: true,
            callable: true,
        })
    }

    fn facts(schema: &str, name: &str, arguments: &str) -> Facts {
        Facts {
            schema: schema.into(),
            name: name.into(),
            arguments: arguments.into(),
            signature: format!("{schema}.{name}({arguments})"),
            null_result: "NULL::real".into(),
            internal: false,
            serialized: false,
            combine: None,
            finish: None,
        }
    }

    #[test]
    fn own_partials_need_one_column() {
        let count = recipe(&Facts {
            combine: function(INT8_ADD),
            ..facts("pg_catalog", "count", "")
        })
        .unwrap();
        assert_eq!(count.parts.len(), 1);
        assert_eq!(count.parts[0].source, PartSource::Own);
        assert_eq!(count.finish, "{0}");
    }

    #[test]
    fn means_are_sum_and_count() {
        let avg = recipe(&Facts {
            combine: function("float8_combine"),
            finish: function("float8_avg"),
            ..facts("pg_catalog", "avg", "real")
        })
        .unwrap();
        assert_eq!(avg.parts[0].input, PartInput::AsDouble);
        assert_eq!(avg.parts.len(), 2);
    }

    #[test]
    fn states_of_plain_types_are_merged_and_finished_by_plain_calls() {
        let corr = recipe(&Facts {
            combine: function("f8_combine"),
            finish: function("f8_corr"),
            ..facts("pg_catalog", "corr", "real")
        })
        .unwrap();
        assert_eq!(corr.parts[0].source, PartSource::Derived);
        assert_eq!(corr.finish, "f8_corr({0})");
        assert!(
            corr.parts[0]
                .merge
                .two("c1", "s.", "t.")
                .contains("f8_combine(s.c1, t.c1)")
        );
    }

    #[test]
    fn others_are_merged_and_finished_as_the_server_does() {
        let internal = Facts {
            internal: true,
            serialized: true,
            combine: function("combine"),
            finish: function("final"),
            ..facts("pg_catalog", "stddev", "numeric")
        };
        let stddev = recipe(&internal).unwrap();
        assert_eq!(
            stddev.finish,
            "pganalytics.finish_state({0}, 'pg_catalog.stddev(numeric)'::pg_catalog.regprocedure, NULL::real)"
        );
        // What is not strict tells NULL apart; what is not callable wants an aggregate around it.
        for (strict, callable) in [(false, true), (true, false)] {
            let combine = SupportFunction {
                name: "f".into(),
                strict,
                callable,
            };
            let own = recipe(&Facts {
                combine: Some(combine),
                ..facts("public", "own", "integer")
            });
            assert_eq!(
                own.unwrap().parts[0].merge,
                Merge::State("public.own(integer)".into())
            );
        }
    }

    #[test]
    fn what_cannot_be_merged_or_kept_is_refused() {
        assert!(recipe(&facts("public", "avg", "real")).is_err());
        assert!(recipe(&facts("pg_catalog", "array_agg", "text")).is_err());
        let unkept = Facts {
            internal: true,
            combine: function("combine"),
            finish: function("final"),
            ..facts("public", "unkept", "integer")
        };
        assert!(recipe(&unkept).is_err());
    }
}
