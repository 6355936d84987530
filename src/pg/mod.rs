//! The only place with `pg_sys` and `unsafe`: what the rest of the extension needs of
//! the server, behind safe types.

pub mod aggregate;
pub mod datum_hash;
pub mod error;
pub mod message;
