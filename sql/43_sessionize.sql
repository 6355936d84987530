-- Sessions of rows that are there: a window function, and the sessions of an event table.

CREATE FUNCTION pganalytics.sessionize(ts timestamptz, gap interval)
RETURNS bigint
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sessionize';
COMMENT ON FUNCTION pganalytics.sessionize(timestamptz, interval)
IS 'number of the session that the row belongs to, 1, 2 and so on within the partition, which must be ordered by ts, rising or falling; more than the gap between two rows splits, exactly the gap does not; NULL for a row without a time';

CREATE FUNCTION pganalytics.sessionize(ts timestamp, gap interval)
RETURNS bigint
LANGUAGE c WINDOW IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sessionize';
COMMENT ON FUNCTION pganalytics.sessionize(timestamp, interval)
IS 'number of the session that the row belongs to, 1, 2 and so on within the partition, which must be ordered by ts, rising or falling; more than the gap between two rows splits, exactly the gap does not; NULL for a row without a time';

CREATE FUNCTION pganalytics.sessions_query(
    event_table regclass, gap interval DEFAULT '30 minutes', "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL, entity text DEFAULT 'aggregate_id'
)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'sessions_query_wrapper';
COMMENT ON FUNCTION pganalytics.sessions_query(regclass, interval, timestamptz, timestamptz, text)
IS 'the query that sessions() runs with these arguments, for EXPLAIN';

CREATE FUNCTION pganalytics.sessions(
    event_table regclass, gap interval DEFAULT '30 minutes', "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL, INOUT entity text DEFAULT 'aggregate_id', OUT session bigint,
    OUT "start" timestamptz, OUT "end" timestamptz, OUT length interval, OUT events bigint,
    OUT first_event text, OUT last_event text
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.sessions_query($1, $2, $3, $4, $5);
END $$;
COMMENT ON FUNCTION pganalytics.sessions(regclass, interval, timestamptz, timestamptz, text)
IS 'the sessions of each entity that begin in ["from", "to"), whole, numbered as they begin; more than the gap between two events splits, exactly the gap does not; runs sessions_query() as whoever asks';
