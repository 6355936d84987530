//! The shape of a projection: its keys, its state columns, its outputs.

use super::merge::Merge;
use super::session::Sessions;
use super::values::Values;
use crate::sql::ident;

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

impl Column {
    /// As part of CREATE TABLE; the name needs no quotes.
    pub(super) fn definition(&self) -> String {
        let collation = self.collation.as_ref();
        let collation = collation.map_or(String::new(), |c| format!(" COLLATE {c}"));
        format!("{} {}{collation}", self.name, self.sql_type)
    }
}

/// A state column that merges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Where it is kept.
    pub column: Column,
    /// How its values merge.
    pub merge: Merge,
}

/// An aggregate of the query: its value is computed from components when read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The components it is made of, as indexes into [`Shape::components`].
    pub components: Vec<usize>,
    /// Its value, with `{0}`, `{1}` … for the components.
    pub finish: String,
    /// Its type.
    pub sql_type: String,
    /// Whether its values can be hashed, and thus compared.
    pub is_hashable: bool,
}

/// What the rows of a projection are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Groups.
    #[default]
    Grouped,
    /// Sessions of groups.
    Sessions(Sessions),
    /// What the query makes of each event, with the column of each output. Those that
    /// are named `event_id` and `position` are the event's own.
    Stateless(Vec<Column>),
}

/// All that fold and view need to know of a projection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// What its rows are. Stateless ones have no keys, components and aggregates.
    pub kind: Kind,
    /// The group keys, in the order of GROUP BY. None: one group, always there.
    pub keys: Vec<Column>,
    /// Indexes of the keys that can be hashed.
    pub hashable: Vec<usize>,
    /// The state columns.
    pub components: Vec<Component>,
    /// The aggregates of the target list and HAVING.
    pub aggregates: Vec<Aggregate>,
    /// What its aggregates with DISTINCT aggregate.
    pub values: Vec<Values>,
    /// The deparsed delta query, from a table expression named `event_source`: keys,
    /// components (but those of [`Shape::values`]) and the number of events of each
    /// group, or the rows of the state.
    pub delta: String,
    /// Whether an event can be several rows: the numbers in `delta` are of rows then.
    pub fans_out: bool,
    /// What keys and aggregates are called where people see them, one after the other.
    pub labels: Vec<String>,
    /// The deparsed output query, from a table expression named `groups` with
    /// columns `k1` … and `a1` …
    pub output: String,
    /// The names of the output columns.
    pub outputs: Vec<String>,
}

impl Shape {
    /// Whether only one transaction at a time may fold it, after it has seen what the
    /// others folded: its fold looks up more than the rows that it merges into.
    #[must_use]
    pub fn folds_alone(&self) -> bool {
        !self.values.is_empty() || matches!(self.kind, Kind::Sessions(_))
    }

    /// `k1, k2, c1 …` of a table alias; names need no quotes.
    pub(super) fn columns(&self, alias: &str) -> Vec<String> {
        self.keys
            .iter()
            .chain(self.components.iter().map(|c| &c.column))
            .map(|c| format!("{alias}{}", c.name))
            .collect()
    }

    /// How many events a fold took: as many as `rows`, where each makes one at most.
    pub(super) fn events_folded(&self, source: &str, rows: &str) -> String {
        if self.fans_out {
            format!("(SELECT pg_catalog.count(*) FROM ({source}) AS e)")
        } else {
            rows.into()
        }
    }

    /// The hash by which state and tail find each other, NULL keys included.
    pub(super) fn key_hash(&self, alias: &str) -> String {
        let keys = self.hashable_keys();
        hash_of(
            &keys
                .map(|k| format!("{alias}{}", k.name))
                .collect::<Vec<_>>(),
        )
    }

    /// The keys that can be hashed.
    pub(super) fn hashable_keys(&self) -> impl Iterator<Item = &Column> {
        self.hashable.iter().map(|i| &self.keys[*i])
    }

    /// The statements that make a relation `state` (quoted, qualified) of the hash and these
    /// columns, whose rows `unique` tells apart, found by the hash and `more` columns.
    ///
    /// Fill factor 50: merging rewrites a row in place (HOT). The hash is generated, so that
    /// a restore makes it anew: that of an enum, for one, is another in another database.
    pub(super) fn hashed_table(
        &self,
        state: &str,
        index_prefix: &str,
        columns: impl Iterator<Item = String>,
        unique: &str,
        more: &str,
    ) -> Vec<String> {
        let hash = format!(
            "key_hash pg_catalog.int8 NOT NULL GENERATED ALWAYS AS ({}) STORED",
            self.key_hash("")
        );
        let columns: Vec<_> = std::iter::once(hash).chain(columns).collect();
        let mut statements = vec![
            format!(
                "CREATE TABLE {state} ({}) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, \
                 autovacuum_analyze_scale_factor = 0.05)",
                columns.join(", ")
            ),
            format!(
                "CREATE UNIQUE INDEX {} ON {state} ({unique}) NULLS NOT DISTINCT",
                ident(&format!("{index_prefix}_key")),
            ),
            replicated_sql(state),
        ];
        if !self.keys.is_empty() {
            statements.push(format!(
                "CREATE INDEX {} ON {state} (key_hash{more})",
                ident(&format!("{index_prefix}_hash"))
            ));
        }
        statements
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

/// The hash of columns, NULLs included.
pub(super) fn hash_of(columns: &[String]) -> String {
    if columns.is_empty() {
        return "0::pg_catalog.int8".into();
    }
    format!(
        "pg_catalog.hash_record_extended(ROW({}), 0)",
        columns.join(", ")
    )
}

impl Component {
    /// The merged value of this component of two rows.
    pub(super) fn merged(&self, left: &str, right: &str) -> String {
        self.merge.two(&self.column.name, left, right)
    }
}

impl Aggregate {
    /// Its value, given the text of each of its components.
    pub(super) fn finished(&self, component: impl Fn(usize) -> String) -> String {
        let mut text = self.finish.clone();
        for (place, index) in self.components.iter().enumerate() {
            text = text.replace(&format!("{{{place}}}"), &format!("({})", component(*index)));
        }
        format!("({text})::{}", self.sql_type)
    }
}

/// The statement that lets a state be updated under a publication FOR ALL TABLES.
/// (It costs WAL where wal_level is logical, and nothing elsewhere.)
pub(super) fn replicated_sql(state: &str) -> String {
    format!("ALTER TABLE {state} REPLICA IDENTITY FULL")
}

/// A condition, always true, by which a view locks the tables `read`.
pub(super) fn locked_sql(read: &str) -> String {
    format!("NOT EXISTS (SELECT FROM {read} WHERE false)")
}
