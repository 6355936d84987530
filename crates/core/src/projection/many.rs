//! Merging many states of a component at once, as an aggregate.

use super::shape::Component;

impl Component {
    /// The merged value of the states `value` of a group of rows.
    pub(super) fn many(&self, value: &str) -> String {
        let function = self.merge.rsplit('.').next().unwrap_or_default();
        let function = function.trim_matches('"');
        let ends = |end: &str| function.ends_with(end);
        let aggregate = match function {
            "hyperloglog_union" => "pganalytics.rollup",
            "booland_statefunc" => "pg_catalog.bool_and",
            "boolor_statefunc" => "pg_catalog.bool_or",
            _ if ends("smaller") => "pg_catalog.min",
            _ if ends("larger") => "pg_catalog.max",
            _ if ends("and") => "pg_catalog.bit_and",
            _ if ends("xor") => "pg_catalog.bit_xor",
            _ if ends("or") => "pg_catalog.bit_or",
            _ => "pg_catalog.sum",
        };
        format!("({aggregate}({value}))::{}", self.column.sql_type)
    }
}
