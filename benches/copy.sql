-- about: COPY of one file of 1,000,000 events, 10 per aggregate, into empty tables, with versions (3 minutes)
SELECT current_setting('data_directory') || '/events.copy' AS file \gset
COPY (SELECT pganalytics.uuid_v7(), 'order', 'customer ' || n / 10, n % 10 + 1,
             jsonb_build_object('amount', n % 1000, 'country', 'de')
      FROM generate_series(0, 999999) n) TO :'file';
CALL make_twin('copy_twin');
CREATE PROCEDURE copy_once(side text, run integer, file text) LANGUAGE plpgsql AS $body$
DECLARE
    target text := CASE side WHEN 'ours' THEN 'copied' ELSE 'copy_twin' END;
BEGIN
    IF side = 'ours' THEN
        PERFORM pganalytics.create_event_table('copied');
    ELSE
        TRUNCATE copy_twin;
    END IF;
    COMMIT;
    CHECKPOINT;
    CALL measure('COPY of 1,000,000', side, run, 1000000,
                 format('COPY %I (event_id, event_type, aggregate_id, version, payload) FROM %L', target, file));
    IF side = 'ours' THEN
        DROP TABLE copied;
    ELSE
        TRUNCATE copy_twin;
    END IF;
    COMMIT;
END $body$;
SELECT format('CALL copy_once(%L, %s, %L)', CASE (run + turn) % 2 WHEN 1 THEN 'ours' ELSE 'plain' END, run, :'file')
FROM generate_series(1, 5) run, generate_series(0, 1) turn ORDER BY run, turn \gexec
