-- append() and append_events(): what becomes of each event is told.
SELECT pganalytics.create_event_table('events');
-- Ids that stand for a letter, and what is to be seen of an outcome.
CREATE FUNCTION id(letter text) RETURNS uuid IMMUTABLE LANGUAGE sql AS
    $$ SELECT pg_catalog.repeat(pg_catalog.to_hex(pg_catalog.ascii(letter)), 16)::uuid $$;
CREATE FUNCTION batch(letters text, type text DEFAULT 'x') RETURNS jsonb IMMUTABLE LANGUAGE sql AS
    $$ SELECT coalesce(jsonb_agg(jsonb_build_object('event_id', public.id(l), 'event_type', type) ORDER BY n), '[]')
       FROM string_to_table(letters, NULL) WITH ORDINALITY AS t(l, n) $$;
CREATE FUNCTION try(event_table regclass, aggregate text, letters text, expected bigint DEFAULT NULL, type text DEFAULT 'x')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
    differ boolean;
    detail text;
BEGIN
    CREATE TEMP TABLE outcome ON COMMIT DROP AS
        SELECT * FROM pganalytics.append(event_table, aggregate, batch(letters, type), expected)
        WITH ORDINALITY AS o(event_id, position, version, deduplicated, n);
    SELECT string_agg(format('%s%s%s', l, version, CASE WHEN deduplicated THEN '=' END), ' ' ORDER BY n) INTO told
    FROM outcome, regexp_split_to_table(letters, '') WITH ORDINALITY AS t(l, i) WHERE i = n AND id(l) = event_id;
    EXECUTE format('SELECT EXISTS (SELECT event_id, position, version FROM outcome EXCEPT SELECT event_id, position, version FROM %s WHERE aggregate_id = $1)',
        event_table) INTO differ USING aggregate;
    DROP TABLE outcome;
    RETURN coalesce(told, 'nothing') || CASE WHEN differ THEN ', but not so in the log' ELSE '' END;
EXCEPTION WHEN serialization_failure OR unique_violation OR not_null_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, regexp_replace(detail, 'position \d+', 'position n'));
END $$;
\set VERBOSITY terse

-- One event: the id is made if it brings none, all the rest as INSERT does.
SELECT version, deduplicated, event_id IS NOT NULL AS has_id, position IS NOT NULL AS has_position
FROM pganalytics.append('events', 'order-1', '[{"event_type": "placed", "payload": {"amount": 12}}]');
SELECT version, deduplicated FROM pganalytics.append(event_table => 'events', aggregate_id => 'order-1', expected_version => 1, events =>
    '[{"event_type": "paid", "occurred_at": "2024-01-02 03:04Z", "schema_version": 2}, {"event_type": "shipped", "metadata": [1]}]');
SELECT event_type, version, payload, metadata, schema_version, occurred_at = '2024-01-02 03:04Z' AS given FROM events ORDER BY version;

-- The decision table. Any version: the events are independent, as those of an INSERT.
SELECT letters, try('events', 'any', letters) FROM unnest('{ab,bc,ab,dd,""}'::text[]) letters;
-- Expected version: one unit, and sending it again has no effect.
SELECT letters, expected, try('events', 'one', letters, expected) FROM (VALUES
    ('ef', 1), ('ef', 0), ('ef', 0), ('g', 1), ('ef', 2), ('fe', 2), ('fg', 2), ('gf', 2), ('gg', 2),
    ('gh', 2), ('gh', 2), ('ef', 0), ('fg', 1), ('efgh', 0), ('h', 3), ('fx', 1), ('ghi', 2), ('hg', 2), ('ef', 2),
    ('x', 0), ('x', 9), ('', 4), ('', 3), ('', 5)) t(letters, expected);
-- With another content it is another event.
SELECT try('events', 'one', 'ef', 0, 'y');
SELECT try('events', 'one', 'h', 4, 'y');
SELECT try('events', 'two', 'e', 0);
SELECT version, event_type FROM events WHERE aggregate_id = 'one' ORDER BY version;
-- Versions as the table has them.
SELECT pganalytics.create_event_table('loose', versions => 'optional'), pganalytics.create_event_table('strict', versions => 'required'),
       pganalytics.create_event_table('forgetful', dedup_window => '0');
