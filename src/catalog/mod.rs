//! Everything that reads or writes the extension's own tables, under the latest
//! committed state and as their owner.

pub mod ddl;
pub mod duplicates;
pub mod entries;
pub mod event_tables;
pub mod incarnation;
pub mod ledgers;
pub mod lives;
pub mod names;
pub mod projections;
pub mod segments;
pub mod upkeep;
