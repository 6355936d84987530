-- The bars, where the measurements go, and how a pair of tables is made and measured.

-- What is measured, in the order of the report: at least or at most how much of
-- what it is compared with, or at most how many milliseconds more.
CREATE TABLE bar (place serial, what text PRIMARY KEY, beside text NOT NULL, sense text, bar numeric);
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('INSERT of 1, 8 clients', 'twin', '>=', 0.95),
    ('INSERT of 1,000, optional, UUID v7', 'twin', '>=', 0.75),
    ('INSERT of 1,000, optional, UUID v4', 'twin', '>=', 0.75),
    ('INSERT of 1,000, auto, UUID v7', 'twin', '>=', 0.6),
    ('INSERT of 1,000, auto, UUID v4', 'twin', '>=', 0.6),
    ('COPY of 1,000,000', 'twin', '>=', 0.6),
    ('INSERT of 1, 8 clients, 100 aggregates', 'twin with heads', '>=', 0.8),
    ('INSERT of 1,000 into 10 segments', 'one segment', '>=', 0.9),
    ('INSERT of 1,000 into 100 segments', 'one segment', '>=', 0.9),
    ('the twin''s INSERT of 1,000 into 10', 'one partition', NULL, NULL),
    ('the twin''s INSERT of 1,000 into 100', 'one partition', NULL, NULL),
    ('the last hour of 100 segments, literal', 'one segment', NULL, NULL),
    ('the last hour of 100 segments, by BRIN', 'one segment', NULL, NULL),
    ('the same, from first_segment() on', 'one segment', NULL, NULL),
    ('10,000 INSERTs of 1 in a transaction', '1,000', '>=', 0.9),
    ('bytes per event, all ids remembered', 'twin', '<=', 1.35),
    ('bytes per event, no deduplication', 'twin without unique', '<=', 1.1),
    ('fold into 139 groups', 'upsert', '>=', 0.9),
    ('fold into 60,000 groups', 'upsert', '>=', 0.9),
    ('fold into 390,000 groups', 'upsert', '>=', 0.9),
    ('fold a partial state into 60,000', 'upsert of moments', '>=', 0.6),
    ('point read, tail empty', 'table', 'ms', 0.1),
    ('point read, tail empty, 100 segments', 'table', 'ms', 0.1),
    ('range read of 100, tail empty', 'table', 'ms', 0.1),
    ('range read of 100, tail empty, 100 segments', 'table', 'ms', 0.1),
    ('whole read, tail empty', 'table', '>=', 0.67),
    ('whole read, tail empty, 100 segments', 'table', '>=', 0.67),
    ('point read, tail of 1,000', 'table', 'ms', 3),
    ('point read, tail of 1,000, 100 segments', 'table', 'ms', 3),
    ('range read of 100, tail of 1,000', 'table', 'ms', 3),
    ('range read of 100, tail of 1,000, 100 segments', 'table', 'ms', 3),
    ('whole read, tail of 1,000', 'table', '>=', 0.67),
    ('whole read, tail of 1,000, 100 segments', 'table', '>=', 0.67),
    ('INSERT of 100, 10 projections', 'none', '>=', 0.97),
    ('INSERT of 100, 10 projections, control', 'none, idle core', NULL, NULL),
    ('10,000 of 10,000,000 events new', 'REFRESH', NULL, NULL);

-- side: 'ours' or 'plain', what it is compared with. Rows in so many milliseconds,
-- or, with ms NULL, bytes per event in the place of rows.
CREATE TABLE measured (what text REFERENCES bar, side text, run integer, rows numeric, ms double precision);

SELECT pganalytics.create_event_table('model') \g /dev/null
CREATE SEQUENCE twin_position;

-- What a user would write without the extension: same columns, same partitions, same
-- other indexes, and a unique index that holds retries off.
CREATE PROCEDURE make_twin(name text, partitions integer DEFAULT 2, deduplicates boolean DEFAULT true)
LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE format($f$
        CREATE TABLE %1$I (LIKE model INCLUDING COMMENTS) PARTITION BY LIST (segment);
        ALTER TABLE %1$I
            ALTER event_id SET DEFAULT pganalytics.uuid_v7(),
            ALTER occurred_at SET DEFAULT clock_timestamp(),
            ALTER payload SET DEFAULT '{}', ALTER metadata SET DEFAULT '{}', ALTER context SET DEFAULT '{}',
            ALTER schema_version SET DEFAULT 1,
            ALTER recorded_at SET DEFAULT clock_timestamp(),
            ALTER position SET DEFAULT nextval('twin_position'),
            ALTER txid SET DEFAULT pg_current_xact_id(),
            ALTER segment SET DEFAULT %2$s;
        CREATE INDEX ON %1$I (txid);
        CREATE INDEX ON %1$I USING brin (occurred_at);
        CREATE INDEX ON %1$I (aggregate_id, version) $f$, name, greatest(partitions - 1, 1));
    IF deduplicates THEN
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (event_id, segment)', name);
    END IF;
    FOR i IN 1..partitions LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%s)', name || '_' || i, name, i);
    END LOOP;
END $body$;

-- An event table and its twin, name_twin.
CREATE PROCEDURE make_pair(name text, versions text DEFAULT 'auto', dedup_window interval DEFAULT NULL)
LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pganalytics.create_event_table(name, versions => versions, dedup_window => dedup_window);
    CALL make_twin(name || '_twin', deduplicates => dedup_window IS DISTINCT FROM '0');
END $body$;

-- Runs a statement some times, each in a transaction of its own, and notes how
-- long it took in all; in its text $r is the number of the run, $i that of the time.
CREATE PROCEDURE measure(what text, side text, run integer, rows numeric, statement text, times integer DEFAULT 1)
LANGUAGE plpgsql AS $body$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    FOR i IN 1..times LOOP
        EXECUTE replace(replace(statement, '$r', run::text), '$i', i::text);
        COMMIT;
    END LOOP;
    INSERT INTO measured VALUES (what, side, run, rows, extract(epoch FROM clock_timestamp() - started) * 1000);
    COMMIT;
END $body$;

-- Runs of two statements in turn, every other run the other way round. Many short
-- ones: whatever else the machine does then comes into both.
CREATE PROCEDURE alternate(what text, rows numeric, ours text, plain text, times integer DEFAULT 1,
                           plain_times integer DEFAULT NULL, runs integer DEFAULT 15)
LANGUAGE plpgsql AS $body$
BEGIN
    FOR run IN 1..runs LOOP
        IF run % 2 = 1 THEN
            CALL measure(what, 'ours', run, rows, ours, times);
        END IF;
        CALL measure(what, 'plain', run, rows, plain, coalesce(plain_times, times));
        IF run % 2 = 0 THEN
            CALL measure(what, 'ours', run, rows, ours, times);
        END IF;
    END LOOP;
END $body$;

-- A statement of 1,000 events of 100 aggregates for `measure`. The twin is given the
-- version that the event table finds.
CREATE FUNCTION thousand(target text, event_id text, version text) RETURNS text LANGUAGE sql AS $body$
    SELECT format($f$
        INSERT INTO %1$I (event_id, event_type, aggregate_id, payload%4$s)
        SELECT %2$s, 'order', 'customer $r-$i-' || n / 10, jsonb_build_object('amount', n, 'country', 'de')%5$s
        FROM generate_series(0, 999) n %3$s $f$,
        target, event_id, CASE WHEN target LIKE '%twin%' THEN 'ON CONFLICT DO NOTHING' END,
        CASE WHEN version IS NOT NULL THEN ', version' END, ', ' || version)
$body$;
