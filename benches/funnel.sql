-- about: funnels over 10,000,000 events of 1,000,000 users, beside array_agg, and ClickHouse with one thread; 5 runs (10 minutes)
-- FUNNEL_USERS in the environment makes it smaller.
\getenv users FUNNEL_USERS
\if :{?users}
\else
    \set users 1000000
\endif
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('window_funnel for each user', 'array_agg(ts)', '>=', 1.0),
    ('the same, 2 workers', 'none', NULL, NULL),
    ('window_funnel over the log', 'ClickHouse', '>=', 0.2),
    ('levels kept by a projection', 'ClickHouse, events', '>=', 1.0);
SELECT pganalytics.create_event_table('visits', versions => 'optional', dedup_window => '0') \g /dev/null
INSERT INTO visits (event_type, aggregate_id, occurred_at)
SELECT (ARRAY['search', 'view', 'cart', 'order', 'help'])[1 + hashint8(n) % 5 + CASE WHEN hashint8(n) < 0 THEN 4 ELSE 0 END],
       'user' || abs(hashint8(n * 7 + 1)::bigint) % :users, timestamptz '2026-01-01' + n * 100 * interval '1 ms'
FROM generate_series(1, 10 * :users) n;
VACUUM ANALYZE visits;
SELECT pganalytics.create_projection('funnel_levels', $$
    SELECT aggregate_id AS user_id, pganalytics.window_funnel('7 days', occurred_at,
        event_type = 'search', event_type = 'view', event_type = 'cart', event_type = 'order') AS level
    FROM visits GROUP BY 1 $$) \g /dev/null
SELECT pganalytics.refresh_projection('funnel_levels') \g /dev/null
VACUUM ANALYZE;

-- All groups in memory; else both would write most of them out, and read them again.
SET work_mem = '2GB';
SET max_parallel_workers_per_gather = 0;
SET bench.rows = :users;
DO $$
DECLARE
    events numeric := 10 * current_setting('bench.rows')::numeric;
    funnels text := 'SELECT level, count(*) FROM (SELECT pganalytics.window_funnel(''7 days'', occurred_at,
        event_type = ''search'', event_type = ''view'', event_type = ''cart'', event_type = ''order'') AS level
        FROM visits GROUP BY aggregate_id) AS u GROUP BY 1';
BEGIN
    FOR run IN 1..5 LOOP
        CALL measure('window_funnel for each user', 'ours', run, events, funnels);
        CALL measure('window_funnel for each user', 'plain', run, events,
                     'SELECT count(times) FROM (SELECT array_agg(occurred_at) AS times FROM visits GROUP BY aggregate_id) AS u');
        CALL measure('levels kept by a projection', 'ours', run, events, 'SELECT level, count(*) FROM funnel_levels GROUP BY 1');
    END LOOP;
    INSERT INTO measured SELECT 'window_funnel over the log', side, run, rows, ms FROM measured
    WHERE what = 'window_funnel for each user' AND side = 'ours';
    INSERT INTO measured SELECT 'the same, 2 workers', 'plain', run, rows, ms FROM measured
    WHERE what = 'window_funnel for each user' AND side = 'ours';
    SET max_parallel_workers_per_gather = 2;
    FOR run IN 1..5 LOOP
        CALL measure('the same, 2 workers', 'ours', run, events, funnels);
    END LOOP;
END $$;
CREATE TABLE funnel_answers AS SELECT level, count(*) AS users FROM funnel_levels GROUP BY 1;
\! ../target/chdb/bin/python funnel.py || echo 'ClickHouse is not measured: make parity installs it'