SELECT t, letters, expected, try(t, 'one', letters, expected) FROM unnest('{loose,strict,forgetful}'::regclass[]) t,
    (VALUES (1, 'ab', NULL), (2, 'cd', 0), (3, 'ef', 2), (4, 'ef', 2), (5, 'bae', NULL), (6, 'g', 2)) o(n, letters, expected) ORDER BY t::text, n;

-- Many aggregates at once, each with the version it must be at, or any; results in the order of the events.
PREPARE many AS SELECT left(event_id::text, 4) AS id, version, deduplicated FROM pganalytics.append_events('events', (
    SELECT jsonb_agg(jsonb_build_object('event_id', id(l), 'event_type', 'x', 'aggregate_id', 'many-' || a) ORDER BY n)
    FROM (VALUES (1, '1', 'b'), (2, '2', 'a'), (3, '3', 'b'), (4, '4', 'c')) t(n, l, a)), $1);
EXECUTE many('{"many-a": 0, "many-b": 0, "many-c": null}');
EXECUTE many('{"many-a": 0, "many-b": 0}');
EXECUTE many(NULL);
EXECUTE many('{"many-a": 1, "many-b": 1}');
EXECUTE many('{"many-nowhere": 1}');
SELECT * FROM pganalytics.append_events('events', '[]', '{"many-b": 2, "many-nowhere": 0}');
SELECT * FROM pganalytics.append_events('events', '[]', '{"many-b": 3}');
SELECT count(*) FROM pganalytics.append_events('events', '[]');

-- What is refused.
\set VERBOSITY default
SELECT pganalytics.append('events', 'a', '{}');
SELECT pganalytics.append('events', 'a', '[1]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x"}, {"event_type": "x", "colour": "red"}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x"}, {"event_type": "x", "version": 1}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "aggregate_id": "b"}]');
\set VERBOSITY sqlstate
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "position": 1}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "txid": 1}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "segment": 1}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "recorded_at": "now"}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x"}]', -1);
SELECT pganalytics.append('events', 'a', NULL);
SELECT pganalytics.append('events', NULL, '[]');
SELECT pganalytics.append(NULL, 'a', '[]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "event_id": null}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": "x", "event_id": "no uuid"}]');
SELECT pganalytics.append('events', 'a', '[{}]');
SELECT pganalytics.append('events', 'a', '[{"event_type": null}]');
SELECT pganalytics.append('pg_class', 'a', '[{"event_type": "x"}]');
SELECT pganalytics.append(1, 'a', '[{"event_type": "x"}]');
SELECT pganalytics.append_events('events', '[{"event_type": "x"}]');
SELECT pganalytics.append_events('events', '[{"event_type": "x", "aggregate_id": null}]');
SELECT pganalytics.append_events('events', '[]', '[]');
SELECT pganalytics.append_events('events', '[]', '{"a": "x"}');
SELECT pganalytics.append_events('events', '[]', '{"a": 1.5}');
SELECT pganalytics.append_events('events', '[]', '{"a": -1}');
BEGIN READ ONLY;
SELECT pganalytics.append('events', 'a', '[]', 0);
ROLLBACK;
\set VERBOSITY terse
SELECT count(*) FROM events WHERE aggregate_id IN ('a', 'b');

-- Numbers keep their digits.
SELECT count(*) FROM pganalytics.append('events', 'digits', '[{"event_type": "x", "payload": {"n": 12345678901234567890.12345678901234567890, "z": 1.00}}]');
SELECT payload FROM events WHERE aggregate_id = 'digits';

-- Columns of the user's: absent keys take the default, also where others of the batch have the key.
CREATE DOMAIN colour AS text NOT NULL CHECK (VALUE <> '');
ALTER TABLE events ADD COLUMN "Colour" colour DEFAULT 'none', ADD COLUMN tags text[] DEFAULT '{}', ADD COLUMN price numeric(6, 2), ADD COLUMN code varchar(3), ADD COLUMN took interval second(1),
    ADD COLUMN twice numeric GENERATED ALWAYS AS (price * 2) STORED, ADD CHECK (price < 1000);
SELECT version FROM pganalytics.append('events', 'columns', '[{"event_type": "x", "Colour": "red", "tags": ["a", "b"]}, {"event_type": "x"},
    {"event_type": "x", "price": 1.005, "Colour": "blue", "code": "abc", "took": "1.26 s"}, {"event_type": "x", "tags": null, "payload": {}}]');
