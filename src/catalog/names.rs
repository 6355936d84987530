//! Names as users write them.

use crate::pg::Oid;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Under};
use pganalytics_core::error::Error;
use pganalytics_core::sql::qualified;

/// A relation to be made.
pub struct NewName {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl NewName {
    /// Reads `name` or `schema.name`, quoted as in SQL, and refuses it if there
    /// is a relation of that name.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rows = spi::run(
            // As names, so that what PostgreSQL would cut off is cut off once.
            "SELECT pg_catalog.array_length(parts, 1), parts[1]::pg_catalog.name, \
                    parts[2]::pg_catalog.name, pg_catalog.current_schema() \
             FROM pg_catalog.parse_ident($1) AS parts",
            vec![Arg::Text(text)],
            Under::Active,
        );
        let row = &rows[0];
        let new = match (row.number(0), row.text(1), row.text(2), row.text(3)) {
            (1, Some(name), _, Some(schema)) | (2, Some(schema), Some(name), _) => Self {
                schema: schema.into(),
                name: name.into(),
            },
            _ => {
                return Err(Error::BadArgument {
                    message: format!("invalid name: \"{text}\""),
                    hint: "Give a name, or a schema and a name, and have a schema in search_path that exists.",
                });
            }
        };
        match find(&new.sql()) {
            None => Ok(new),
            Some(_) => Err(Error::AlreadyExists { name: new.name }),
        }
    }

    /// As SQL.
    pub fn sql(&self) -> String {
        qualified(&self.schema, &self.name)
    }
}

/// The relation that `name` (as SQL) names.
pub fn find(name: &str) -> Option<Oid> {
    let rows = spi::run(
        "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid",
        vec![Arg::Text(name)],
        Under::Active,
    );
    rows[0].text(0).map(|_| rows[0].oid(0))
}

/// `name`, or a longer one if the schema of the extension's data has something of that
/// name: whoever may make things there must not be able to keep others from it.
pub fn unused(name: &str) -> String {
    let row = spi::latest(
        "SELECT pg_catalog.to_regclass($1) IS NOT NULL OR pg_catalog.to_regtype($1) IS NOT NULL",
        vec![Arg::Text(&format!("pganalytics_data.{name}"))],
    );
    if row.is_none_or(|row| row.known(0) == "f") {
        return name.into();
    }
    let random = uuid::Uuid::now_v7().simple().to_string();
    format!("{name}_{}", &random[20..])
}

/// The name of a relation as the caller would write it, for messages.
pub fn shown(relation: Oid) -> String {
    let rows = spi::run(
        "SELECT $1::pg_catalog.regclass",
        vec![Arg::Oid(relation)],
        Under::Latest,
    );
    rows[0].known(0).into()
}

/// Whether there is a relation with this number.
pub fn exists(relation: Oid) -> bool {
    spi::latest(
        "SELECT 1 FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(relation)],
    )
    .is_some()
}

/// The type of a column that the extension reads or writes without an executor.
#[derive(Clone, Copy)]
pub enum ColumnType {
    Uuid,
    Text,
    Bigint,
    Jsonb,
    Timestamptz,
    Xid8,
}

impl ColumnType {
    fn sql(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Jsonb => "jsonb",
            Self::Timestamptz => "timestamptz",
            Self::Xid8 => "xid8",
        }
    }
}

/// The number of a column of this name, which must be of this type.
pub fn column_of(
    relation: Oid,
    shown: impl Fn() -> String,
    name: &'static str,
    of: ColumnType,
) -> Result<i16, Error> {
    columns_of(relation, shown, [(name, of)]).map(|[number]| number)
}

