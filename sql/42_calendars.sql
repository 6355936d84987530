-- Windows by the clocks of a time zone, from an origin, and as they grow.

CREATE FUNCTION pganalytics.tumble(ts timestamptz, width interval, timezone text, origin timestamptz DEFAULT NULL)
RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'tumble_zoned_wrapper';
COMMENT ON FUNCTION pganalytics.tumble(timestamptz, interval, text, timestamptz)
IS 'start of the tumbling window that holds ts; windows of whole days or months are those of the time zone''s clocks, those of time are of elapsed time; counted from the origin, without one from Monday 2001-01-01 00:00 in the time zone';

CREATE FUNCTION pganalytics.tumble(ts timestamptz, width interval, origin timestamptz)
RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'tumble_from_wrapper';
COMMENT ON FUNCTION pganalytics.tumble(timestamptz, interval, timestamptz)
IS 'start of the tumbling window that holds ts, counted in UTC from the origin; months on begin on its day of the month, or the last one there is';

CREATE FUNCTION pganalytics.tumble(ts timestamp, width interval, origin timestamp)
RETURNS timestamp
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'tumble_from_wrapper';
COMMENT ON FUNCTION pganalytics.tumble(timestamp, interval, timestamp)
IS 'start of the tumbling window that holds ts, counted from the origin; months on begin on its day of the month, or the last one there is';

CREATE FUNCTION pganalytics.hop(
    ts timestamptz, width interval, slide interval, timezone text, origin timestamptz DEFAULT NULL
)
RETURNS SETOF timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'hop_zoned_wrapper';
COMMENT ON FUNCTION pganalytics.hop(timestamptz, interval, interval, text, timestamptz)
IS 'starts of all windows of this width that hold ts; one begins with every slide, counted as for tumble(); in a time zone days and months do not slide by time; at most 1,000,000';

CREATE FUNCTION pganalytics.hop(ts timestamptz, width interval, slide interval, origin timestamptz)
RETURNS SETOF timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'hop_from_wrapper';
COMMENT ON FUNCTION pganalytics.hop(timestamptz, interval, interval, timestamptz)
IS 'starts of all windows of this width that hold ts; one begins with every slide, counted in UTC from the origin; at most 1,000,000';

CREATE FUNCTION pganalytics.hop(ts timestamp, width interval, slide interval, origin timestamp)
RETURNS SETOF timestamp
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'hop_from_wrapper';
COMMENT ON FUNCTION pganalytics.hop(timestamp, interval, interval, timestamp)
IS 'starts of all windows of this width that hold ts; one begins with every slide, counted from the origin; at most 1,000,000';

CREATE FUNCTION pganalytics.cumulate(
    ts timestamptz, step interval, width interval, timezone text DEFAULT 'UTC', origin timestamptz DEFAULT NULL
)
RETURNS SETOF tstzrange
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'cumulate_zoned_wrapper';
COMMENT ON FUNCTION pganalytics.cumulate(timestamptz, interval, interval, text, timestamptz)
IS 'the tumbling window that holds ts as it grows: the ranges from its start to one step on, two steps on and so on, the last to its end, of which those that hold ts; at most 1,000,000';

CREATE FUNCTION pganalytics.cumulate(ts timestamp, step interval, width interval, origin timestamp DEFAULT NULL)
RETURNS SETOF tsrange
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'cumulate_wrapper';
COMMENT ON FUNCTION pganalytics.cumulate(timestamp, interval, interval, timestamp)
IS 'the tumbling window that holds ts as it grows: the ranges from its start to one step on, two steps on and so on, the last to its end, of which those that hold ts; at most 1,000,000';

CREATE FUNCTION pganalytics.window_starts(
    "from" timestamptz, "to" timestamptz, width interval, timezone text DEFAULT 'UTC', origin timestamptz DEFAULT NULL
)
RETURNS SETOF timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1000
AS 'MODULE_PATHNAME', 'window_starts_zoned_wrapper';
COMMENT ON FUNCTION pganalytics.window_starts(timestamptz, timestamptz, interval, text, timestamptz)
IS 'starts of all windows of tumble() that begin in ["from", "to")';

CREATE FUNCTION pganalytics.window_starts("from" timestamp, "to" timestamp, width interval, origin timestamp DEFAULT NULL)
RETURNS SETOF timestamp
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1000
AS 'MODULE_PATHNAME', 'window_starts_wrapper';
COMMENT ON FUNCTION pganalytics.window_starts(timestamp, timestamp, interval, timestamp)
IS 'starts of all windows of tumble() that begin in ["from", "to")';
