-- Approximate distinct counts, and sketches that can be kept and merged.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_analytics;
SET search_path = pg_catalog, pganalytics, pg_temp;

-- 23,570 customers made 70,710 purchases. The standard error is 0.8 %.
CREATE TEMP TABLE purchases AS
SELECT i AS id, lpad((i % 23570 + 1)::text, 5, '0') AS customer, i % 500 AS day
FROM generate_series(1, 70710) AS i;
ANALYZE purchases;
SELECT count(DISTINCT customer) AS exact,
       approx_count_distinct(customer) AS approximate,
       abs(approx_count_distinct(customer) / 23570.0 - 1) < 3 * 1.04 / sqrt(16384) AS within_3_sigma
FROM purchases;

-- A sketch per day is kept; any range of days is merged from them. The result is
-- exactly the one that the events themselves give.
CREATE TEMP TABLE daily AS
SELECT day, hll(customer) AS customers FROM purchases GROUP BY day;
SELECT cardinality(rollup(customers)) FROM daily;
SELECT (SELECT cardinality(rollup(customers)) FROM daily WHERE day BETWEEN 10 AND 40)
     = (SELECT approx_count_distinct(customer) FROM purchases WHERE day BETWEEN 10 AND 40) AS same;
SELECT count(*) AS days_that_differ
FROM daily JOIN (SELECT day, approx_count_distinct(customer) AS n FROM purchases GROUP BY day) AS d USING (day)
WHERE cardinality(customers) <> n;

-- Two sketches: a function and its operator, in either order.
SELECT cardinality(hyperloglog_union(a.customers, b.customers)) AS union,
       a.customers || b.customers = b.customers || a.customers AS commutes,
       a.customers || a.customers = a.customers AS idempotent
FROM daily AS a, daily AS b WHERE a.day = 1 AND b.day = 2;

-- Any split of the events, merged, has the bytes of the whole.
SELECT parts, count(DISTINCT whole::text) AS different
FROM (SELECT parts, rollup(part) AS whole
      FROM (SELECT parts, hll(customer) AS part
            FROM purchases, unnest(ARRAY[1, 2, 7, 1000]) AS parts
            GROUP BY parts, hashint4(id) % parts) AS p
      GROUP BY parts) AS w
GROUP BY parts ORDER BY parts;
SELECT count(*) AS different FROM (
    SELECT hll(customer) FROM purchases
    UNION SELECT hll(customer ORDER BY customer DESC) FROM purchases
    UNION SELECT hll(DISTINCT customer) FROM purchases
    UNION SELECT rollup(customers) FROM daily
) AS all_of_them;

-- No values, or none but NULL: an empty sketch, and 0.
SELECT approx_count_distinct(customer), hll(customer), cardinality(hll(customer)) FROM purchases WHERE false;
SELECT approx_count_distinct(x), hll(x), rollup(NULL::hyperloglog) FROM (VALUES (NULL::int), (NULL)) AS v (x);
SELECT approx_count_distinct(x) FROM (VALUES (1), (NULL), (2), (1)) AS v (x);
SELECT cardinality(hll(1) || hll(NULL::int)) FROM generate_series(1, 3);
SELECT cardinality(NULL::hyperloglog) IS NULL AS cardinality, hll(1) || NULL IS NULL AS "union";

-- FILTER, DISTINCT and windows.
SELECT approx_count_distinct(customer) FILTER (WHERE day < 10) AS early,
       approx_count_distinct(DISTINCT day) AS days
FROM purchases;
SELECT x, approx_count_distinct(x) OVER (ORDER BY i) AS so_far,
       approx_count_distinct(x) OVER (ORDER BY i ROWS 1 PRECEDING) AS last_two,
       cardinality(hll(x) OVER (ORDER BY i)) AS by_sketch
FROM (VALUES (1, 'a'), (2, 'b'), (3, 'a'), (4, NULL), (5, 'c')) AS v (i, x);

-- Values that compare equal are one, whatever their type.
SELECT cardinality(hll(1::smallint) || hll(1::int) || hll(1::bigint) || hll(1::numeric) || hll(1.000)
                || hll(1::real) || hll(1::float8) || hll(1::oid)) AS ones;
SELECT cardinality(hll('ab'::text) || hll('ab'::varchar(5)) || hll('ab'::char(5)) || hll('ab'::name)) AS abs;
SELECT approx_count_distinct(x) AS numerics
FROM unnest(ARRAY[1.5, 1.50, 1.500, -1.5, 0, -0.0, 1e30, 1000000000000000000000000000000.0,
                  'NaN', 'NaN', 'Infinity', 9223372036854775807, 9223372036854775808]) AS x;
