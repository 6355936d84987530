//! The extension's own tables, read as last committed and written as their owner,
//! and what PostgreSQL's catalogs say of the relations they name.

pub mod ddl;
pub mod duplicates;
pub mod entries;
pub mod event_tables;
pub mod generations;
pub mod incarnation;
pub mod inline;
pub mod ledgers;
pub mod letters;
pub mod lives;
pub mod names;
pub mod owners;
pub mod partials;
pub mod privileges;
pub mod projections;
pub mod segments;
pub mod state_key;
pub mod upkeep;
pub mod watermarks;
