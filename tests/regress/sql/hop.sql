-- Hopping windows: hop(ts, width, slide) returns the starts of all windows that hold
-- ts; a window of this width begins with every slide.
\set VERBOSITY default
SET IntervalStyle = 'postgres';
SELECT pganalytics.hop('2024-05-17 13:47:21+00', '1 hour', '15 minutes');

-- A week, from every day; a quarter, from every month; a month, from every Monday.
SELECT width, slide, array_agg(start::date)
FROM (VALUES ('7 days'::interval, '1 day'::interval), ('3 months', '1 month'), ('1 month', '7 days')) AS w (width, slide),
     pganalytics.hop('2024-05-17 13:47:21+00', width, slide) AS start
GROUP BY width, slide ORDER BY width;

-- With a slide as long as the width they are tumbling windows; with a longer one there are gaps.
SELECT pganalytics.hop(timestamp '2024-05-17 13:47:21', '1 day', '1 day'), pganalytics.tumble(timestamp '2024-05-17 13:47:21', '1 day');
SELECT hour, start FROM generate_series(timestamp '2024-05-17 00:30', '2024-05-17 04:00', '1 hour') AS hour
LEFT JOIN LATERAL pganalytics.hop(hour, '1 hour', '2 hours') AS start ON true;
SELECT pg_typeof(start) FROM pganalytics.hop(timestamp '2024-05-17 13:47', '1 hour', '1 hour') AS start;

-- They are the windows that a search through all of them finds.
CREATE TEMP TABLE kinds (width interval, slide interval);
INSERT INTO kinds VALUES ('1 hour', '15 minutes'), ('36 hours', '5 hours'), ('1 day', '36 hours'), ('7 days', '1 day'),
    ('3 months', '1 month'), ('1 month', '2 months'), ('1 month', '10 days'), ('10 days', '1 month'), ('90 minutes', '1 hour');
SELECT count(*) AS found, count(*) FILTER (WHERE searched IS NULL OR hopped IS NULL) AS different
FROM (SELECT width, slide, ts, start AS hopped
      FROM kinds, generate_series('1999-12-30'::timestamp, '2001-03-03', '3 days 07:11') AS ts, pganalytics.hop(ts, width, slide) AS start) h
FULL JOIN (SELECT width, slide, ts, start AS searched
      FROM kinds, generate_series('1999-12-30'::timestamp, '2001-03-03', '3 days 07:11') AS ts,
           LATERAL (SELECT DISTINCT pganalytics.tumble(near, slide) AS start FROM generate_series(ts - width - slide, ts, least(slide, '1 hour')) AS near) AS all_starts
      WHERE start <= ts AND ts < start + width) s
USING (width, slide, ts) WHERE hopped IS NOT DISTINCT FROM searched OR searched IS NULL OR hopped IS NULL;

-- Infinity is a window of its own; NULL is in none.
SELECT pganalytics.hop('infinity'::timestamptz, '7 days', '1 day'), pganalytics.hop('-infinity'::timestamp, '7 days', '1 day');
SELECT pganalytics.hop(NULL::timestamptz, '7 days', '1 day');

SELECT pganalytics.hop(now(), '1 month 1 day', '1 day');
\echo :SQLSTATE
SELECT pganalytics.hop(now(), '1 day', '1 month 1 day');
\echo :SQLSTATE
SELECT pganalytics.hop(now(), '0 days', '1 day');
\echo :SQLSTATE
SELECT pganalytics.hop(now(), '1 day', '-1 day');
\echo :SQLSTATE
SELECT pganalytics.hop('4714-11-24 00:00+00 BC'::timestamptz, '2 days', '1 day');
\echo :SQLSTATE

-- In a projection: in FROM, or as a group key.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
SELECT 'sold', 'shop ' || i % 2, timestamptz '2024-01-01' + i * interval '7 minutes', jsonb_build_object('amount', i) FROM generate_series(1, 30) i;
\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences
SELECT pganalytics.create_projection('last_hour', $$
    SELECT "window", count(*) AS sales, sum((payload->>'amount')::numeric) AS amount
    FROM events e, pganalytics.hop(e.occurred_at, '1 hour', '15 minutes') AS "window"
    GROUP BY "window"$$);
SELECT pganalytics.create_projection('as_a_key', $$
    SELECT pganalytics.hop(occurred_at AT TIME ZONE 'UTC', '1 hour', '15 minutes') AS starts,
           pganalytics.hop(occurred_at AT TIME ZONE 'UTC', '1 hour', '15 minutes') + interval '1 hour' AS ends, aggregate_id, count(*) AS sales
    FROM events GROUP BY 1, 3$$);
SELECT pganalytics.create_projection('business_hours', $$
    SELECT pganalytics.hop(occurred_at, '1 hour', '2 hours') AS odd_hour, count(*) AS sales FROM events GROUP BY 1$$);
SELECT * FROM last_hour ORDER BY 1 LIMIT 6;
SELECT * FROM as_a_key ORDER BY 1, 3 LIMIT 4;
SELECT * FROM business_hours ORDER BY 1;
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('sold', 'shop 1', '2023-12-31 23:50', '{"amount": 1000}'), ('sold', 'shop 1', '2024-01-01 01:30', '{}');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP TABLE events, kinds;
DROP FUNCTION differences;