/// The numbers of columns of these names, which must be of these types: the owner of
/// an event table can change them. `shown` names the table for the error.
pub fn columns_of<const N: usize>(
    relation: Oid,
    shown: impl Fn() -> String,
    wanted: [(&'static str, ColumnType); N],
) -> Result<[i16; N], Error> {
    let list = |text: fn((&'static str, ColumnType)) -> &'static str| {
        Arg::Texts(
            wanted
                .iter()
                .map(|column| text(*column).to_owned())
                .collect(),
        )
    };
    let rows = spi::run_kept(
        "SELECT a.attnum, a.atttypid OPERATOR(pg_catalog.=) w.of_type::pg_catalog.regtype \
         FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY AS w(name, of_type, place) \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) $1 \
           AND a.attname OPERATOR(pg_catalog.=) w.name::pg_catalog.name AND a.attnum OPERATOR(pg_catalog.>) 0 \
         ORDER BY w.place",
        vec![Arg::Oid(relation), list(|c| c.0), list(|c| c.1.sql())],
        Under::Latest,
    );
    let mut numbers = [0; N];
    for ((row, (column, of)), number) in rows.iter().zip(wanted).zip(&mut numbers) {
        *number = match (row.text(0), row.text(1)) {
            (Some(_), Some("t")) => row.number(0),
            (Some(_), _) => {
                return Err(Error::ColumnType {
                    table: shown(),
                    column,
                    expected: of.sql(),
                });
            }
            (None, _) => {
                return Err(Error::ColumnMissing {
                    table: shown(),
                    column,
                });
            }
        };
    }
    Ok(numbers)
}

/// Whether an index must be unique.
#[derive(Clone, Copy)]
pub enum Uniqueness {
    Any,
    Unique,
}

/// The btree index of a relation whose first keys are `columns`, in the order and
/// with the comparisons that their types have by default.
pub fn index_on(relation: Oid, columns: &[&str], uniqueness: Uniqueness) -> Result<Oid, Error> {
    let names: Vec<_> = columns.iter().map(|c| (*c).to_owned()).collect();
    let unique = matches!(uniqueness, Uniqueness::Unique);
    let _path = Settings::pin(ONLY_BUILT_IN);
    spi::run_kept(
        "SELECT i.indexrelid FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam \
         WHERE i.indrelid = $1 AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree' \
           AND i.indnkeyatts >= array_length($2, 1) \
           AND ($3 = 0 OR (i.indisunique AND i.indimmediate AND i.indnkeyatts = array_length($2, 1))) \
           AND $2 = ARRAY( \
               SELECT a.attname::text FROM generate_series(0, array_length($2, 1) - 1) AS n \
               JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = i.indkey[n] \
               JOIN pg_opclass o ON o.oid = i.indclass[n] \
               WHERE o.opcdefault AND i.indcollation[n] = a.attcollation AND i.indoption[n] = 0 ORDER BY n) \
         ORDER BY i.indexrelid LIMIT 1",
        vec![
            Arg::Oid(relation),
            Arg::Texts(names),
            Arg::Int(unique.into()),
        ],
        Under::Latest,
    )
    .first()
    .map(|row| row.oid(0))
    .ok_or_else(|| Error::MissingIndex {
        table: shown(relation),
        columns: columns.join(", "),
    })
}

/// The name of a relation as SQL, always qualified.
pub fn sql_name(relation: Oid) -> String {
    let rows = spi::run(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE c.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(relation)],
        Under::Latest,
    );
    rows.first().map_or_else(
        || relation.to_u32().to_string(),
        |r| qualified(r.known(0), r.known(1)),
    )
}

/// The schema of a relation.
pub fn schema_of(relation: Oid) -> String {
    spi::latest(
        "SELECT n.nspname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE c.oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(relation)],
    )
    .map_or_else(String::new, |row| row.known(0).into())
}

/// The options that somebody has given a view, as SQL.
pub fn view_options(view: Oid) -> Option<String> {
    let row = spi::latest(
        "SELECT pg_catalog.array_to_string(reloptions, ', ') FROM pg_catalog.pg_class \
         WHERE oid OPERATOR(pg_catalog.=) $1",
        vec![Arg::Oid(view)],
    )?;
    row.text(0).map(Into::into)
}

/// A column as users know it.
pub struct Described {
    pub name: String,
    /// Its type, with the modifier, and its collation.
    pub of: String,
}

/// The columns of a relation, in their order.
pub fn describe_columns(relation: Oid) -> Vec<Described> {
    spi::run(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
                CASE WHEN a.attcollation OPERATOR(pg_catalog.<>) t.typcollation \
                THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END \
         FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid \
         WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 \
           AND NOT a.attisdropped ORDER BY a.attnum",
        vec![Arg::Oid(relation)],
        Under::Latest,
    )
    .iter()
    .map(|row| Described {
        name: row.known(0).into(),
        of: match row.text(2) {
            Some(collation) => format!("{} COLLATE {collation}", row.known(1)),
            None => row.known(1).into(),
        },
    })
    .collect()
}
