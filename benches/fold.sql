-- about: 100,000 events into 139 and 60,000 groups; 5 runs, in turn (a minute)
SELECT pganalytics.create_event_table('clicks', versions => 'optional') \g /dev/null
DO $$
DECLARE
    few text := 'SELECT (payload->>''k'')::int %% 139 AS k, count(*) AS n, sum((payload->>''v'')::float8) AS total FROM clicks %s GROUP BY 1';
    many text := 'SELECT (payload->>''k'')::int %% 60000 AS k, count(*) AS n, sum((payload->>''v'')::float8) AS total FROM clicks %s GROUP BY 1';
    upsert text := 'INSERT INTO %s AS r %s ON CONFLICT (k) DO UPDATE SET n = r.n + excluded.n, total = r.total + excluded.total';
    at bigint;
BEGIN
    CREATE TABLE few_rollup (k int PRIMARY KEY, n bigint, total float8) WITH (fillfactor = 50);
    CREATE TABLE many_rollup (k int PRIMARY KEY, n bigint, total float8) WITH (fillfactor = 50);
    PERFORM pganalytics.create_projection('few', format(few, ''));
    PERFORM pganalytics.create_projection('many', format(many, ''));
    COMMIT;
    FOR run IN 1..6 LOOP
        SELECT coalesce(max(position), 0) INTO at FROM clicks;
        INSERT INTO clicks (event_type, aggregate_id, payload)
        SELECT 'click', 'x', jsonb_build_object('k', (random() * 1e9)::int, 'v', random()) FROM generate_series(1, 100000);
        COMMIT;
        -- The first run fills the states; the others merge into them.
        FOR side IN 1..2 LOOP
            IF (side + run) % 2 = 0 THEN
                CALL measure('fold into 139 groups', CASE run WHEN 1 THEN 'warm' ELSE 'ours' END, run, 100000,
                             'SELECT pganalytics.refresh_projection(''few'')');
                CALL measure('fold into 60,000 groups', CASE run WHEN 1 THEN 'warm' ELSE 'ours' END, run, 100000,
                             'SELECT pganalytics.refresh_projection(''many'')');
            ELSE
                CALL measure('fold into 139 groups', CASE run WHEN 1 THEN 'warm' ELSE 'plain' END, run, 100000,
                             format(upsert, 'few_rollup', format(few, 'WHERE position > ' || at)));
                CALL measure('fold into 60,000 groups', CASE run WHEN 1 THEN 'warm' ELSE 'plain' END, run, 100000,
                             format(upsert, 'many_rollup', format(many, 'WHERE position > ' || at)));
            END IF;
        END LOOP;
    END LOOP;
END $$;
