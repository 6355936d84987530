-- about: aggregates over 4,000,000 events with two workers beside none; 7 runs, in turn (a minute)
CREATE UNLOGGED TABLE parallel_events AS
SELECT (random() * 1e5)::int AS who, timestamptz '2026-01-01' + n * interval '1 s' AS ts, n % 3 AS kind, random() AS x
FROM generate_series(1, 4000000) n;
VACUUM ANALYZE parallel_events;
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
CALL in_parallel('approx_count_distinct', 'SELECT pganalytics.approx_count_distinct(who) FROM parallel_events');
CALL in_parallel('approx_percentile', 'SELECT pganalytics.percentile_sketch(x) FROM parallel_events');
CALL in_parallel('window_funnel', 'SELECT count(*) FROM (SELECT pganalytics.window_funnel(''1 day'', ts, kind = 0, kind = 1, kind = 2) FROM parallel_events GROUP BY who) f');
DROP TABLE parallel_events;
