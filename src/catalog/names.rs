//! Names as users write them.

use crate::pg::Oid;
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
            "SELECT pg_catalog.array_length(parts, 1), parts[1], parts[2], pg_catalog.current_schema() \
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
        let there = spi::run(
            "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid",
            vec![Arg::Text(&new.sql())],
            Under::Active,
        );
        match there[0].text(0) {
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

/// The name of a relation as the caller would write it, for messages.
pub fn shown(relation: Oid) -> String {
    let rows = spi::run(
        "SELECT $1::pg_catalog.regclass",
        vec![Arg::Oid(relation)],
        Under::Latest,
    );
    rows[0].known(0).into()
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
