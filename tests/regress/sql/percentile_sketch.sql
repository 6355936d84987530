-- Percentiles within a relative error, from sketches that can be kept and merged.
\set VERBOSITY default
SET client_min_messages = warning;
SET search_path = public, pganalytics;

-- 50,000 requests to three pages, in milliseconds: most are quick, a few take seconds.
CREATE TABLE requests AS
SELECT i AS id, 'page ' || i % 3 AS page, timestamptz '2024-05-01' + i * interval '1 minute' AS at,
       exp(((i * 7919) % 50000) / 5000.0) AS ms
FROM generate_series(1, 50000) AS i;
ANALYZE requests;
SELECT round(approx_percentile(0.5, percentile_sketch(ms))::numeric, 2) AS median,
       round((percentile_disc(0.5) WITHIN GROUP (ORDER BY ms))::numeric, 2) AS exact
FROM requests;

-- Within 1 % of percentile_disc, and within what was asked for.
SELECT error, max(abs(approx_percentile(f, sketch) / exact - 1)) <= error AS within
FROM (SELECT 0.01 AS error, percentile_sketch(ms) AS sketch FROM requests
      UNION ALL SELECT 0.001, percentile_sketch(ms, 0.001) FROM requests
      UNION ALL SELECT 0.2, percentile_sketch(ms, 0.2) FROM requests) AS s,
     LATERAL (SELECT f, percentile_disc(f) WITHIN GROUP (ORDER BY ms) AS exact
              FROM requests, unnest(ARRAY[0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999]) AS f GROUP BY f) AS e
GROUP BY error ORDER BY error;

-- Several at once; 0 and 1 are the least and the greatest value as they are.
SELECT approx_percentile(ARRAY[0, 0.9, NULL, 1], percentile_sketch(x)) FROM generate_series(1, 1000) AS x;
SELECT value_count(s), relative_error(s) FROM (SELECT percentile_sketch(ms) AS s FROM requests) AS q;

-- A sketch per day is kept; any range of days is merged from them, and is the sketch of
-- its rows.
CREATE TEMP TABLE daily AS
SELECT at::date AS day, percentile_sketch(ms) AS ms FROM requests GROUP BY 1;
SELECT (SELECT rollup(ms) FROM daily) = (SELECT percentile_sketch(ms) FROM requests) AS same,
       (SELECT rollup(ms) FROM daily WHERE day < '2024-05-15')
     = (SELECT percentile_sketch(ms ORDER BY ms) FROM requests WHERE at::date < '2024-05-15') AS two_weeks;
SELECT a.ms || b.ms = b.ms || a.ms AS commutes, value_count(a.ms || b.ms) AS requests
FROM daily AS a, daily AS b WHERE a.day = '2024-05-02' AND b.day = '2024-05-03';

-- The 95th percentile of the last seven days, every day.
SELECT day, round(approx_percentile(0.95, rollup(ms) OVER (ORDER BY day ROWS 6 PRECEDING))::numeric) AS p95,
       value_count(rollup(ms) OVER (ORDER BY day ROWS 6 PRECEDING)) AS requests
FROM daily ORDER BY day LIMIT 4;
SELECT x, approx_percentile(1, percentile_sketch(x) OVER (ORDER BY x)) AS greatest
FROM generate_series(1, 3) AS x;

-- NULL is no value. Of no values there is no percentile.
SELECT approx_percentile(0.5, percentile_sketch(x)) AS median, value_count(percentile_sketch(x))
FROM (VALUES (NULL::float8), (7), (NULL)) AS v (x);
SELECT approx_percentile(0.5, percentile_sketch(ms)), value_count(percentile_sketch(ms)), percentile_sketch(ms)
FROM requests WHERE false;
SELECT approx_percentile(NULL::float8, percentile_sketch(1)) IS NULL AS fraction, approx_percentile(0.5, NULL::percentile_sketch) IS NULL AS sketch;
SELECT rollup(NULL::percentile_sketch) = percentile_sketch(NULL::float8) AS empty;

-- Zeros, negative numbers and the infinities; NaN is the greatest number, as in ORDER BY.
SELECT approx_percentile(ARRAY[0, 0.2, 0.4, 0.5, 0.6, 0.8, 1], percentile_sketch(x))
FROM unnest('{NaN,0,-1,-0,Infinity,-Infinity,2}'::float8[]) AS x;

