-- The two schemas of the extension: what people call, and what it keeps.

CREATE SCHEMA pganalytics;
COMMENT ON SCHEMA pganalytics IS 'functions and views of pg_analytics';
GRANT USAGE ON SCHEMA pganalytics TO PUBLIC;

CREATE SCHEMA pganalytics_data;
COMMENT ON SCHEMA pganalytics_data IS 'segments, ledgers, heads and projection states that pg_analytics owns';
GRANT USAGE ON SCHEMA pganalytics_data TO PUBLIC;
