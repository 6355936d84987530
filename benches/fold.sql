-- about: 100,000 events into 139, 60,000 and 390,000 groups, and with a partial state; 5 runs, in turn (2 minutes)
SELECT pganalytics.create_event_table('clicks', versions => 'optional') \g /dev/null
-- What is written by hand finds new events by their position.
CREATE INDEX ON clicks (position);
CREATE TABLE folded (what text PRIMARY KEY, name text, query text, merges text);
INSERT INTO folded VALUES
    ('fold into 139 groups', 'few',
     'SELECT (payload->>''k'')::int % 139 AS k, count(*) AS n, sum((payload->>''v'')::float8) AS total FROM clicks WHERE true GROUP BY 1',
     'n = r.n + excluded.n, total = r.total + excluded.total'),
    ('fold into 60,000 groups', 'many',
     'SELECT (payload->>''k'')::int % 60000 AS k, count(*) AS n, sum((payload->>''v'')::float8) AS total FROM clicks WHERE true GROUP BY 1',
     'n = r.n + excluded.n, total = r.total + excluded.total'),
    ('fold into 390,000 groups', 'most',
     'SELECT (payload->>''k'')::int % 390000 AS k, count(*) AS n, sum((payload->>''v'')::float8) AS total FROM clicks WHERE true GROUP BY 1',
     'n = r.n + excluded.n, total = r.total + excluded.total'),
    ('fold a partial state into 60,000', 'spread',
     'SELECT (payload->>''k'')::int % 60000 AS k, stddev((payload->>''v'')::numeric) AS spread FROM clicks WHERE true GROUP BY 1',
     'n = r.n + excluded.n, total = r.total + excluded.total, squares = r.squares + excluded.squares');
-- What is written by hand for a standard deviation: its three moments.
CREATE FUNCTION by_hand(f folded) RETURNS text LANGUAGE sql AS $$
    SELECT replace(f.query, 'stddev((payload->>''v'')::numeric) AS spread',
                   'count(*) AS n, sum((payload->>''v'')::numeric) AS total, sum((payload->>''v'')::numeric * (payload->>''v'')::numeric) AS squares')
$$;
DO $$
DECLARE
    f folded;
    at bigint;
BEGIN
    FOR f IN TABLE folded LOOP
        PERFORM pganalytics.create_projection(f.name, f.query);
        EXECUTE format('CREATE TABLE %s_rollup WITH (fillfactor = 50) AS %s', f.name, by_hand(f));
        EXECUTE format('ALTER TABLE %s_rollup ADD PRIMARY KEY (k)', f.name);
    END LOOP;
    COMMIT;
    FOR run IN 0..5 LOOP
        SELECT coalesce(max(position), 0) INTO at FROM clicks;
        -- The first run fills the states; the others merge into them.
        INSERT INTO clicks (event_type, aggregate_id, payload)
        SELECT 'click', 'x', jsonb_build_object('k', (random() * 1e9)::int, 'v', random())
        FROM generate_series(1, CASE run WHEN 0 THEN 1000000 ELSE 100000 END);
        COMMIT;
        FOR f IN TABLE folded LOOP
            FOR side IN 1..2 LOOP
                IF (side + run) % 2 = 0 THEN
                    CALL measure(f.what, CASE run WHEN 0 THEN 'warm' ELSE 'ours' END, run, 100000,
                                 format('SELECT pganalytics.refresh_projection(%L)', f.name));
                ELSE
                    CALL measure(f.what, CASE run WHEN 0 THEN 'warm' ELSE 'plain' END, run, 100000,
                                 format('INSERT INTO %s_rollup AS r %s ON CONFLICT (k) DO UPDATE SET %s', f.name,
                                        replace(by_hand(f), 'WHERE true', 'WHERE position > ' || at), f.merges));
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