-- Numbers over more than 18 orders of magnitude: the sketch says that its error has grown.
SELECT relative_error(percentile_sketch(x)) = 0.01 AS eighteen FROM generate_series(1, 5000) AS i, exp(ln(10.0::float8) * 18 * i / 5001) AS x;
SELECT round(relative_error(percentile_sketch(x))::numeric, 4) AS error FROM generate_series(1, 5000) AS i, exp(i * 0.014::float8) AS x;

-- In parallel.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT approx_percentile(0.9, percentile_sketch(ms)) FROM requests;
SELECT percentile_sketch(ms) = (SELECT rollup(ms) FROM daily) AS same FROM requests;
RESET max_parallel_workers_per_gather;

-- In a projection: an expression over the sketch, and the sketch itself.
SELECT create_event_table('calls', versions => 'optional');
ALTER TABLE calls ADD COLUMN ms float8 GENERATED ALWAYS AS ((payload->>'ms')::float8) STORED;
INSERT INTO calls (event_type, aggregate_id, payload)
SELECT page, 'x', jsonb_build_object('ms', ms) FROM requests WHERE id <= 3000;
SELECT create_projection('latency', $$
    SELECT event_type AS page, pganalytics.approx_percentile(0.95, pganalytics.percentile_sketch(ms)) AS p95,
           pganalytics.percentile_sketch(ms, 0.05) AS ms, count(*) AS calls
    FROM calls GROUP BY 1 $$);
CREATE VIEW public.differences AS
WITH query AS (SELECT event_type AS page, approx_percentile(0.95, percentile_sketch(ms)) AS p95,
                      percentile_sketch(ms, 0.05) AS ms, count(*) AS calls FROM calls GROUP BY 1)
(TABLE query EXCEPT ALL TABLE latency) UNION ALL (TABLE latency EXCEPT ALL TABLE query);
SELECT count(*) AS differences FROM differences;
INSERT INTO calls (event_type, aggregate_id, payload)
SELECT page, 'x', jsonb_build_object('ms', ms) FROM requests WHERE id BETWEEN 3001 AND 4000;
SELECT count(*) AS with_a_tail FROM differences;
SELECT refresh_projection('latency');
SELECT count(*) AS folded FROM differences;
INSERT INTO calls (event_type, aggregate_id, occurred_at, payload) VALUES ('page 1', 'x', '2001-01-01', '{"ms": 1e12}'), ('page 9', 'x', '2001-01-01', '{}');
SELECT count(*) AS with_late_ones FROM differences;
SELECT refresh_projection('latency');
SELECT count(*) AS folded FROM differences;
SELECT * FROM verify_projection('latency');
SELECT round(approx_percentile(0.5, rollup(ms))::numeric) AS median FROM latency;
SELECT page, p95 IS NULL AS none, calls FROM latency ORDER BY page;
DROP VIEW public.differences;
SELECT drop_projection('latency');
DROP TABLE calls;

-- A sketch is printed as text, and read back.
SELECT percentile_sketch(x) FROM generate_series(1, 3) AS x;
SELECT approx_percentile(0.5, (percentile_sketch(x)::text)::percentile_sketch) AS median FROM generate_series(1, 3) AS x;
SELECT count(*) AS changed FROM daily WHERE ms::text::percentile_sketch <> ms;

-- What is refused.
SELECT approx_percentile(1.5, percentile_sketch(1));
\echo :SQLSTATE
SELECT approx_percentile(ARRAY[0.5, 'NaN'], percentile_sketch(1));
\echo :SQLSTATE
SELECT percentile_sketch(x, 0.9) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT percentile_sketch(x, NULL) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT percentile_sketch(x, x / 10.0) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT percentile_sketch(1, 0.02) || percentile_sketch(1);
\echo :SQLSTATE
SELECT 'hello'::percentile_sketch;
\echo :SQLSTATE
SELECT '1:AQAA66NlY3sUrkfheoQ/AAAAAAAA+H8AAAAAAADw/g=='::percentile_sketch;
\echo :SQLSTATE
SELECT '7:BwAA'::percentile_sketch;
\echo :SQLSTATE
SELECT percentile_transition(NULL, 1);
\echo :SQLSTATE
DROP TABLE requests;
