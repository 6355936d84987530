-- Savepoints, blocks with exceptions, and transactions in two phases.
SELECT pganalytics.create_event_table('events');
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- A refused event does not end a transaction that has a savepoint.
BEGIN;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a') RETURNING version;
SAVEPOINT s;
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', 9);
ROLLBACK TO s;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000002', 'x', 'a') RETURNING version;
SAVEPOINT t;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000003', 'x', 'a') RETURNING version;
RELEASE t;
ROLLBACK TO s;
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a'), ('01900000-0000-7000-8000-000000000003', 'x', 'a') RETURNING version;
COMMIT;

-- A producer that tries again by itself.
DO $$
DECLARE
    given bigint;
BEGIN
    FOR i IN 1..3 LOOP
        given := 1;
        LOOP
            BEGIN
                INSERT INTO events (event_type, aggregate_id, version) VALUES ('tried', 'a', given);
                EXIT;
            EXCEPTION WHEN serialization_failure THEN
                SELECT max(version) + 1 INTO given FROM events WHERE aggregate_id = 'a';
            END;
        END LOOP;
        RAISE NOTICE 'version %', given;
    END LOOP;
END $$;

-- A procedure that commits as it goes.
CREATE PROCEDURE in_batches() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..3 LOOP
        INSERT INTO events (event_type, aggregate_id) SELECT 'batch', 'b' || k % 2 FROM generate_series(1, 4) k;
        IF i = 2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
END $$;
CALL in_batches();
SELECT aggregate_id, count(*), max(version), count(DISTINCT txid) AS transactions FROM events WHERE event_type = 'batch' GROUP BY 1 ORDER BY 1;

-- Two phases. (Meanwhile others who append to the aggregate wait.)
BEGIN;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000004', 'x', 'c');
SAVEPOINT s;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'c');
ROLLBACK TO s;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'c') RETURNING version;
PREPARE TRANSACTION 'regress_kept';
BEGIN;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000005', 'x', 'd');
PREPARE TRANSACTION 'regress_undone';
SELECT count(*) FROM events WHERE aggregate_id IN ('c', 'd');
SET lock_timeout = '100ms';
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'c');
\echo :SQLSTATE
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000005', 'x', 'd');
\echo :SQLSTATE
RESET lock_timeout;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'e') RETURNING version;
COMMIT PREPARED 'regress_kept';
ROLLBACK PREPARED 'regress_undone';
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000004', 'x', 'c'), (DEFAULT, 'x', 'c'), ('01900000-0000-7000-8000-000000000005', 'x', 'd')
RETURNING aggregate_id, version;

DROP TABLE events;
DROP PROCEDURE in_batches;