SELECT version, "Colour", tags, price, twice, code, took, payload FROM events WHERE aggregate_id = 'columns' ORDER BY version;
\set VERBOSITY sqlstate
SELECT pganalytics.append('events', 'columns', '[{"event_type": "x", "price": 1000}]');
SELECT pganalytics.append('events', 'columns', '[{"event_type": "x", "Colour": ""}]');
SELECT pganalytics.append('events', 'columns', '[{"event_type": "x", "code": "abcd"}]');
SELECT pganalytics.append('events', 'columns', '[{"event_type": "x", "Colour": null}]');
SELECT pganalytics.append('events', 'columns', '[{"event_type": "x", "twice": 2}]');
\set VERBOSITY terse
SET client_min_messages = warning;
ALTER TABLE events DROP COLUMN price CASCADE;
RESET client_min_messages;
ALTER TABLE events RENAME COLUMN tags TO labels;
SELECT version FROM pganalytics.append('events', 'columns', '[{"event_type": "x", "labels": ["c"]}]');
SELECT version FROM pganalytics.append('events', 'columns', '[{"event_type": "x", "tags": ["c"]}]');

-- Triggers of the user's: one keeps rows out, changes ids, and appends on its own account.
CREATE TABLE audit (note text);
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_type = 'dropped' THEN
        RETURN NULL;
    ELSIF NEW.event_type = 'renamed' THEN
        NEW.event_id := id('9');
    ELSIF NEW.event_type = 'echoed' THEN
        INSERT INTO events (event_type, aggregate_id) VALUES ('echo', 'echoes');
        INSERT INTO audit SELECT format('%s %s', version, deduplicated)
            FROM pganalytics.append('loose', 'echoes', '[{"event_type": "echo"}]', 0);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meddle BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT event_id = id('9') AS renamed, version, deduplicated FROM pganalytics.append('events', 'meddled',
    '[{"event_type": "x"}, {"event_type": "dropped"}, {"event_type": "echoed"}, {"event_type": "renamed"}, {"event_type": "x", "payload": 1}]', 0);
SELECT event_type, version FROM events WHERE aggregate_id IN ('meddled', 'echoes') ORDER BY position;
TABLE audit;
DROP TRIGGER meddle ON events;

-- A batch that is in the log, under other ids.
SELECT version FROM pganalytics.append('events', 'renamed', batch('uv'), 0);
CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.event_id := id('8'); RETURN NEW; END $$;
CREATE TRIGGER rename BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION rename();
\set VERBOSITY sqlstate
SELECT version FROM pganalytics.append('events', 'renamed', batch('uv'), 0);
\set VERBOSITY terse
DROP TRIGGER rename ON events;

-- After an error nothing is left switched on.
BEGIN;
SAVEPOINT s;
\set VERBOSITY sqlstate
SELECT pganalytics.append('events', 'after', '[{"event_type": "x"}, {"event_type": null}]', 0);
\set VERBOSITY terse
ROLLBACK TO s;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'after') RETURNING version;
INSERT INTO strict (event_type, aggregate_id) VALUES ('x', 'after');
ROLLBACK;

-- Whoever may insert may append, and needs no right to read; policies apply.
CREATE ROLE regress_appender;
CREATE ROLE regress_other;
GRANT INSERT ON events TO regress_appender;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON events FOR INSERT WITH CHECK (aggregate_id LIKE 'own%');
SET ROLE regress_appender;
SELECT version, deduplicated FROM pganalytics.append('events', 'own-1', batch('mn'), 0);
SELECT version, deduplicated FROM pganalytics.append('events', 'own-1', batch('mn'), 0);
SELECT version, deduplicated FROM pganalytics.append_events('events', '[{"event_type": "x", "aggregate_id": "own-1"}]', '{"own-1": 2}');
SELECT pganalytics.append('events', 'foreign', '[{"event_type": "x"}]');
SELECT count(*) FROM events;
SET ROLE regress_other;
SELECT pganalytics.append('events', 'own-1', '[{"event_type": "x"}]');
SELECT pganalytics.append('events', 'own-1', '[]', 5);
RESET ROLE;

DROP TABLE events, loose, strict, forgetful, audit;
DROP FUNCTION meddle, rename, try, batch, id;
DROP DOMAIN colour;
DROP ROLE regress_appender, regress_other;
