//! Tests inside a server, one file per theme.

mod plans;
mod sketch;
mod state;
mod window;
