//! Which functions a projection may call.

/// Whether a STABLE function of `pg_catalog` reads the moment or the session
/// rather than its arguments and the settings that a projection pins.
#[must_use]
pub fn reads_the_session(name: &str, arguments: usize) -> bool {
    const PREFIXES: [&str; 12] = [
        "pg_",
        "txid_",
        "current_",
        "inet_client_",
        "inet_server_",
        "has_",
        "query_to_",
        "table_to_",
        "schema_to_",
        "database_to_",
        "cursor_to_",
        "to_reg",
    ];
    const NAMES: [&str; 9] = [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "session_user",
        "row_security_active",
        "obj_description",
        "col_description",
        "shobj_description",
        "format_type",
    ];
    // age(timestamp) counts from midnight of today.
    (name == "age" && arguments == 1)
        || NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::reads_the_session;

    #[test]
    fn clocks_are_told_from_conversions() {
        for clock in [
            "now",
            "statement_timestamp",
            "current_setting",
            "txid_current_snapshot",
        ] {
            assert!(reads_the_session(clock, 0), "{clock}");
        }
        assert!(reads_the_session("age", 1) && !reads_the_session("age", 2));
        for conversion in [
            "date_trunc",
            "timezone",
            "to_char",
            "timestamptz_in",
            "date_part",
        ] {
            assert!(!reads_the_session(conversion, 2), "{conversion}");
        }
    }
}
