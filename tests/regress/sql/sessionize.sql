-- Sessions of rows that are there: sessionize() OVER (…), and sessions().
\set VERBOSITY default
\set SHOW_CONTEXT never
SET IntervalStyle = 'postgres';
SELECT pganalytics.create_event_table('clicks', versions => 'optional');
INSERT INTO clicks (event_type, aggregate_id, occurred_at) VALUES
    ('view', 'ann', '2024-05-01 09:00+00'), ('view', 'ann', '2024-05-01 09:30+00'), ('buy', 'ann', '2024-05-01 10:00:00.000001+00'),
    ('view', 'bob', '2024-05-01 23:50+00'), ('view', 'bob', '2024-05-02 00:10+00'), ('view', 'bob', '2024-05-02 00:10+00'),
    ('buy', 'bob', '2024-05-02 00:10+00'), ('view', 'bob', '2024-05-02 12:00+00');

-- Exactly 30 minutes apart is one session; a microsecond more is not.
SELECT aggregate_id AS who, occurred_at, event_type,
       pganalytics.sessionize(occurred_at, '30 minutes') OVER (PARTITION BY aggregate_id ORDER BY occurred_at, position) AS session
FROM clicks ORDER BY aggregate_id, position;
-- Newest first, they are numbered from the newest on.
SELECT occurred_at, pganalytics.sessionize(occurred_at, '30 minutes') OVER (ORDER BY occurred_at DESC) AS session
FROM clicks WHERE aggregate_id = 'bob';
-- Without an order, or in another, an answer would be wrong.
SELECT pganalytics.sessionize(ts, '1 hour') OVER () FROM (VALUES (timestamptz '2024-05-01'), ('2024-05-03'), ('2024-05-02')) v (ts);
\echo :SQLSTATE
SELECT pganalytics.sessionize(ts, '1 hour') OVER (ORDER BY i) FROM (VALUES (1, timestamp '2024-05-03'), (2, NULL), (3, '2024-05-01'), (4, '2024-05-02')) v (i, ts);
\echo :SQLSTATE

-- The usual query, in plain SQL, is the oracle: rows with ties, without a time, at infinity, alone.
SELECT setseed(0.25);
CREATE TEMP TABLE rows AS
SELECT i, (random() * 60)::int AS who, timestamptz '2024-03-30' + (random() * 500)::int * interval '10 minutes' AS ts FROM generate_series(1, 6000) i
UNION ALL SELECT i, i % 7, CASE i % 3 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' END::timestamptz FROM generate_series(6001, 6060) i
UNION ALL SELECT 7000, 1000, '2024-01-01' UNION ALL SELECT 7001, NULL, '2024-01-01' UNION ALL SELECT 7002, NULL, '2024-01-01 00:30';
CREATE FUNCTION apart(a timestamptz, b timestamptz, gap interval) RETURNS integer LANGUAGE sql AS $$
    SELECT CASE WHEN a IS NULL THEN 1 WHEN a = b THEN 0 WHEN isfinite(a) AND isfinite(b)
           THEN (greatest(a, b) - least(a, b) > gap)::int ELSE 1 END $$;
SELECT gap, count(*) AS rows,
       count(*) FILTER (WHERE session IS DISTINCT FROM usual) AS different, count(*) FILTER (WHERE falling IS DISTINCT FROM usual_falling) AS falling_different
FROM unnest('{10 minutes, 30 minutes, 1 day, 100000 days}'::interval[]) AS gap, LATERAL (
    SELECT pganalytics.sessionize(ts, gap) OVER (PARTITION BY who ORDER BY ts) AS session,
           pganalytics.sessionize(ts::timestamp, gap) OVER (PARTITION BY who ORDER BY ts DESC NULLS LAST) AS falling,
           CASE WHEN ts IS NOT NULL THEN sum(rise) OVER (PARTITION BY who ORDER BY ts, i) END AS usual,
           CASE WHEN ts IS NOT NULL THEN sum(fall) OVER (PARTITION BY who ORDER BY ts DESC NULLS LAST, i) END AS usual_falling
    FROM (SELECT *, apart(lag(ts) OVER (PARTITION BY who ORDER BY ts, i), ts, gap) AS rise,
                 apart(lag(ts) OVER (PARTITION BY who ORDER BY ts DESC NULLS LAST, i), ts, gap) AS fall FROM rows) r) s
GROUP BY gap ORDER BY gap;

