-- Rows for windows that have none.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET IntervalStyle = 'postgres';
CREATE TABLE daily (day timestamptz, shop text, sales bigint, revenue numeric(8,2), rate float8, note text);
INSERT INTO daily VALUES
    ('2024-03-29 00:00+00', 'north', 4, 40.00, 1, 'first'), ('2024-04-01 00:00+00', 'north', 7, 70.50, 2, 'last'),
    ('2024-03-30 00:00+00', 'south', 1, 9.99, NULL, NULL), ('2024-04-02 00:00+00', 'south', 3, NULL, 4, NULL);

-- A row for each day of each shop, with zeros.
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', by => '{shop}');
-- The last value goes on; there is none before the first.
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', '2024-03-29', '2024-04-03', 'last', by => '{shop}');
-- On the line between neighbours; nothing before the first and after the last. Integers are rounded.
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', '2024-03-28', '2024-04-03', 'linear', by => '{shop}');
-- Without "by" all rows are one series.
SELECT day, sales FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day');

-- Days of a time zone: in Berlin one of them has 23 hours.
CREATE VIEW berlin AS SELECT pganalytics.tumble(day - interval '2 hours', '1 day', 'Europe/Berlin') AS day, sum(sales) AS sales FROM daily GROUP BY 1;
SET TimeZone = 'Europe/Berlin';
SELECT * FROM pganalytics.fill_gaps(NULL::berlin, 'day', '1 day', method => 'linear', timezone => 'Europe/Berlin');
SET TimeZone = 'UTC';

-- Dates, and windows of a projection.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, occurred_at) SELECT 'sold', 'x', t FROM unnest('{2024-01-31, 2024-01-31, 2024-03-02}'::timestamptz[]) t;
SELECT pganalytics.create_projection('sales_by_date', 'SELECT occurred_at::date AS day, event_type, count(*) AS sales FROM events GROUP BY 1, 2');
SELECT * FROM pganalytics.fill_gaps(NULL::sales_by_date, 'day', '7 days', '2024-01-30', '2024-03-12', by => '{event_type}');
SELECT count(*), sum(sales) FROM pganalytics.fill_gaps(NULL::sales_by_date, 'day', '1 day', by => '{event_type}');
SELECT pganalytics.create_projection('monthly', $$SELECT pganalytics.tumble(occurred_at, '1 month') AS month, count(*) AS sales FROM events GROUP BY 1$$);
SELECT * FROM pganalytics.fill_gaps(NULL::monthly, 'month', '1 month', '2023-12-01', '2024-05-01');
-- Of nothing: all windows if there is one series, none if series are told apart.
SELECT * FROM pganalytics.fill_gaps(NULL::monthly, 'month', '1 month', '2020-01-01', '2020-03-01');
SELECT * FROM pganalytics.fill_gaps(NULL::sales_by_date, 'day', '1 month', '2020-01-01', '2020-03-01', by => '{event_type}');

-- The oracle, in plain SQL: random series with holes, NULLs, rows off the grid and twice, in series without a name.
SELECT setseed(0.75);
CREATE DOMAIN level AS smallint CHECK (VALUE >= 0);
CREATE TABLE measured (who integer, gone text, at timestamp, a level, b numeric, c real, "o'dd ""name" text, kind varchar(3));
ALTER TABLE measured DROP COLUMN gone;
INSERT INTO measured
SELECT nullif((random() * 8)::int, 0), timestamp '2024-01-01' + (random() * 60)::int * interval '4 hours' + CASE WHEN random() < 0.2 THEN interval '7 minutes' ELSE '0' END,
       CASE WHEN random() < 0.7 THEN (random() * 100)::int END, CASE WHEN random() < 0.7 THEN (random() * 1000)::int / 10.0 END, CASE WHEN random() < 0.7 THEN random() END, 'o', 'k' || (random() * 1)::int
