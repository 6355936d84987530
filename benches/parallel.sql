-- about: aggregates over 4,000,000 events with two workers beside none; 7 runs, in turn (a minute)
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('percentile_sketch, 2 workers', 'none', '>=', 1.6),
    ('avg, for comparison, 2 workers', 'none', NULL, NULL),
    ('window_funnel, 1,000 users, 2 workers', 'none', '>=', 1.6),
    ('window_funnel, 100,000 users, 2 workers', 'none', NULL, NULL);
CREATE UNLOGGED TABLE parallel_events AS
SELECT (random() * 1e5)::int AS who, timestamptz '2026-01-01' + n * interval '1 s' AS ts, n % 3 AS kind, random() AS x
FROM generate_series(1, 4000000) n;
VACUUM ANALYZE parallel_events;
-- Two processes in all: there are two cores.
SET parallel_leader_participation = off;
CREATE PROCEDURE in_parallel(what text, query text) LANGUAGE plpgsql AS $$
BEGIN
    FOR run IN 1..7 LOOP
        SET max_parallel_workers_per_gather = 2;
        CALL measure(what || ', 2 workers', 'ours', run, 4000000, query);
        SET max_parallel_workers_per_gather = 0;
        CALL measure(what || ', 2 workers', 'plain', run, 4000000, query);
    END LOOP;
    RESET max_parallel_workers_per_gather;
END $$;
CREATE FUNCTION funnel_of(who text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT count(*) FROM (SELECT pganalytics.window_funnel(''1 day'', ts, kind = 0, kind = 1, kind = 2)
                   FROM parallel_events GROUP BY %s) f', who)
$$;
SET work_mem = '1GB';
CALL in_parallel('avg, for comparison', 'SELECT avg(x) FROM parallel_events');
CALL in_parallel('percentile_sketch', 'SELECT pganalytics.percentile_sketch(x) FROM parallel_events');
CALL in_parallel('window_funnel, 1,000 users', funnel_of('who % 1000'));
CALL in_parallel('window_funnel, 100,000 users', funnel_of('who'));
DROP TABLE parallel_events;
