//! Tests inside a server, one file per theme.
