//! How the states of one column become one: two of them, or a whole set.

use super::winner::Winner;
use crate::sql::literal;

pub(super) const INT8_ADD: &str = "\"pg_catalog\".\"int8pl\"";
pub(super) const NUMERIC_ADD: &str = "\"pg_catalog\".\"numeric_add\"";
pub(super) const FLOAT8_ADD: &str = "\"pg_catalog\".\"float8pl\"";
pub(super) const INTERVAL_ADD: &str = "\"pg_catalog\".\"interval_pl\"";
pub(super) const HYPERLOGLOG_UNION: &str = "\"pganalytics\".\"hyperloglog_union\"";
pub(super) const PERCENTILE_SKETCH_UNION: &str = "\"pganalytics\".\"percentile_sketch_union\"";
pub(super) const TOP_K_UNION: &str = "\"pganalytics\".\"top_k_union\"";

/// The additions that split aggregates merge by, each with the aggregate (`{0}`: the
/// value) that does the same to a set, faster than merging its values two by two.
const OF_SETS: [(&str, &str); 7] = [
    (INT8_ADD, "pg_catalog.sum({0})::pg_catalog.int8"),
    (NUMERIC_ADD, "pg_catalog.sum({0})"),
    (FLOAT8_ADD, "pg_catalog.sum({0})"),
    (INTERVAL_ADD, "pg_catalog.sum({0})"),
    (HYPERLOGLOG_UNION, "pganalytics.rollup({0})"),
    (PERCENTILE_SKETCH_UNION, "pganalytics.rollup({0})"),
    (TOP_K_UNION, "pganalytics.rollup({0})"),
];

/// How values of a state column merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// By a strict SQL function; NULL is the state of no input.
    Function {
        /// Its name, quoted.
        name: String,
        /// What does the same to a set: an aggregate call with `{0}` for the value.
        many: String,
    },
    /// As states of this aggregate (text that `regprocedure` reads): by its combine
    /// function, which may need to be called as the server itself calls it.
    State(String),
    /// With the rest of the row that wins.
    Winner(Winner),
}

impl Merge {
    /// By one of the additions above, or by the combine function `name` (quoted) of
    /// `aggregate`.
    #[must_use]
    pub fn function(name: &str, aggregate: &str) -> Self {
        let many = OF_SETS
            .iter()
            .find_map(|(function, many)| (*function == name).then(|| (*many).to_owned()))
            .unwrap_or_else(|| Self::State(aggregate.into()).many("{0}"));
        Self::Function {
            name: name.into(),
            many,
        }
    }

    /// The merged value of a column of two rows, given as table aliases. The left one may
    /// be missing: a state of NULL is not the same thing.
    pub(super) fn two(&self, column: &str, left: &str, right: &str) -> String {
        let (a, b) = (format!("{left}{column}"), format!("{right}{column}"));
        match self {
            Self::Function { name, .. } => {
                format!(
                    "CASE WHEN {a} IS NULL THEN {b} WHEN {b} IS NULL THEN {a} ELSE {name}({a}, {b}) END"
                )
            }
            Self::State(aggregate) => format!(
                "CASE WHEN {left}key_hash IS NULL THEN {b} ELSE pganalytics.merge_state({a}, {b}, {}) END",
                constant(aggregate)
            ),
            Self::Winner(winner) => winner.pair(column, left, right),
        }
    }

    /// The merged value of a column of many rows, as an aggregate call.
    #[must_use]
    pub fn many(&self, column: &str) -> String {
        match self {
            Self::Function { many, .. } => many.replace("{0}", column),
            Self::State(aggregate) => {
                format!(
                    "pganalytics.merge_states({column}, {})",
                    constant(aggregate)
                )
            }
            Self::Winner(winner) => winner.many(column, ""),
        }
    }
}

/// An aggregate as a constant: PostgreSQL knows what depends on it, and dumps its name.
pub(super) fn constant(aggregate: &str) -> String {
    format!("{}::pg_catalog.regprocedure", literal(aggregate))
}

#[cfg(test)]
mod tests {
    use super::Merge;

    #[test]
    fn additions_are_sums_of_sets() {
        let count = Merge::function("\"pg_catalog\".\"int8pl\"", "pg_catalog.count()");
        assert_eq!(count.many("c1"), "pg_catalog.sum(c1)::pg_catalog.int8");
    }

    #[test]
    fn other_combine_functions_go_by_their_aggregate() {
        let max = Merge::function(
            "\"pg_catalog\".\"text_larger\"",
            "pg_catalog.max(pg_catalog.text)",
        );
        assert_eq!(
            max.many("c1"),
            "pganalytics.merge_states(c1, 'pg_catalog.max(pg_catalog.text)'::pg_catalog.regprocedure)"
        );
        assert_eq!(
            max.two("c1", "s.", "t."),
            "CASE WHEN s.c1 IS NULL THEN t.c1 WHEN t.c1 IS NULL THEN s.c1 \
             ELSE \"pg_catalog\".\"text_larger\"(s.c1, t.c1) END"
        );
    }

    #[test]
    fn states_are_told_whose_they_are() {
        let state = Merge::State("s.\"it's\"(integer)".into());
        assert_eq!(
            state.two("c1", "s.", "t."),
            "CASE WHEN s.key_hash IS NULL THEN t.c1 \
             ELSE pganalytics.merge_state(s.c1, t.c1, 's.\"it''s\"(integer)'::pg_catalog.regprocedure) END"
        );
    }
}
