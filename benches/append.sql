-- about: statements of 1,000 events, 10 per aggregate; 5 runs of 50,000 events each, in turn (a minute)
DO $$
DECLARE
    v7 text := $f$ (event_type, aggregate_id, payload)
        SELECT 'order', 'customer %s-$i-' || n / 10, jsonb_build_object('amount', n, 'country', 'de')
        FROM generate_series(0, 999) n $f$;
    v4 text := $f$ (event_id, event_type, aggregate_id, payload)
        SELECT gen_random_uuid(), 'order', 'customer %s-$i-' || n / 10, jsonb_build_object('amount', n, 'country', 'de')
        FROM generate_series(0, 999) n $f$;
    target text;
    suffix text;
    side text;
BEGIN
    FOR run IN 1..5 LOOP
        -- In turn, and every other run the other way round.
        FOR turn IN 0..1 LOOP
            side := CASE (turn + run) % 2 WHEN 0 THEN 'ours' ELSE 'plain' END;
            suffix := CASE side WHEN 'ours' THEN '' ELSE 'ON CONFLICT DO NOTHING' END;
            target := CASE side WHEN 'ours' THEN 'events' ELSE 'twin' END;
            CALL measure('INSERT of 1,000, versions auto', side, run, 50000,
                         'INSERT INTO ' || target || format(v7, run) || suffix, 50);
            CALL measure('INSERT of 1,000, auto, UUID v4', side, run, 50000,
                         'INSERT INTO ' || target || format(v4, 100 + run) || suffix, 50);
            target := CASE side WHEN 'ours' THEN 'optional_events' ELSE 'twin' END;
            CALL measure('INSERT of 1,000, versions optional', side, run, 50000,
                         'INSERT INTO ' || target || format(v7, 200 + run) || suffix, 50);
        END LOOP;
    END LOOP;
END $$;
