-- Windows of time.

CREATE FUNCTION pganalytics.tumble(ts timestamptz, width interval)
RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'tumble_wrapper';
COMMENT ON FUNCTION pganalytics.tumble(timestamptz, interval)
IS 'start of the tumbling window that holds ts; windows of days begin on 2001-01-01, a Monday, windows of months in January, both in UTC';

CREATE FUNCTION pganalytics.tumble(ts timestamp, width interval)
RETURNS timestamp
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'tumble_wrapper';
COMMENT ON FUNCTION pganalytics.tumble(timestamp, interval)
IS 'start of the tumbling window that holds ts; windows of days begin on 2001-01-01, a Monday, windows of months in January';
