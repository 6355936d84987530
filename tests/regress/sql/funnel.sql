-- Funnels: how far each user got through a sequence of steps.
SELECT pganalytics.create_event_table('activity');
SET client_min_messages = warning;
CREATE PROCEDURE log(who text, VARIADIC happened text[]) LANGUAGE sql AS $$
    INSERT INTO activity (event_type, aggregate_id, occurred_at, payload)
    SELECT split_part(h, ' ', 3), who, (split_part(h, ' ', 1) || ' ' || split_part(h, ' ', 2) || '+00')::timestamptz,
           coalesce(nullif(split_part(h, ' ', 4), '')::jsonb, '{}')
    FROM unnest(happened) h
$$;
CALL log('ada', '2024-05-01 10:00 signup {"country":"de"}', '2024-05-01 12:00 post', '2024-05-03 12:00 comment');
CALL log('bob', '2024-05-01 10:00 signup {"country":"fr"}', '2024-05-01 10:30 badge', '2024-05-01 10:30 post');
CALL log('cid', '2024-05-02 10:00 signup {"country":"de"}', '2024-05-09 10:00 post', '2024-05-09 10:00:00.000001 comment');
CALL log('dan', '2024-05-02 09:00 post', '2024-05-02 10:00 comment');

-- The last step may be as late as the window after the first, and no later.
SELECT aggregate_id, pganalytics.window_funnel('7 days', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS level
FROM activity GROUP BY 1 ORDER BY 1;

-- Modes: strict_order minds what else happens in between.
SELECT aggregate_id, pganalytics.window_funnel('7 days', 'strict_order', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS level
FROM activity GROUP BY 1 ORDER BY 1;

-- Rows of one time are taken in the order of the steps, and one row may serve as two steps
-- unless told otherwise.
SELECT mode, pganalytics.window_funnel('1 hour', mode, ts, a, b, c) AS level
FROM (VALUES (timestamptz '2024-05-01 10:00+00', true, true, false), ('2024-05-01 10:00+00', false, false, true)) AS v (ts, a, b, c),
     unnest(ARRAY['', 'strict_once', 'strict_increase', 'strict_once,strict_deduplication', 'increase', ' fixed , default ']) WITH ORDINALITY AS m (mode, n)
GROUP BY mode, n ORDER BY n;

-- A condition that is null is false; a row without a time is ignored; of no rows the level is 0.
SELECT pganalytics.window_funnel('1 hour', ts, a, b)
FROM (VALUES (timestamptz '2024-05-01 10:00+00', true, false), ('2024-05-01 10:10+00', true, NULL), (NULL, true, true)) AS v (ts, a, b);
SELECT pganalytics.window_funnel('1 hour', occurred_at, true), pganalytics.window_funnel('1 hour', '', occurred_at, true) FROM activity WHERE false;
SELECT pganalytics.window_funnel('1 hour', NULL, true) FROM activity;
-- The infinities are times, far from all others.
SELECT pganalytics.window_funnel('10000 days', ts, n = 1, n = 2, n = 3)
FROM (VALUES (timestamptz '-infinity', 1), ('-infinity', 2), ('2024-05-01 10:00+00', 3), ('infinity', 3)) AS v (ts, n);
-- So far.
SELECT aggregate_id, event_type,
       pganalytics.window_funnel('7 days', occurred_at, event_type = 'signup', event_type = 'post') OVER (PARTITION BY aggregate_id ORDER BY occurred_at, position)
FROM activity WHERE aggregate_id < 'c' ORDER BY aggregate_id, occurred_at, position;
-- 64 steps.
SELECT pganalytics.window_funnel('64 days', timestamptz '2024-05-01 10:00+00' + n * interval '1 day',
           VARIADIC ARRAY(SELECT n = i FROM generate_series(1, 64) i))
FROM generate_series(1, 64) n;

-- What it does not take.
SELECT pganalytics.window_funnel('0 days', occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel('1 month', occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel(NULL, occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel('1 day', 'strict', occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel('1 day', NULL, occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel(version * interval '1 day', occurred_at, true) FROM activity;
SELECT pganalytics.window_funnel('1 day', occurred_at, VARIADIC array_fill(true, ARRAY[65])) FROM activity;
SELECT pganalytics.window_funnel('1 day', occurred_at, VARIADIC '{}') FROM activity;
SELECT pganalytics.window_funnel_final('2{}');
SELECT pganalytics.window_funnel_transition(NULL, '1 day', now(), ARRAY[true]);

-- Workers share the rows.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE TABLE clicks AS
SELECT timestamptz '2024-05-01 10:00+00' + n * interval '7 minutes' AS ts, n % 500 AS who, n * n % 11 AS what FROM generate_series(1, 5000) n;
ANALYZE clicks;
EXPLAIN (COSTS OFF) SELECT pganalytics.window_funnel('1 day', ts, what = 1, what = 3, what = 4) FROM clicks;
CREATE TEMP TABLE parallel AS
SELECT who, pganalytics.window_funnel('8 days', 'strict_order', ts, what IN (1, 0), what IN (3, 4), what = 5) AS level FROM clicks GROUP BY 1;
SET max_parallel_workers_per_gather = 0;
SELECT level, count(*) FROM parallel GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM (TABLE parallel EXCEPT ALL
    SELECT who, pganalytics.window_funnel('8 days', 'strict_order', ts, what IN (1, 0), what IN (3, 4), what = 5) FROM clicks GROUP BY 1) AS d;
-- So they do for funnel().
SET max_parallel_workers_per_gather = 2;
ALTER TABLE clicks RENAME ts TO occurred_at;
SELECT pganalytics.funnel_query('clicks', conditions => ARRAY['what = 1', 'what = 3'], entity => 'who', mode => 'fixed',
    "from" => '2024-05-02', "to" => '2024-05-03', as_of => '2024-06-01') AS query \gset
\pset format unaligned
EXPLAIN (COSTS OFF) :query;
\pset format aligned
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- A timeline tells more: when each step was reached, and how long that took.
CREATE VIEW told AS
SELECT aggregate_id AS who, pganalytics.timeline(occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS t
FROM activity GROUP BY 1;
SELECT who, pganalytics.funnel_level(t, '7 days') AS level, pganalytics.step_times(t, '7 days') AS times FROM told ORDER BY 1;
SELECT who, pganalytics.step_durations(t, '7 days') AS durations, pganalytics.open_until(t, '7 days') AS open_until FROM told ORDER BY 1;
SELECT who, pganalytics.funnel_level(t, '7 days', 'strict_order') AS strict, pganalytics.funnel_level(t, '8 days', "from" => '2024-05-02', "to" => '2024-05-03') AS entered
FROM told ORDER BY 1;
-- Of chains that get equally far: the first to get there, and of those the last to begin.
SELECT pganalytics.step_times(pganalytics.timeline('2024-05-01'::timestamptz + n * interval '1 hour', n IN (0, 2, 5), n IN (3, 4, 6)), '7 days')
FROM generate_series(0, 6) n;
SELECT pganalytics.funnel_level(NULL, '7 days'), pganalytics.step_times('2{}', '7 days'), pganalytics.step_durations('2{}', '7 days'),
       pganalytics.open_until('2{}', '7 days'), pganalytics.step_durations('2{-9223372036854775808=1,9223372036854775807=2}', '106751991 days');
SELECT pganalytics.funnel_level('2{}', NULL);
SELECT pganalytics.step_times('1{-9223372036854775807=1}', '1 day');

-- Over the whole event table.
SELECT * FROM pganalytics.funnel('activity', ARRAY['signup', 'post', 'comment'], as_of => '2024-05-09 09:00+00');
-- Told apart by a property of the event by which each enters. The day of entry selects who enters;
-- what they do later counts.
SELECT value, step, name, entities, of_first, open, expired
FROM pganalytics.funnel('activity', ARRAY['signup', 'post', 'comment'], '8 days', "from" => '2024-05-01', "to" => '2024-05-03', by => $$payload->>'country'$$);
SELECT value, step, name, entities, of_first FROM pganalytics.funnel('activity', ARRAY['signup', 'post'], "from" => '2024-05-02');
-- Who enters by several events of one time does so by that of the first position; without
-- positions, by that of the first value. The order of rows never matters.
CREATE TABLE at_once (aggregate_id text, event_type text, occurred_at timestamptz, position bigint, ad text);
INSERT INTO at_once VALUES ('ann', 'signup', '2024-05-01', 2, 'search'), ('ann', 'signup', '2024-05-01', 1, 'video'),
    ('bob', 'signup', '2024-05-01', 3, NULL), ('bob', 'signup', '2024-05-01', 4, 'search');
SELECT value, entities FROM pganalytics.funnel('at_once', ARRAY['signup'], by => 'ad');
ALTER TABLE at_once DROP COLUMN position;
SELECT value, entities FROM pganalytics.funnel('at_once', ARRAY['signup'], by => 'ad');
DROP TABLE at_once;
-- Any conditions, any relation that has the columns.
CREATE VIEW posts AS SELECT occurred_at, aggregate_id AS author, length(event_type) AS size FROM activity;
SELECT * FROM pganalytics.funnel('posts', conditions => ARRAY['size = 6', 'size IN (4, 5) -- badges, too'], mode => 'strict_increase', entity => 'author');
-- Each step is there, even if nobody is.
SELECT * FROM pganalytics.funnel('activity', ARRAY['order', 'refund']);
\set SHOW_CONTEXT never
-- It runs with the rights of whoever calls.
CREATE ROLE stranger;
GRANT USAGE ON SCHEMA pganalytics TO stranger;
SET ROLE stranger;
SELECT * FROM pganalytics.funnel('activity', ARRAY['signup']);
\echo :SQLSTATE
RESET ROLE;
-- What it does not take.
SELECT * FROM pganalytics.funnel('activity');
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], conditions => ARRAY['true']);
SELECT * FROM pganalytics.funnel('activity', '{}');
SELECT * FROM pganalytics.funnel('activity', ARRAY['a', NULL]);
SELECT * FROM pganalytics.funnel('activity', conditions => ARRAY['true), (true']);
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], entity => 'aggregate_id FROM activity; DROP TABLE activity');
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], by => 'nothing');
SELECT * FROM pganalytics.funnel('activity', conditions => ARRAY['true', $$payload->>'page'$$]);
SELECT * FROM pganalytics.funnel('pg_stats', ARRAY['a']);
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], '1 month');
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], mode => 'loose');
SELECT * FROM pganalytics.funnel(NULL, ARRAY['a']);
SELECT * FROM pganalytics.funnel('activity', ARRAY['a'], as_of => NULL);

