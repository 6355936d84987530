//! Tests inside a server, one file per theme.

mod sketch;
mod window;
