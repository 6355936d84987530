-- Sequences: whether, how often and when events followed a pattern.
\set VERBOSITY default
SET search_path = public, pganalytics;
SELECT create_event_table('clicks', versions => 'optional');
INSERT INTO clicks (aggregate_id, occurred_at, event_type) VALUES
    ('ada', '2024-05-01 10:00', 'view'), ('ada', '2024-05-01 10:05', 'cart'), ('ada', '2024-05-01 10:06', 'help'), ('ada', '2024-05-01 10:07', 'paid'),
    ('ada', '2024-05-03 10:00', 'view'), ('ada', '2024-05-03 12:00', 'cart'), ('ada', '2024-05-03 12:01', 'paid'),
    ('bob', '2024-05-01 11:00', 'view'), ('bob', '2024-05-01 11:10', 'view'), ('bob', '2024-05-01 15:00', 'cart'),
    ('cyd', '2024-05-02 08:00', 'paid'), ('cyd', '2024-05-02 09:00', 'help'), ('cyd', '2024-05-02 09:30', 'view');

-- Directly after each other, or with anything in between; in time. Seconds.
SELECT aggregate_id AS who,
       sequence_match('(?1)(?2)', occurred_at, event_type = 'view', event_type = 'cart') AS directly,
       sequence_match('(?1).*(?2)', occurred_at, event_type = 'view', event_type = 'paid') AS later,
       sequence_match('(?1)(?t<=600)(?2)', occurred_at, event_type = 'view', event_type = 'cart') AS within_10_minutes,
       sequence_match('(?2)(?t>=86400)(?1)', occurred_at, event_type = 'view', event_type = 'paid') AS came_back
FROM clicks GROUP BY who ORDER BY who;

-- How often, and when: the first match, or as much of its beginning as there is.
SELECT aggregate_id AS who,
       sequence_count('(?1)(?2)(?3)', occurred_at, event_type = 'view', event_type = 'cart', event_type = 'paid') AS orders,
       sequence_count('(?1)', occurred_at, event_type = 'view') AS views,
       sequence_events('(?1)(?t<=3600)(?2).*(?3)', occurred_at, event_type = 'view', event_type = 'cart', event_type = 'paid') AS events
FROM clicks GROUP BY who ORDER BY who;

-- Rows on which no condition holds are left out: ada's call for help is not in between. With a condition that always holds they are in.
SELECT sequence_match('(?1)(?2)', occurred_at, event_type = 'cart', event_type = 'paid') AS without,
       sequence_count('(?1)(?2)', occurred_at, event_type = 'cart', event_type = 'paid', true) AS others,
       sequence_match('(?1).(?2)', occurred_at, event_type = 'cart', event_type = 'paid', true) AS one_between
FROM clicks WHERE aggregate_id = 'ada';

-- A timeline is kept once and answers any pattern, as the aggregates do.
CREATE TEMP TABLE lines AS
SELECT aggregate_id AS who, timeline(occurred_at, event_type = 'view', event_type = 'cart', event_type = 'paid') AS line FROM clicks GROUP BY 1;
SELECT who, sequence_match(line, '(?2)(?3)'), sequence_count(line, '(?1).*(?3)'), sequence_events(line, '(?1)(?t<=3600)(?2).*(?3)') FROM lines ORDER BY who;
SELECT sequence_match(rollup(line), '(?1)(?1)(?1)') AS of_all, sequence_count(rollup(line), '(?1)') AS views FROM lines;

-- Rows of the same time are in the order of their conditions, however they come.
SELECT DISTINCT sequence_events('(?1)(?2)(?3)', at, what = 'a', what = 'b', what = 'c') AS abc, sequence_match('(?2)(?1)', at, what = 'a', what = 'b', what = 'c') AS ba
FROM (VALUES ('a'), ('b'), ('c')) v (what), (VALUES (timestamptz '2024-01-01 00:00:00.25')) t (at), generate_series(1, 3) AS copy GROUP BY copy;
SELECT sequence_events('(?1)(?2)', at, what = 'a', what = 'b' ORDER BY what) AS one, sequence_events('(?1)(?2)', at, what = 'a', what = 'b' ORDER BY what DESC) AS other
FROM (VALUES ('a', timestamptz '2024-01-01'), ('b', '2024-01-01'), ('b', '2024-01-02')) v (what, at);