-- Kept up to date as a projection.
SELECT pganalytics.create_projection('progress', $$
    SELECT aggregate_id AS who,
           pganalytics.window_funnel('7 days', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS level,
           pganalytics.window_funnel('7 days', 'strict_order', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS strict,
           pganalytics.timeline(occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS t
    FROM activity GROUP BY 1 $$);
CREATE VIEW differences AS
WITH expected AS (
    SELECT aggregate_id AS who,
           pganalytics.window_funnel('7 days', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS level,
           pganalytics.window_funnel('7 days', 'strict_order', occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS strict,
           pganalytics.timeline(occurred_at, event_type = 'signup', event_type = 'post', event_type = 'comment') AS t
    FROM activity GROUP BY 1
)
(TABLE progress EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE progress);
SELECT who, level, strict, pganalytics.step_times(t, '7 days') AS times FROM progress ORDER BY 1;
-- Late events, before and after a fold.
CALL log('cid', '2024-05-08 09:00 post', '2024-05-08 11:00 comment');
CALL log('dan', '2024-05-01 08:00 signup');
CALL log('eve', '2024-05-01 08:00 badge');
SELECT who, level, strict FROM progress ORDER BY 1;
TABLE differences;
SELECT pganalytics.refresh_projection('progress');
TABLE differences;
CALL log('bob', '2024-05-01 10:10 comment', '2024-05-02 10:10 comment');
SELECT who, level, strict FROM progress ORDER BY 1;
TABLE differences;
SELECT pganalytics.refresh_projection('progress');
SELECT count(*) AS differences FROM differences;
-- States are dumped as text, with window and mode.
SELECT pganalytics.finish_state('2[00f0e0dabe01000000]{0=1,1=2}'::pganalytics.timeline,
    'pganalytics.window_funnel(interval, timestamptz, boolean[])', NULL::int);
SELECT state FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.generation = g.id
WHERE p.relation = 'progress'::regclass \gset
SELECT k1 AS who, pganalytics.finish_state(c2::text::pganalytics.timeline,
    'pganalytics.window_funnel(interval, text, timestamptz, boolean[])', NULL::int) AS strict
FROM :state ORDER BY 1;

DROP VIEW differences, told, posts;
SELECT pganalytics.drop_projection('progress');
DROP TABLE clicks, parallel;
DROP TABLE activity CASCADE;
DROP PROCEDURE log;
REVOKE USAGE ON SCHEMA pganalytics FROM stranger;
DROP ROLE stranger;
