-- Charts of text, for psql and wherever else text is shown.

CREATE FUNCTION pganalytics.bar(value double precision, max double precision, width integer DEFAULT 40)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'bar_wrapper';
COMMENT ON FUNCTION pganalytics.bar(double precision, double precision, integer)
IS 'bar of width cells for max, in eighths of cells; more than max is drawn as max, what is not above 0 is empty';

CREATE FUNCTION pganalytics.sparkline_transition(internal, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sparkline_transition_wrapper';
COMMENT ON FUNCTION pganalytics.sparkline_transition(internal, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.sparkline_transition(internal, double precision, double precision, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sparkline_scale_transition_wrapper';
COMMENT ON FUNCTION pganalytics.sparkline_transition(internal, double precision, double precision, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.sparkline_final(internal)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sparkline_final_wrapper';
COMMENT ON FUNCTION pganalytics.sparkline_final(internal)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.sparkline(value double precision) (
    SFUNC = pganalytics.sparkline_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.sparkline_final,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.sparkline(double precision)
IS 'a character for each row in eight heights, from the least value to the greatest: give it ORDER BY; null and NaN are gaps';

CREATE AGGREGATE pganalytics.sparkline(value double precision, min double precision, max double precision) (
    SFUNC = pganalytics.sparkline_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.sparkline_final,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.sparkline(double precision, double precision, double precision)
IS 'the same on a scale from min to max, those of the first row; null: that of the values';
