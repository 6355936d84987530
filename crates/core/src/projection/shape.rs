//! The shape of a projection: its keys, its state columns, its outputs.

use super::session::{self, Sessions};
use crate::sql::ident;

/// What a row of the state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group.
    Grouped,
    /// A session of a group.
    Sessions(Sessions),
}

/// A column of the state: its type as SQL, qualified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the state: `k1`, `k2` … or `c1`, `c2` …
    pub name: String,
    /// Its type.
    pub sql_type: String,
    /// Its collation where that is not the type's own, quoted.
    pub collation: Option<String>,
}

/// A state column that merges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Where it is kept.
    pub column: Column,
    /// The SQL function that merges two of its values, quoted.
    pub merge: String,
}

/// An aggregate of the query: its value is computed from components when read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The components it is made of, as indexes into [`Shape::components`].
    pub components: Vec<usize>,
    /// Its value, with `{0}`, `{1}` … for the components.
    pub finish: &'static str,
    /// Its type.
    pub sql_type: String,
}

/// All that fold and view need to know of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What a row of the state is.
    pub kind: Kind,
    /// The group keys, in the order of GROUP BY. None: one group, always there.
    pub keys: Vec<Column>,
    /// Indexes of the keys that can be hashed.
    pub hashable: Vec<usize>,
    /// The state columns.
    pub components: Vec<Component>,
    /// The aggregates of the target list and HAVING.
    pub aggregates: Vec<Aggregate>,
    /// The deparsed delta query: keys, components and the number of events of
    /// each group, from a table expression named `event_source`.
    pub delta: String,
    /// The deparsed output query, from a table expression named `groups` with
    /// columns `k1` … and `a1` …
    pub output: String,
    /// The names of the output columns.
    pub outputs: Vec<String>,
}

impl Shape {
    /// `k1, k2, c1 …` of a table alias; names need no quotes.
    pub(super) fn columns(&self, alias: &str) -> Vec<String> {
        self.keys
            .iter()
            .chain(self.components.iter().map(|c| &c.column))
            .map(|c| format!("{alias}{}", c.name))
            .collect()
    }

    /// The hash by which state and tail find each other, NULL keys included.
    pub(super) fn key_hash(&self, alias: &str) -> String {
        if self.hashable.is_empty() {
            return "0::pg_catalog.int8".into();
        }
        let keys: Vec<_> = self
            .hashable
            .iter()
            .map(|i| format!("{alias}{}", self.keys[*i].name))
            .collect();
        format!(
            "pg_catalog.hash_record_extended(ROW({}), 0)",
            keys.join(", ")
        )
    }

    /// The columns that identify a group in the state.
    pub(super) fn conflict_target(&self) -> String {
        if self.keys.is_empty() {
            return "key_hash".into();
        }
        let keys: Vec<_> = self.keys.iter().map(|k| k.name.as_str()).collect();
        keys.join(", ")
    }
}

impl Component {
    /// The merged value of two states of this component.
    pub(super) fn merged(&self, left: &str, right: &str) -> String {
        let name = &self.column.name;
        format!(
            "CASE WHEN {left}{name} IS NULL THEN {right}{name} WHEN {right}{name} IS NULL THEN {left}{name} \
             ELSE {}({left}{name}, {right}{name}) END",
            self.merge
        )
    }
}

impl Aggregate {
    /// Its value, given the text of each of its components.
    pub(super) fn finished(&self, component: impl Fn(usize) -> String) -> String {
        let mut text = self.finish.to_owned();
        for (place, index) in self.components.iter().enumerate() {
            text = text.replace(&format!("{{{place}}}"), &format!("({})", component(*index)));
        }
        format!("({text})::{}", self.sql_type)
    }
}

/// Columns as CREATE TABLE has them.
pub(super) fn columns_sql<'a>(columns: impl Iterator<Item = &'a Column>) -> Vec<String> {
    let column = |column: &Column| {
        let collation = column.collation.as_ref();
        let collation = collation.map(|c| format!(" COLLATE {c}"));
        format!(
            "{} {}{}",
            column.name,
            column.sql_type,
            collation.unwrap_or_default()
        )
    };
    columns.map(column).collect()
}

/// The condition that rows of two relations have the same keys.
pub(super) fn same_keys(shape: &Shape, left: &str, right: &str) -> String {
    std::iter::once(format!(
        "{left}key_hash OPERATOR(pg_catalog.=) {right}key_hash"
    ))
    .chain(
        shape
            .keys
            .iter()
            .map(|k| format!("{left}{0} IS NOT DISTINCT FROM {right}{0}", k.name)),
    )
    .collect::<Vec<_>>()
    .join(" AND ")
}

/// The statements that make the state relation `state` (quoted, qualified).
///
/// Fill factor 50: merging a group rewrites its row in place (HOT).
#[must_use]
pub fn state_table_sql(shape: &Shape, state: &str, index_prefix: &str) -> Vec<String> {
    if let Kind::Sessions(sessions) = &shape.kind {
        return session::state_table_sql(shape, sessions, state, index_prefix);
    }
    let mut columns = vec!["key_hash pg_catalog.int8 NOT NULL".to_owned()];
    columns.extend(columns_sql(shape.keys.iter()));
    columns.extend(columns_sql(shape.components.iter().map(|c| &c.column)));
    let mut statements = vec![
        format!(
            "CREATE TABLE {state} ({}) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, \
             autovacuum_analyze_scale_factor = 0.05)",
            columns.join(", ")
        ),
        format!(
            "CREATE UNIQUE INDEX {} ON {state} ({}) NULLS NOT DISTINCT",
            ident(&format!("{index_prefix}_key")),
            shape.conflict_target()
        ),
        // A publication FOR ALL TABLES would otherwise forbid to update it. (It costs
        // WAL where wal_level is logical, and nothing elsewhere.)
        format!("ALTER TABLE {state} REPLICA IDENTITY FULL"),
    ];
    if !shape.keys.is_empty() {
        statements.push(format!(
            "CREATE INDEX {} ON {state} (key_hash)",
            ident(&format!("{index_prefix}_hash"))
        ));
    }
    statements
}
