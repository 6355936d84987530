//! How the states of one column become one: two of them, or a whole set.

use crate::sql::literal;

/// The additions that split aggregates merge by, each with the aggregate (`{0}`: the
/// value) that does the same to a set, faster than merging its values two by two.
const OF_SETS: [(&str, &str); 5] = [
    (
        "\"pg_catalog\".\"int8pl\"",
        "pg_catalog.sum({0})::pg_catalog.int8",
    ),
    ("\"pg_catalog\".\"numeric_add\"", "pg_catalog.sum({0})"),
    ("\"pg_catalog\".\"float8pl\"", "pg_catalog.sum({0})"),
    ("\"pg_catalog\".\"interval_pl\"", "pg_catalog.sum({0})"),
    (
        "\"pganalytics\".\"hyperloglog_union\"",
        "pganalytics.rollup({0})",
    ),
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

    /// The merged value of two groups' values that are both there.
    #[must_use]
    pub fn pair(&self, left: &str, right: &str) -> String {
        match self {
            Self::Function { name, .. } => format!(
                "CASE WHEN {left} IS NULL THEN {right} WHEN {right} IS NULL THEN {left} ELSE {name}({left}, {right}) END"
            ),
            Self::State(aggregate) => {
                format!(
                    "pganalytics.merge_state({left}, {right}, {})",
                    constant(aggregate)
                )
            }
        }
    }

    /// The merged value of a set of values, as an aggregate call.
    #[must_use]
    pub fn many(&self, value: &str) -> String {
        match self {
            Self::Function { many, .. } => many.replace("{0}", value),
            Self::State(aggregate) => {
                format!("pganalytics.merge_states({value}, {})", constant(aggregate))
            }
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
            max.many("s.c1"),
            "pganalytics.merge_states(s.c1, 'pg_catalog.max(pg_catalog.text)'::pg_catalog.regprocedure)"
        );
        assert_eq!(
            max.pair("a", "b"),
            "CASE WHEN a IS NULL THEN b WHEN b IS NULL THEN a ELSE \"pg_catalog\".\"text_larger\"(a, b) END"
        );
    }

    #[test]
    fn states_are_told_whose_they_are() {
        let state = Merge::State("s.\"it's\"(integer)".into());
        assert_eq!(
            state.pair("a", "b"),
            "pganalytics.merge_state(a, b, 's.\"it''s\"(integer)'::pg_catalog.regprocedure)"
        );
    }
}
