-- Session windows in projections.

CREATE FUNCTION pganalytics.session(ts timestamptz, gap interval)
RETURNS tstzrange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.tstzrange(ts, ts, '[]') $$;
COMMENT ON FUNCTION pganalytics.session(timestamptz, interval)
IS 'as a GROUP BY key of a projection: the session that the event belongs to, from its first event to its last; events at most gap apart are in one, those without a time in none. Elsewhere [ts,ts]';

CREATE FUNCTION pganalytics.session(ts timestamp, gap interval)
RETURNS tsrange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.tsrange(ts, ts, '[]') $$;
COMMENT ON FUNCTION pganalytics.session(timestamp, interval)
IS 'as a GROUP BY key of a projection: the session that the event belongs to, from its first event to its last; events at most gap apart are in one, those without a time in none. Elsewhere [ts,ts]';

CREATE FUNCTION pganalytics.shift_time(ts timestamptz, micros bigint)
RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'shift_time_wrapper';
COMMENT ON FUNCTION pganalytics.shift_time(timestamptz, bigint)
IS 'internal: ts moved by so many microseconds, at most to the first or last timestamp there is; for the session windows of projections';

CREATE FUNCTION pganalytics.shift_time(ts timestamp, micros bigint)
RETURNS timestamp
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'shift_time_wrapper';
COMMENT ON FUNCTION pganalytics.shift_time(timestamp, bigint)
IS 'internal: ts moved by so many microseconds, at most to the first or last timestamp there is; for the session windows of projections';
