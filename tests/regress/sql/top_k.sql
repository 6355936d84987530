-- The most frequent values in bounded memory, each with a count and an error.
\set VERBOSITY default
SET client_min_messages = warning;
SET search_path = public, pganalytics;

-- Page views: page n gets 20000 / n of them, 178,000 over 5,000 pages.
CREATE TABLE views AS
SELECT row_number() OVER (ORDER BY hashint8(n * 65536::bigint + i)) AS id, '/page/' || n AS page, i % 30 AS day
FROM generate_series(1, 5000) AS n, generate_series(1, 20000 / n) AS i ORDER BY 1;
ANALYZE views;
SELECT value, count, error FROM top_values((SELECT top_k(page) FROM views), 5);

-- Each occurred at most count and at least count - error times. Of 50 that are counted,
-- whatever makes up more than a 50th is one.
WITH counted AS (SELECT c.* FROM (SELECT top_k(page, 50) AS sketch FROM views) AS s, top_values(sketch, 1000) AS c),
     truth AS (SELECT page, count(*) AS times, count(*) > (SELECT count(*) FROM views) / 50 AS must FROM views GROUP BY 1)
SELECT count(value) AS counted, bool_and(times BETWEEN count - error AND count) AS within,
       count(*) FILTER (WHERE must) AS must, count(*) FILTER (WHERE must AND value IS NULL) AS overlooked
FROM truth LEFT JOIN counted ON value = page;

-- Not more different values than the capacity: the counts are exact.
SELECT value AS day, count, error, count = (SELECT count(*) FROM views WHERE day = v.value::int) AS exact
FROM (SELECT top_k(day) AS days FROM views) AS s, top_values(days, 3) AS v;

-- A sketch per day is kept; any range of days is merged from them.
CREATE TEMP TABLE daily AS SELECT day, top_k(page) AS pages FROM views GROUP BY day;
SELECT value, 6666 BETWEEN count - error AND count AS within
FROM top_values((SELECT rollup(pages) FROM daily)) AS v WHERE value = '/page/3';
SELECT a.pages || b.pages = b.pages || a.pages AS commutes,
       value_count(a.pages || b.pages) = value_count(a.pages) + value_count(b.pages) AS adds_up
FROM daily AS a, daily AS b WHERE a.day = 1 AND b.day = 2;

-- As window functions.
SELECT i, x, top_k(x) OVER (ORDER BY i) AS so_far
FROM (VALUES (1, 'a'), (2, 'b'), (3, 'b'), (4, NULL), (5, 'a')) AS v (i, x);
SELECT day, (top_values(rollup(pages) OVER (ORDER BY day ROWS 6 PRECEDING), 1)).value FROM daily ORDER BY day LIMIT 3;

-- NULL is no value; of no values the sketch is empty. Of equal counts the first in the
-- order of bytes comes first.
SELECT v.* FROM (SELECT top_k(x) AS s FROM (VALUES (NULL), ('b'), (NULL), ('a'), ('B')) AS v (x)) AS q, top_values(s) AS v;
SELECT top_k(page), value_count(top_k(page)) FROM views WHERE false;
SELECT top_k(NULL::int), rollup(NULL::top_k_sketch) = top_k(NULL::text) AS empty;

-- Values of any type, as they print: 1.0 is not 1.
SELECT array_agg(format('%s × %s', v.value, count)) FROM (SELECT top_k(x) AS s FROM unnest(ARRAY[1, 1.0, 2, 1, 2]) AS x) AS q, top_values(s) AS v;
SELECT v.* FROM (SELECT top_k(d) AS s FROM unnest('{2024-05-01,2024-05-02,2024-05-01}'::date[]) AS d) AS q, top_values(s) AS v;
SELECT v.value FROM (SELECT top_k(ROW(x, ARRAY[x])) AS s FROM generate_series(1, 2) AS x) AS q, top_values(s) AS v;

-- In parallel.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT top_k(page) FROM views;
SELECT value, 20000 BETWEEN count - error AND count AS within FROM top_values((SELECT top_k(page) FROM views), 1);
SELECT top_k(day) = (SELECT rollup(days) FROM (SELECT top_k(day ORDER BY id DESC) AS days FROM views GROUP BY page) AS p) AS same FROM views;
RESET max_parallel_workers_per_gather;

-- In a projection. As long as a group has not more values than the capacity it equals its
-- query.
SELECT create_event_table('searches', versions => 'optional');
INSERT INTO searches (event_type, aggregate_id, payload)
SELECT 'search', 'x', jsonb_build_object('lang', id % 2, 'words', page) FROM views WHERE id <= 2000 AND length(page) < 8;
SELECT create_projection('popular', $$
    SELECT payload->>'lang' AS lang, pganalytics.top_k(payload->>'words') AS words, pganalytics.top_k(version, 5) AS versions
    FROM searches GROUP BY 1 $$);
CREATE VIEW public.differences AS
WITH query AS (SELECT payload->>'lang' AS lang, top_k(payload->>'words') AS words, top_k(version, 5) AS versions FROM searches GROUP BY 1)
(TABLE query EXCEPT ALL TABLE popular) UNION ALL (TABLE popular EXCEPT ALL TABLE query);
SELECT count(*) AS differences FROM differences;
INSERT INTO searches (event_type, aggregate_id, payload)
SELECT 'search', 'x', jsonb_build_object('lang', id % 3, 'words', page) FROM views WHERE id BETWEEN 2001 AND 2500 AND length(page) < 8;
SELECT count(*) AS with_a_tail FROM differences;
SELECT refresh_projection('popular');
SELECT count(*) AS folded FROM differences;
INSERT INTO searches (event_type, aggregate_id, occurred_at, payload) VALUES ('search', 'x', '2001-01-01', '{"lang": 0, "words": "late"}');
SELECT count(*) AS with_a_late_one FROM differences;
SELECT refresh_projection('popular');
SELECT count(*) AS folded FROM differences;
SELECT * FROM verify_projection('popular');
SELECT lang, v.value FROM popular, top_values(words, 2) AS v ORDER BY lang, count DESC;
DROP VIEW public.differences;
SELECT drop_projection('popular');
DROP TABLE searches;

-- A sketch is printed as text, and read back.
SELECT top_k(x, 2) FROM (VALUES ('tea'), ('cup'), ('tea'), ('a "quoted" \ word'), ('')) AS v (x);
SELECT v.* FROM top_values('1:2/5/1{"tea"=2,""=1}') AS v;
SELECT count(*) AS changed FROM daily WHERE pages::text::top_k_sketch <> pages;

-- What is refused.
SELECT top_k(x, 0) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT top_k(x, NULL) FROM generate_series(1, 3) AS x;
\echo :SQLSTATE
SELECT top_k(1, 5) || top_k(1);
\echo :SQLSTATE
SELECT * FROM top_values((SELECT top_k(1)), -1);
\echo :SQLSTATE
SELECT 'hello'::top_k_sketch;
\echo :SQLSTATE
SELECT '1:2/5/3{"tea"=2}'::top_k_sketch;
\echo :SQLSTATE
SELECT '9:2/5/1{}'::top_k_sketch;
\echo :SQLSTATE
SELECT top_k_transition(NULL, 1);
\echo :SQLSTATE
DROP TABLE views;
