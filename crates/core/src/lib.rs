//! The parts of pg_analytics that need no PostgreSQL: plain functions on plain
//! values, tested in milliseconds. The extension (root package) reads datums,
//! calls in here and writes the result back.

pub mod append;
pub mod chart;
pub mod checkpoint;
pub mod content;
pub mod coverage;
pub mod error;
pub mod fault;
pub mod fill;
pub mod funnel;
pub mod given;
pub mod hash;
pub mod hint;
pub mod hyperloglog;
pub mod interrupt;
pub mod ledger;
pub mod numeric;
pub mod own;
pub mod paths;
pub mod percentile;
pub mod place;
pub mod projection;
pub mod retention;
pub mod segment;
pub mod sequence;
pub mod series;
pub mod session;
pub mod sketch;
pub mod sql;
pub mod state;
pub mod timeline;
pub mod top_k;
pub mod version;
pub mod window;
pub mod worker;