-- No row is two events, though several conditions may hold on it.
SELECT sequence_match('(?1)(?2)', now(), true, true) AS one_row, sequence_count('(?1)', now(), true, true) AS count FROM generate_series(1, 1);
SELECT sequence_match('(?1)(?2)', now(), true, true) AS two_rows FROM generate_series(1, 2);

-- Fractions of a second; several times at once; any time but one.
SELECT sequence_match('(?1)(?t<0.5)(?2)', at, n = 1, n = 2) AS less, sequence_match('(?1)(?t<=0.5)(?2)', at, n = 1, n = 2) AS at_most,
       sequence_match('(?1)(?t==0.500000)(?2)', at, n = 1, n = 2) AS equal, sequence_match('(?1)(?t!=0.5)(?2)', at, n = 1, n = 2) AS not_equal,
       sequence_match('(?1)(?t>0.1).*(?t<0.6)(?2)', at, n = 1, n = 2) AS between
FROM (VALUES (timestamptz '2024-01-01 00:00:00', 1), ('2024-01-01 00:00:00.5', 2)) v (at, n);

-- No rows; conditions and times that are NULL; the ends of time.
SELECT sequence_match('(?1)', occurred_at, true), sequence_count('(?1)', occurred_at, true), sequence_events('(?1)', occurred_at, true) FROM clicks WHERE false;
SELECT sequence_count('(?1)', at, held) AS of_three FROM (VALUES (timestamptz '2024-01-01', true), (NULL, true), ('2024-01-02', NULL), ('2024-01-03', false)) v (at, held);
SELECT sequence_match(NULL::timeline, '(?1)'), sequence_match(line, NULL) FROM lines LIMIT 1;
SELECT sequence_events('(?1)(?t>9000000000000)(?1)(?t<1)(?1)(?t>9000000000000)(?1)', at, true) FROM unnest('{-infinity,2024-01-01,2024-01-01,infinity}'::timestamptz[]) AS at;

-- As window functions, with FILTER, and in parallel.
SELECT occurred_at, event_type, sequence_count('(?1).*(?2)', occurred_at, event_type = 'view', event_type = 'cart') OVER (ORDER BY occurred_at) AS so_far,
       sequence_match('(?1).*(?2)', occurred_at, event_type = 'view', event_type = 'cart') OVER (ORDER BY occurred_at ROWS 1 PRECEDING) AS last_two
FROM clicks WHERE aggregate_id = 'ada';
SELECT sequence_match('(?1)(?2)', occurred_at, event_type = 'view', event_type = 'view') FILTER (WHERE aggregate_id = 'bob') AS twice FROM clicks;
CREATE UNLOGGED TABLE many AS
SELECT i % 50 AS who, timestamptz '2024-01-01' + (i * 7919 % 10007) * interval '1 second' AS at, i * 31 % 7 AS what FROM generate_series(1, 20000) i;
ANALYZE many;
CREATE TEMP TABLE one AS SELECT who, sequence_count('(?1)(?t<600)(?2).*(?3)', at, what = 1, what = 2, what = 3) AS n,
       sequence_events('(?1)(?t<600)(?2).*(?3)', at, what = 1, what = 2, what = 3) AS events FROM many GROUP BY who;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT who, sequence_count('(?1)(?t<600)(?2).*(?3)', at, what = 1, what = 2, what = 3) FROM many GROUP BY who;
SELECT count(*) AS groups, sum(n) AS matches FROM one;
SELECT count(*) AS different FROM (
    SELECT who, sequence_count('(?1)(?t<600)(?2).*(?3)', at, what = 1, what = 2, what = 3),
           sequence_events('(?1)(?t<600)(?2).*(?3)', at, what = 1, what = 2, what = 3) FROM many GROUP BY who
    EXCEPT TABLE one) d;
RESET ALL;
SET search_path = public, pganalytics;

