//! DISTINCT in aggregates: the values that each group has seen, in a table beside the
//! state. An aggregate over distinct values is the ordinary one over the values that the
//! tail brings and the table does not have.

use super::shape::{Column, Shape, hash_of};
use crate::sql::{literal, qualified};

/// Some values whose distinct ones are aggregated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The table of those seen, quoted and qualified.
    pub table: String,
    /// The values: `v1`, `v2` …
    pub columns: Vec<Column>,
    /// The deparsed query for keys and values of the events in `event_source`.
    pub found: String,
    /// The deparsed query for keys and components of the values in [`Values::fresh`].
    pub aggregated: String,
    /// The same for no values at all, without keys.
    pub nothing: String,
    /// The components it gives, as indexes into [`Shape::components`].
    pub components: Vec<usize>,
}

impl Values {
    /// The name of a projection's set of values number `index` among its tables.
    #[must_use]
    pub fn table_of(projection: i32, index: usize) -> String {
        qualified(
            "pganalytics_data",
            &format!("seen_{projection}_{}", index + 1),
        )
    }

    /// The table expression of the values that the tail brings and the table does not
    /// have: values, keys.
    #[must_use]
    pub fn fresh(index: usize) -> String {
        format!("fresh_{}", index + 1)
    }

    /// `v1, v2 …, k1, k2 …` of a table alias.
    fn names(&self, shape: &Shape, alias: &str) -> Vec<String> {
        let columns = self.columns.iter().chain(&shape.keys);
        columns.map(|c| format!("{alias}{}", c.name)).collect()
    }

    /// The hash of a row of a table alias.
    fn hash(&self, shape: &Shape, alias: &str) -> String {
        let hashed = self.columns.iter().chain(shape.hashable_keys());
        let hashed: Vec<_> = hashed.map(|c| format!("{alias}{}", c.name)).collect();
        hash_of(&hashed)
    }

    /// OFFSET 0 keeps the lookup one by one, through the index: joined, all values ever
    /// seen would be read for a tail of a few events.
    fn fresh_sql(&self, shape: &Shape, index: usize) -> String {
        format!(
            "{} AS MATERIALIZED (SELECT q.* FROM {} AS q \
             WHERE NOT EXISTS (SELECT FROM {} s WHERE {} OPERATOR(pg_catalog.=) {} AND {} OFFSET 0))",
            Self::fresh(index),
            self.distinct(shape),
            self.table,
            self.hash(shape, "s."),
            self.hash(shape, "q."),
            same_row(&self.names(shape, "s."), &self.names(shape, "q.")),
        )
    }

    /// The values and keys found, each once.
    fn distinct(&self, shape: &Shape) -> String {
        format!(
            "(SELECT DISTINCT * FROM ({}) AS q ({}))",
            self.found,
            self.names(shape, "").join(", ")
        )
    }

    /// The statements that make its table.
    #[must_use]
    pub fn table_sql(&self, shape: &Shape) -> Vec<String> {
        let columns = self
            .columns
            .iter()
            .chain(&shape.keys)
            .map(Column::definition);
        vec![
            format!(
                "CREATE TABLE {} ({})",
                self.table,
                columns.collect::<Vec<_>>().join(", ")
            ),
            // Not unique: one applier, and values of any length. Of an expression: the
            // hash of an enum, for one, is another where a dump is restored.
            format!(
                "CREATE INDEX ON {} (({}))",
                self.table,
                self.hash(shape, "")
            ),
        ]
    }
}

/// Whether an aggregate gives the same for a value however often it comes.
#[must_use]
pub fn ignores_repetition(schema: &str, name: &str) -> bool {
    match schema {
        "pg_catalog" => matches!(
            name,
            "min" | "max" | "bool_and" | "bool_or" | "every" | "bit_and" | "bit_or"
        ),
        "pganalytics" => matches!(name, "first" | "last" | "hll" | "approx_count_distinct"),
        _ => false,
    }
}

/// The value of `array_agg(DISTINCT …)`, of the array `{0}` of the values.
pub const SORTED_ARRAY: &str =
    "(SELECT pg_catalog.array_agg(u ORDER BY u) FROM pg_catalog.unnest({0}) AS u)";