SELECT approx_count_distinct(x) AS floats FROM unnest(ARRAY[0, -0.0, 0.5, 'NaN', '-Infinity']::float8[]) AS x;
SELECT approx_count_distinct(x) AS intervals FROM unnest(ARRAY['1 month', '30 days', '720 hours', '1 day']::interval[]) AS x;

-- Every type can be counted.
CREATE DOMAIN pg_temp.small AS int CHECK (VALUE < 100);
CREATE TYPE pg_temp.mood AS ENUM ('good', 'bad');
SELECT approx_count_distinct(i % 2 = 0) AS bool, approx_count_distinct(i::smallint) AS int2,
       approx_count_distinct(i) AS int4, approx_count_distinct(i::bigint) AS int8,
       approx_count_distinct(i::pg_temp.small) AS domain, approx_count_distinct(i / 2.0) AS numeric,
       approx_count_distinct(i::real) AS float4, approx_count_distinct(i / 2::float8) AS float8
FROM generate_series(1, 50) AS i, generate_series(1, 2);
SELECT approx_count_distinct(md5(i::text)) AS text, approx_count_distinct(md5(i::text)::char(40)) AS bpchar,
       approx_count_distinct(md5(i::text)::name) AS name, approx_count_distinct(md5(i::text)::bytea) AS bytea,
       approx_count_distinct(md5(i::text)::uuid) AS uuid
FROM generate_series(1, 50) AS i, generate_series(1, 2);
SELECT approx_count_distinct('2024-01-01'::date + i) AS date,
       approx_count_distinct('2024-01-01'::timestamp + i * interval '1 hour') AS timestamp,
       approx_count_distinct('2024-01-01'::timestamptz + i * interval '1 hour') AS timestamptz,
       approx_count_distinct('00:00'::time + i * interval '1 minute') AS time,
       approx_count_distinct(i * interval '1 hour') AS interval
FROM generate_series(1, 50) AS i, generate_series(1, 2);
SELECT approx_count_distinct(ARRAY[i]) AS array, approx_count_distinct(jsonb_build_object('i', i)) AS jsonb,
       approx_count_distinct(ROW(i, i)) AS record, approx_count_distinct(int4range(i, i + 9)) AS range,
       approx_count_distinct('{good,bad}'::pg_temp.mood[]) AS enum_array,
       approx_count_distinct(enum_last(NULL::pg_temp.mood)) AS enum
FROM generate_series(1, 50) AS i, generate_series(1, 2);

-- Long values are read compressed and moved out of the row.
CREATE TEMP TABLE documents (body text);
ALTER TABLE documents ALTER body SET STORAGE external;
INSERT INTO documents SELECT repeat(md5(i::text), 200) FROM generate_series(1, 40) AS i;
ALTER TABLE documents ALTER body SET STORAGE extended;
INSERT INTO documents SELECT repeat(md5(i::text), 200) FROM generate_series(1, 60) AS i;
SELECT approx_count_distinct(body) FROM documents;

-- The precision is a choice: 1.04 / sqrt(2 ^ precision) of error for at most 2 ^ precision
-- * 0.8 bytes. Sketches of one precision merge; the empty one merges with any.
SELECT "precision", pg_column_size(sketch) AS bytes,
       abs(cardinality(sketch) / 23570.0 - 1) < 3 * 1.04 / sqrt(2 ^ "precision") AS within_3_sigma
FROM (SELECT 6 AS "precision", hll(customer, 6) AS sketch FROM purchases
      UNION ALL SELECT 10, hll(customer, 10) FROM purchases
      UNION ALL SELECT 18, hll(customer, 18) FROM purchases) AS s;
SELECT approx_count_distinct(customer, 10) = cardinality(hll(customer, 10)) AS same,
       approx_count_distinct(customer, 14) = approx_count_distinct(customer) AS is_default
FROM purchases;
SELECT hll(x, 10) || hll(x) FILTER (WHERE false) = hll(x, 10) AS empty FROM generate_series(1, 9) AS x;

-- Rolling uniques: who came within 30 days, every day, of a sketch for each day.
SELECT day, cardinality(customers) AS "of the day",
       cardinality(rollup(customers) OVER (ORDER BY day ROWS 29 PRECEDING)) AS "of 30 days"
