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

CREATE FUNCTION pganalytics.hop(ts timestamptz, width interval, slide interval)
RETURNS SETOF timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'hop_wrapper';
COMMENT ON FUNCTION pganalytics.hop(timestamptz, interval, interval)
IS 'starts of all windows of this width that hold ts; one begins with every slide, counted as for tumble(); at most 1,000,000';

CREATE FUNCTION pganalytics.hop(ts timestamp, width interval, slide interval)
RETURNS SETOF timestamp
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'hop_wrapper';
COMMENT ON FUNCTION pganalytics.hop(timestamp, interval, interval)
IS 'starts of all windows of this width that hold ts; one begins with every slide, counted as for tumble(); at most 1,000,000';
