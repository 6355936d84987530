-- The two schemas of the extension: what people call, and what it keeps.
--
-- The extension is trusted: its scripts run as a superuser for whoever owns the
-- database. So they make everything anew (no IF NOT EXISTS, no OR REPLACE: what is
-- there already could be somebody else's), and what they make is the superuser's.

CREATE SCHEMA pganalytics;
COMMENT ON SCHEMA pganalytics IS 'functions and views of pg_analytics';
GRANT USAGE ON SCHEMA pganalytics TO PUBLIC;

CREATE SCHEMA pganalytics_data;
COMMENT ON SCHEMA pganalytics_data IS 'segments, ledgers, heads and projection states that pg_analytics owns';
GRANT USAGE ON SCHEMA pganalytics_data TO PUBLIC;
