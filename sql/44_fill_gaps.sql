-- Rows for windows that have none.

CREATE FUNCTION pganalytics.fill_gaps_query(
    relation regclass, time_column text, width interval, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    method text DEFAULT 'zero', timezone text DEFAULT NULL, by text [] DEFAULT NULL
)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'fill_gaps_query_wrapper';
COMMENT ON FUNCTION pganalytics.fill_gaps_query(regclass, text, interval, timestamptz, timestamptz, text, text, text [])
IS 'the query that fill_gaps() runs with these arguments, for EXPLAIN';

CREATE FUNCTION pganalytics.fill_gaps(
    row_type anyelement, time_column text, width interval, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    method text DEFAULT 'zero', timezone text DEFAULT NULL, by text [] DEFAULT NULL
)
RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.fill_gaps_query(
        (SELECT t.typrelid FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.pg_typeof($1)),
        $2, $3, $4, $5, $6, $7, $8);
END $$;
COMMENT ON FUNCTION pganalytics.fill_gaps(anyelement, text, interval, timestamptz, timestamptz, text, text, text [])
IS 'the rows of the table or view whose row type is given (NULL::daily) with a time in ["from", "to"), and one row for each window of tumble() that begins there and has none, for each series of the columns by: numbers of it are zero, the last value or between the neighbours (method zero, last, linear), other columns NULL; runs fill_gaps_query() as whoever asks';
