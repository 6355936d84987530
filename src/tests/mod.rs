//! Tests inside a server, one file per theme.

mod sketch;
mod state;
mod window;
