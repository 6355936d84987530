-- A timeline: when each of some conditions held for one entity. Funnels and sequences are
-- read from it.
SET search_path = public, pganalytics;
SELECT create_event_table('visits', versions => 'optional') \g /dev/null
INSERT INTO visits (event_type, aggregate_id, occurred_at) VALUES
    ('view', 'ann', '2026-03-01 10:00'), ('cart', 'ann', '2026-03-01 10:05'),
    ('help', 'ann', '2026-03-01 10:06'), ('view', 'bob', '2026-03-01 11:00'),
    ('view', 'bob', '2026-03-01 10:30');

-- Printed: how many conditions; then each moment, in microseconds since 2000-01-01 UTC, and
-- the conditions that held. Something else that happened is there too.
SELECT aggregate_id, timeline(occurred_at, event_type = 'view', event_type = 'cart'), count(*) AS events
FROM visits GROUP BY 1 ORDER BY 1;

-- What is not true does not hold; a row without a time is left out; of no rows there is none.
SELECT timeline(ts, a, b) FROM (VALUES ('2000-01-01 UTC'::timestamptz, true, NULL), (NULL, true, true),
    ('2000-01-01 00:00:00.000001 UTC', NULL, NULL)) AS _(ts, a, b);
SELECT timeline(occurred_at, true) IS NULL AS none FROM visits WHERE false;
SELECT timeline(ts, true) FROM unnest('{infinity,-infinity,0001-01-01 UTC,9999-12-31 UTC}'::timestamptz[]) AS ts;

-- Merged, and compared: the same moments are the same timeline, in whatever order they came.
SELECT rollup(t) = (SELECT timeline(occurred_at, event_type = 'view') FROM visits) AS same
FROM (SELECT timeline(occurred_at, event_type = 'view') AS t FROM visits GROUP BY aggregate_id) AS _;
SELECT '2{5=1,3=2}'::timeline = '2{3=2,5=1}' AS same, '2{5=1}'::timeline <> '2{5=2}' AS other,
       events('2{5=1,3=}') AS events;
SELECT DISTINCT t FROM (VALUES ('1{1=1,2=}'::timeline), ('1{2=,1=1}')) AS _(t);
SELECT rollup(t) FROM (VALUES ('1{1=1}'::timeline), (NULL)) AS _(t);

-- Over windows of rows too.
SELECT to_char(occurred_at, 'HH24:MI') AS at, events(timeline(occurred_at, true) OVER (ORDER BY occurred_at ROWS 1 PRECEDING))
FROM visits ORDER BY occurred_at;

-- In a projection.
SELECT create_projection('visit_timelines', $$
    SELECT aggregate_id, timeline(occurred_at, event_type = 'view', event_type = 'cart') AS visits
    FROM visits GROUP BY aggregate_id $$) \g /dev/null
SELECT format($f$
    SELECT count(*) AS differences FROM (
        (TABLE visit_timelines EXCEPT ALL %1$s) UNION ALL (%1$s EXCEPT ALL TABLE visit_timelines)) AS _ $f$,
    'SELECT aggregate_id, timeline(occurred_at, event_type = ''view'', event_type = ''cart'') FROM visits GROUP BY 1') AS differences \gset
INSERT INTO visits (event_type, aggregate_id, occurred_at) VALUES ('cart', 'bob', '2026-03-01 10:45'), ('view', 'cid', '2026-03-01 12:00');
:differences;
SELECT refresh_projection('visit_timelines') > 0 AS folded;
:differences;
INSERT INTO visits (event_type, aggregate_id, occurred_at) SELECT 'view', 'ann', timestamptz '2026-02-01' + n * interval '1 min' FROM generate_series(1, 100) n;
:differences;
SELECT refresh_projection('visit_timelines') > 0 AS folded;
:differences;
SELECT * FROM verify_projection('visit_timelines');

-- In parallel plans.
CREATE TABLE many AS SELECT n % 100 AS who, timestamptz '2026-01-01' + n * interval '1 s' AS ts, n % 3 AS kind FROM generate_series(1, 20000) n;
ANALYZE many;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT who, timeline(ts, kind = 0) FROM many GROUP BY who;
CREATE TABLE merged AS SELECT who, timeline(ts, kind = 0, kind = 1) AS t FROM many GROUP BY who;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS differences FROM (SELECT who, timeline(ts, kind = 0, kind = 1) FROM many GROUP BY who EXCEPT TABLE merged) AS _;

-- What is none.
SELECT '65{}'::timeline;
SELECT '2{5=3}'::timeline;
SELECT 'noon'::timeline;
SELECT timeline(now(), VARIADIC array_fill(true, '{65}'));
SELECT timeline(now(), VARIADIC '{}');
SELECT rollup(t) FROM (VALUES ('1{1=1}'::timeline), ('2{}')) AS _(t);
SELECT timeline_transition(NULL, now(), '{t}');
SELECT timeline_combine('1{}', '1{}');

SET client_min_messages = warning;
DROP TABLE many, merged;
DROP TABLE visits CASCADE;
