-- The event table, its plain twin, and where the measurements go.
SELECT pganalytics.create_event_table('events') \g /dev/null
SELECT pganalytics.create_event_table('optional_events', versions => 'optional') \g /dev/null

-- What a user would write without the extension: same columns, partitions and
-- other indexes, a unique index that holds retries off.
CREATE SEQUENCE twin_position;
CREATE TABLE twin (
    LIKE events INCLUDING COMMENTS,
    PRIMARY KEY (event_id, segment)
) PARTITION BY LIST (segment);
ALTER TABLE twin
    ALTER event_id SET DEFAULT pganalytics.uuid_v7(),
    ALTER occurred_at SET DEFAULT clock_timestamp(),
    ALTER payload SET DEFAULT '{}', ALTER metadata SET DEFAULT '{}', ALTER context SET DEFAULT '{}',
    ALTER schema_version SET DEFAULT 1,
    ALTER recorded_at SET DEFAULT clock_timestamp(),
    ALTER position SET DEFAULT nextval('twin_position'),
    ALTER txid SET DEFAULT pg_current_xact_id(),
    ALTER segment SET DEFAULT 1;
CREATE TABLE twin_1 PARTITION OF twin FOR VALUES IN (1);
CREATE TABLE twin_2 PARTITION OF twin FOR VALUES IN (2);
CREATE INDEX ON twin (txid);
CREATE INDEX ON twin (aggregate_id, version);

CREATE TABLE measured (what text, side text, run integer, rows bigint, ms double precision);

-- Runs a statement some times, each in a transaction of its own, and notes how
-- long it took in all; $i in its text is the number of the time.
CREATE PROCEDURE measure(what text, side text, run integer, rows bigint, statement text, times integer DEFAULT 1)
LANGUAGE plpgsql AS $body$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    FOR i IN 1..times LOOP
        EXECUTE replace(statement, '$i', i::text);
        COMMIT;
    END LOOP;
    INSERT INTO measured VALUES (what, side, run, rows, extract(epoch FROM clock_timestamp() - started) * 1000);
    COMMIT;
END $body$;