-- A row without a time is in no session; nor is one without a gap.
SELECT ts, pganalytics.sessionize(ts, '1 hour') OVER (ORDER BY ts NULLS FIRST), pganalytics.sessionize(ts, NULL) OVER (ORDER BY ts)
FROM (VALUES (NULL::timestamptz), ('2024-01-01')) v (ts);
SELECT pganalytics.sessionize(now(), '1 month') OVER ();
\echo :SQLSTATE
SELECT pganalytics.sessionize(now(), '0') OVER ();
\echo :SQLSTATE
SELECT pganalytics.sessionize(now(), '1 hour');
\echo :SQLSTATE
CREATE OPERATOR public.<=>! (FUNCTION = pganalytics.sessionize, LEFTARG = timestamptz, RIGHTARG = interval);
SELECT now() <=>! interval '1 hour';
\echo :SQLSTATE
DROP OPERATOR IF EXISTS public.<=>! (timestamptz, interval);

-- The sessions of a log.
SELECT * FROM pganalytics.sessions('clicks') ORDER BY 1, 2;
SELECT entity, session, "start", events FROM pganalytics.sessions('clicks', '1 day', entity => 'event_type') ORDER BY 1, 2;
-- Those that begin on May 2 or later: not the one that goes on from May 1; and those that began before, whole.
SELECT entity, session, "start", length, events FROM pganalytics.sessions('clicks', "from" => '2024-05-02') ORDER BY 1, 2;
SELECT entity, session, "start", length, events FROM pganalytics.sessions('clicks', "to" => '2024-05-02') ORDER BY 1, 2;
-- The query that it runs reads from one gap before.
SET search_path = pganalytics;
\pset format unaligned
SELECT sessions_query('public.clicks', '2 hours', '2024-05-02', '2024-05-03');
\pset format aligned
RESET search_path;
-- Cut anywhere, each session is found once.
CREATE TEMP TABLE events AS SELECT ts AS occurred_at, 'x' || i % 3 AS event_type, who AS aggregate_id FROM rows;
SELECT count(*) FILTER (WHERE cut.entity IS NULL OR whole.entity IS NULL) AS different, count(*) > 1000 AS many, count(*) FILTER (WHERE length > '0') > 500 AS some_long
FROM (SELECT s.entity, "start", "end", length, events, first_event, last_event
      FROM generate_series(timestamptz '2024-03-29', '2024-04-04', '7 hours') AS day, pganalytics.sessions('events', '20 minutes', day, day + interval '7 hours') AS s) cut
FULL JOIN (SELECT * FROM pganalytics.sessions('events', '20 minutes') WHERE "start" BETWEEN '2024-03-29' AND '2024-04-04') whole
USING ("start", "end", length, events, first_event, last_event, entity);
SELECT count(*) AS different FROM (
    SELECT entity, session, "start", "end", events FROM pganalytics.sessions('events', '20 minutes')
    EXCEPT ALL
    SELECT who::text, n, min(ts), max(ts), count(*) FROM (
        SELECT who, ts, sum(rise) OVER (PARTITION BY who ORDER BY ts, i) AS n
        FROM (SELECT *, apart(lag(ts) OVER (PARTITION BY who ORDER BY ts, i), ts, '20 minutes') AS rise FROM rows WHERE ts IS NOT NULL AND who IS NOT NULL) r) s
    GROUP BY who, n) d;

-- Any column of time will do.
CREATE TEMP VIEW days AS SELECT occurred_at::date AS occurred_at, event_type, 'all' AS aggregate_id FROM events WHERE isfinite(occurred_at);
SELECT count(*) > 0 AS some, bool_and(length = '0') AS short FROM pganalytics.sessions('days', '1 hour');
DROP VIEW days;

SELECT * FROM pganalytics.sessions('clicks', '1 month');
\echo :SQLSTATE
SELECT * FROM pganalytics.sessions('clicks', NULL);
\echo :SQLSTATE
SELECT * FROM pganalytics.sessions('clicks', entity => 'aggregate_id; DROP TABLE clicks');
\echo :SQLSTATE
SELECT * FROM pganalytics.sessions('pg_stats');
\echo :SQLSTATE
-- It reads as whoever asks.
CREATE ROLE stranger;
SET ROLE stranger;
SELECT * FROM pganalytics.sessions('clicks');
\echo :SQLSTATE
RESET ROLE;
DROP ROLE stranger;
DROP TABLE clicks;
DROP FUNCTION apart;
