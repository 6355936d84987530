-- about: bringing a read model of 10,000,000 events up to date with 10,000 more, beside REFRESH MATERIALIZED VIEW (8 minutes)
SELECT pganalytics.create_event_table('history', versions => 'optional', dedup_window => '0') \g /dev/null
INSERT INTO history (event_type, aggregate_id, occurred_at, payload)
SELECT 'click', 'x', timestamptz '2026-01-01' + n * interval '1 second', jsonb_build_object('k', n % 60000, 'v', n % 7)
FROM generate_series(1, 10000000) n;
VACUUM ANALYZE history;
CREATE MATERIALIZED VIEW refreshed AS
SELECT (payload->>'k')::int AS k, count(*) AS n, sum((payload->>'v')::float8) AS total FROM history GROUP BY 1;
SELECT pganalytics.create_projection('kept', 'SELECT (payload->>''k'')::int AS k, count(*) AS n,
    sum((payload->>''v'')::float8) AS total FROM history GROUP BY 1') \g /dev/null
SELECT pganalytics.refresh_projection('kept') \g /dev/null
DO $$ BEGIN
    FOR run IN 1..5 LOOP
        INSERT INTO history (event_type, aggregate_id, payload)
        SELECT 'click', 'x', jsonb_build_object('k', (random() * 60000)::int, 'v', 1) FROM generate_series(1, 10000);
        COMMIT;
        CALL measure('10,000 of 10,000,000 events new', 'ours', run, 10000, 'SELECT pganalytics.refresh_projection(''kept'')');
        CALL measure('10,000 of 10,000,000 events new', 'plain', run, 10000, 'REFRESH MATERIALIZED VIEW refreshed');
    END LOOP;
END $$;