FROM generate_series(1, 500);
INSERT INTO measured (who, at) VALUES (1, NULL), (1, 'infinity'), (1, '-infinity');
CREATE FUNCTION filled(way text) RETURNS SETOF measured LANGUAGE sql AS $$
    WITH given AS (SELECT * FROM measured WHERE at >= '2024-01-02' AND at < '2024-01-09'),
    missing AS (
        SELECT w, s.who, s.kind FROM generate_series(timestamp '2024-01-02', '2024-01-08 23:59', '4 hours') w, (SELECT DISTINCT who, kind FROM given) s
        WHERE NOT EXISTS (SELECT FROM given g WHERE g.who IS NOT DISTINCT FROM s.who AND g.kind = s.kind AND g.at >= w AND g.at < w + interval '4 hours'))
    SELECT * FROM given
    UNION ALL
    SELECT who, w,
        CASE way WHEN 'zero' THEN 0 WHEN 'last' THEN a0.v ELSE a0.v + (a1.v - a0.v) * extract(epoch FROM w - a0.at) / extract(epoch FROM a1.at - a0.at) END::smallint,
        CASE way WHEN 'zero' THEN 0 WHEN 'last' THEN b0.v ELSE b0.v + (b1.v - b0.v) * extract(epoch FROM w - b0.at) / extract(epoch FROM b1.at - b0.at) END,
        CASE way WHEN 'zero' THEN 0 WHEN 'last' THEN c0.v ELSE c0.v + (c1.v - c0.v) * extract(epoch FROM w - c0.at)::float8 / extract(epoch FROM c1.at - c0.at)::float8 END::real,
        NULL, m.kind
    FROM missing m
    LEFT JOIN LATERAL (SELECT at, a::numeric AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at < w AND a IS NOT NULL ORDER BY at DESC, a DESC LIMIT 1) a0 ON true
    LEFT JOIN LATERAL (SELECT at, a::numeric AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at > w AND a IS NOT NULL ORDER BY at, a DESC LIMIT 1) a1 ON true
    LEFT JOIN LATERAL (SELECT at, b AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at < w AND b IS NOT NULL ORDER BY at DESC, b DESC LIMIT 1) b0 ON true
    LEFT JOIN LATERAL (SELECT at, b AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at > w AND b IS NOT NULL ORDER BY at, b DESC LIMIT 1) b1 ON true
    LEFT JOIN LATERAL (SELECT at, c::float8 AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at < w AND c IS NOT NULL ORDER BY at DESC, c DESC LIMIT 1) c0 ON true
    LEFT JOIN LATERAL (SELECT at, c::float8 AS v FROM given g WHERE g.who IS NOT DISTINCT FROM m.who AND g.kind = m.kind AND at > w AND c IS NOT NULL ORDER BY at, c DESC LIMIT 1) c1 ON true $$;
SELECT way, (SELECT count(*) > 500 FROM filled(way)) AS many, (SELECT count(*) FROM (
    (SELECT * FROM filled(way) EXCEPT ALL SELECT * FROM pganalytics.fill_gaps(NULL::measured, 'at', '4 hours', '2024-01-02', '2024-01-09', way, by => '{who, kind}'))
    UNION ALL
    (SELECT * FROM pganalytics.fill_gaps(NULL::measured, 'at', '4 hours', '2024-01-02', '2024-01-09', way, by => '{who, kind}') EXCEPT ALL SELECT * FROM filled(way))) d) AS different
FROM unnest('{zero, last, linear}'::text[]) AS way;

-- What it runs, for EXPLAIN.
\pset format unaligned
SELECT pganalytics.fill_gaps_query('berlin', 'day', '1 day', '2024-03-01', '2024-04-01', 'linear', 'Europe/Berlin');
\pset format aligned

SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'date', '1 day');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'shop', '1 day');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', by => '{shops}');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', by => '{day}');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', by => '{NULL}');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', method => 'spline');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', '-infinity');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 month 1 day');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day', timezone => 'Mars/Olympus');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::sales_by_date, 'day', '1 day', timezone => 'UTC');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::sales_by_date, 'day', '1 hour');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(1, 'day', '1 hour');
\echo :SQLSTATE
SELECT * FROM pganalytics.fill_gaps(NULL::daily, NULL, '1 day');
\echo :SQLSTATE
-- It reads as whoever asks.
CREATE ROLE stranger;
SET ROLE stranger;
SELECT * FROM pganalytics.fill_gaps(NULL::daily, 'day', '1 day');
\echo :SQLSTATE
RESET ROLE;
DROP ROLE stranger;
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP FUNCTION filled;
DROP TABLE events, measured;
DROP VIEW berlin;
DROP TABLE daily;
DROP DOMAIN level;
