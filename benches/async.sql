-- about: statements of 100 events, 1 client, with 10 projections and the worker beside without projections, and beside a process that only computes; 21 runs of 3 s each in turn (4 minutes)
-- clients: INSERT of 100, 10 projections
-- setting: pganalytics.worker=on
SELECT pganalytics.create_event_table('async_' || n, versions => 'optional') FROM (VALUES ('ours'), ('plain')) AS _(n) \g /dev/null
SELECT pganalytics.create_projection('async_by_' || n, format('SELECT (payload->>''k'')::int %% %s AS k, event_type,
    count(*) AS n, sum((payload->>''v'')::float8) AS total, max(occurred_at) AS last FROM async_ours GROUP BY 1, 2', n * 100))
FROM generate_series(1, 10) n \g /dev/null