FROM daily ORDER BY day LIMIT 3;
SELECT count(*) AS days, count(*) FILTER (WHERE cardinality(rolling) <> n) AS different
FROM (SELECT day, rollup(customers) OVER (ORDER BY day ROWS 29 PRECEDING) AS rolling FROM daily) AS r
JOIN LATERAL (SELECT approx_count_distinct(customer) AS n FROM purchases p WHERE p.day BETWEEN r.day - 29 AND r.day) AS x ON true
WHERE day % 25 = 0;

-- In a projection.
SET search_path = public, pganalytics;
SELECT create_event_table('visits', versions => 'optional');
INSERT INTO visits (event_type, aggregate_id, occurred_at)
SELECT 'visit', customer, timestamptz '2024-05-01' + day * interval '1 day' FROM purchases WHERE id <= 6000 AND day < 40;
SELECT create_projection('visitors', $$
    SELECT occurred_at::date AS day, pganalytics.hll(aggregate_id) AS visitors,
           pganalytics.approx_count_distinct(aggregate_id, 10) AS roughly, pganalytics.hll(aggregate_id, 12) AS precise
    FROM visits GROUP BY 1 $$);
CREATE VIEW differences AS
WITH query AS (SELECT occurred_at::date AS day, hll(aggregate_id) AS visitors, approx_count_distinct(aggregate_id, 10) AS roughly,
                      hll(aggregate_id, 12) AS precise FROM visits GROUP BY 1)
(TABLE query EXCEPT ALL TABLE visitors) UNION ALL (TABLE visitors EXCEPT ALL TABLE query);
SELECT count(*) AS differences FROM differences;
INSERT INTO visits (event_type, aggregate_id, occurred_at)
SELECT 'visit', customer, timestamptz '2024-05-01' + day * interval '1 day' FROM purchases WHERE id > 6000 AND day < 40 AND day % 3 = 0;
SELECT count(*) AS with_a_tail FROM differences;
SELECT refresh_projection('visitors') > 0 AS folded;
SELECT count(*) AS folded FROM differences;
INSERT INTO visits (event_type, aggregate_id, occurred_at) VALUES ('visit', 'late', '2024-05-02'), ('visit', 'late', '2024-04-01');
SELECT count(*) AS with_late_ones FROM differences;
SELECT refresh_projection('visitors');
SELECT count(*) AS folded FROM differences;
SELECT * FROM verify_projection('visitors');
DROP VIEW differences;
SELECT drop_projection('visitors');
DROP TABLE visits;
SET search_path = pg_catalog, pganalytics, pg_temp;

-- In parallel.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE UNLOGGED TABLE public.parallel_purchases AS TABLE purchases;
CREATE UNLOGGED TABLE public.parallel_daily AS TABLE daily;
ANALYZE public.parallel_purchases, public.parallel_daily;
EXPLAIN (COSTS OFF) SELECT approx_count_distinct(customer) FROM public.parallel_purchases;
SELECT approx_count_distinct(customer), cardinality(hll(customer)),
       approx_count_distinct(customer) FILTER (WHERE false) AS none
FROM public.parallel_purchases;
SELECT cardinality(rollup(customers)) FROM public.parallel_daily;
SELECT count(*) AS days_that_differ FROM (
    SELECT day, hll(customer) FROM public.parallel_purchases GROUP BY day
    EXCEPT ALL SELECT day, customers FROM daily
) AS d;
DROP TABLE public.parallel_purchases, public.parallel_daily;

-- A sketch is printed as text, and read back.
SELECT hll(i) FROM generate_series(1, 3) AS i;
SELECT cardinality('1:AQ4A+5eP7szhjgjqsL8K9r6tBQ=='::hyperloglog);
SELECT count(*) AS changed FROM daily WHERE customers::text::hyperloglog <> customers;

-- What is no sketch is refused.
SELECT 'hello'::hyperloglog;
\echo :SQLSTATE
SELECT '9:CQ4A'::hyperloglog;
\echo :SQLSTATE
SELECT '1:AQ4A+5eP7szhjgjqsL8K9r6tBA=='::hyperloglog;
\echo :SQLSTATE
SELECT '1:AR4A'::hyperloglog;
\echo :SQLSTATE
SELECT '1:AQQBZLc/kAAhAAUBAAAGgAAAAAIAAAA='::hyperloglog || hll(1);
\echo :SQLSTATE
SELECT hll(x, 3) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT hll(x, NULL) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT hll(x, 9 + x) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT hll_transition(NULL, 1);
\echo :SQLSTATE