-- Patterns that cannot be.
SELECT sequence_match('(?1)(?t=5)(?2)', now(), true, true);
\echo :SQLSTATE
SELECT sequence_match('(?1) (?2)', now(), true, true);
SELECT sequence_match('(?1)(?3)', now(), true, true);
SELECT sequence_count('(?1)(?t<1m)(?2)', now(), true, true);
SELECT sequence_count('(?1)(?t<0.0000001)(?2)', now(), true, true);
SELECT sequence_events('(?1)(?t<10000000000000)(?2)', now(), true, true);
SELECT sequence_events('(?t<5)(?2)', now(), true, true);
SELECT sequence_match(line, '(?1)(?4)') FROM lines;
SELECT sequence_match(line, '.*') FROM lines;
SELECT sequence_match(line, repeat('.', 65)) FROM lines;
SELECT sequence_match(NULL, now(), true);
\echo :SQLSTATE
SELECT sequence_match('(?1)', now(), VARIADIC '{}');
SELECT sequence_match('(?1)', now(), VARIADIC array_fill(true, ARRAY[65]));
SELECT sequence_match('(?1)', now(), VARIADIC CASE i WHEN 1 THEN '{true}'::boolean[] ELSE '{true,true}' END) FROM generate_series(1, 2) i;
SELECT sequence_match('(?' || i || ')', now(), true, true) FROM generate_series(1, 2) i;
SELECT sequence_match('(?64)(?64)', now(), VARIADIC array_fill(true, ARRAY[64])) AS most FROM generate_series(1, 2);
SELECT sequence_events('1{9223372036854775000=1}'::timeline, '(?1)');
SELECT sequence_transition(NULL, '(?1)', now(), '{true}');
SELECT sequence_match_final('1{0=1}'::timeline);

\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences
SELECT create_projection('orders', $$
    SELECT aggregate_id AS who, pganalytics.sequence_match('(?1).*(?2)', occurred_at, event_type = 'view', event_type = 'paid') AS paid,
           pganalytics.sequence_count('(?1)(?t<=600)(?2)', occurred_at, event_type = 'view', event_type = 'cart') AS quick,
           pganalytics.sequence_events('(?1)(?2)(?3)', occurred_at, VARIADIC ARRAY[event_type = 'view', event_type = 'cart', event_type = 'paid']) AS events,
           pganalytics.timeline(occurred_at, event_type = 'view', event_type = 'cart') AS line
    FROM clicks GROUP BY 1 $$);
SELECT who, paid, quick, events FROM orders ORDER BY who;
INSERT INTO clicks (aggregate_id, occurred_at, event_type) VALUES
    ('bob', '2024-05-01 11:15', 'cart'), ('cyd', '2024-05-01', 'view'), ('dee', '2024-05-02', 'cart');
SELECT tail, differences(name) FROM projections;
SELECT refresh_projection('orders');
SELECT tail, differences(name) FROM projections;
INSERT INTO clicks (aggregate_id, occurred_at, event_type)
SELECT (ARRAY['ada', 'bob', 'eve'])[1 + i % 3], timestamptz '2024-04-01' + (i * 7919 % 1009) * interval '1 minute', (ARRAY['view', 'cart', 'paid', 'help'])[1 + i * 13 % 4]
FROM generate_series(1, 300) i;
SELECT tail, differences(name) FROM projections;
SELECT who, paid, quick, sequence_match(line, '(?2)(?t>86400)(?1)') AS came_back FROM orders ORDER BY who;
SELECT refresh_projection('orders');
SELECT tail, differences(name) FROM projections;
-- A constant pattern that cannot be is refused at once; one that is none fails on each event.
SELECT create_projection('wrong', $$SELECT aggregate_id, pganalytics.sequence_match('(?1)(?2)', occurred_at, event_type = 'view') AS paid FROM clicks GROUP BY 1$$);
SELECT create_projection('wrong', $$SELECT aggregate_id, pganalytics.sequence_match(lower('(?1)(?2)'), occurred_at, event_type = 'view') AS paid FROM clicks GROUP BY 1$$);
SELECT count(*), error FROM dead_letters GROUP BY error;
SELECT drop_projection('wrong'), drop_projection('orders');
DROP TABLE clicks, many;
DROP FUNCTION differences;