/// The value of `string_agg(DISTINCT …, delimiter)`, likewise.
#[must_use]
pub fn sorted_text(delimiter: Option<&str>, sql_type: &str) -> String {
    // No brace of its own may look like the place of the array.
    let delimiter = match delimiter {
        Some(text) if text.contains('{') => {
            let quoted = text.replace('\\', "\\\\").replace('\'', "''");
            format!("E'{}'", quoted.replace('{', "\\x7B"))
        }
        Some(text) => literal(text),
        None => "NULL".into(),
    };
    format!(
        "(SELECT pg_catalog.string_agg(u, {delimiter}::{sql_type} ORDER BY u) FROM pg_catalog.unnest({{0}}) AS u)"
    )
}

/// Whether two rows are equal as groups are, by the types' own equality.
fn same_row(left: &[String], right: &[String]) -> String {
    format!(
        "pg_catalog.record_eq(ROW({}), ROW({}))",
        left.join(", "),
        right.join(", ")
    )
}

impl Shape {
    /// The table expressions of the fresh values, each after a comma.
    pub(super) fn fresh_values(&self) -> String {
        let each = self.values.iter().enumerate();
        each.map(|(index, values)| format!(", {}", values.fresh_sql(self, index)))
            .collect()
    }

    /// The same where nothing has been seen before.
    pub(super) fn all_values(&self) -> String {
        let each = self.values.iter().enumerate();
        each.map(|(index, values)| {
            let fresh = Values::fresh(index);
            let distinct = values.distinct(self);
            format!(", {fresh} AS MATERIALIZED (SELECT q.* FROM {distinct} AS q)")
        })
        .collect()
    }

    /// The table expressions that note the fresh values as seen, each after a comma.
    pub(super) fn noted_values(&self) -> String {
        let each = self.values.iter().enumerate();
        each.map(|(index, values)| {
            let names = values.names(self, "").join(", ");
            format!(
                ", noted_{} AS (INSERT INTO {} ({names}) SELECT {names} FROM {})",
                index + 1,
                values.table,
                Values::fresh(index)
            )
        })
        .collect()
    }

    /// The rows of the delta: keys, components, and the number of events.
    pub(super) fn delta_rows(&self) -> String {
        if self.values.is_empty() {
            return self.delta.clone();
        }
        let name = |index: usize| self.components[index].column.name.as_str();
        let keys: Vec<_> = self.keys.iter().map(|k| k.name.as_str()).collect();
        let mut plain = keys.clone();
        let mut outputs: Vec<_> = keys.iter().map(|k| format!("m.{k}")).collect();
        for index in 0..self.components.len() {
            let of = self
                .values
                .iter()
                .position(|v| v.components.contains(&index));
            outputs.push(match of {
                Some(of) => format!("COALESCE(x{of}.{0}, n{of}.{0})", name(index)),
                None => {
                    plain.push(name(index));
                    format!("m.{}", name(index))
                }
            });
        }
        plain.push("events");
        outputs.push("m.events".into());
        let mut from = format!("({}) AS m ({})", self.delta, plain.join(", "));
        for (index, values) in self.values.iter().enumerate() {
            let (x, n) = (format!("x{index}"), format!("n{index}"));
            let parts: Vec<_> = values.components.iter().map(|c| name(*c)).collect();
            let columns = [keys.clone(), parts.clone()].concat().join(", ");
            from += &format!(
                " LEFT JOIN ({}) AS {x} ({columns}) ON {} CROSS JOIN ({}) AS {n} ({})",
                values.aggregated,
                self.same_group("m.", &format!("{x}.")),
                values.nothing,
                parts.join(", ")
            );
        }
        format!("SELECT {} FROM {from}", outputs.join(", "))
    }

    fn same_group(&self, left: &str, right: &str) -> String {
        if self.keys.is_empty() {
            return "true".into();
        }
        let keys = |alias| self.keys.iter().map(move |k| format!("{alias}{}", k.name));
        format!(
            "{} OPERATOR(pg_catalog.=) {} AND {}",
            self.key_hash(left),
            self.key_hash(right),
            same_row(
                &keys(left).collect::<Vec<_>>(),
                &keys(right).collect::<Vec<_>>()
            )
        )
    }
}

#[cfg(test)]
mod tests;
