//! Tables of the extension with a unique first column: heads and ledgers.

use crate::catalog::names::{self, Uniqueness, index_on};
use crate::pg::Oid;
use crate::pg::depend::goes_with;
use crate::pg::spi;
use crate::pg::unique::{Key, Target};
use pganalytics_core::error::Error;
use pganalytics_core::sql::ident;

/// Such a table and its one index.
#[derive(Clone, Copy)]
pub struct Keyed {
    pub table: Oid,
    pub index: Oid,
}

impl Keyed {
    pub fn of(table: Oid, key: &str) -> Result<Self, Error> {
        Ok(Self {
            table,
            index: index_on(table, &[key], Uniqueness::Unique)?,
        })
    }

    pub fn open(self, key: Key) -> Target {
        Target::open(self.table, self.index, key)
    }
}

/// Makes one, as the platform, dropped with the event table. It stays with the
/// extension: the trigger trusts its columns.
pub fn create(name: &str, columns: &str, root: Oid) -> Oid {
    let table = format!("pganalytics_data.{}", ident(&names::unused(name)));
    spi::execute(&format!("CREATE TABLE {table} ({columns})"));
    let relation = names::find(&table).unwrap_or(Oid::INVALID);
    goes_with(relation, root);
    relation
}
