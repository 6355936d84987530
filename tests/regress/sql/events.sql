-- Event tables: what goes in, what is refused, and with which SQLSTATE.
SELECT pganalytics.create_event_table('events');

-- Every shape of INSERT works; the extension numbers what it appends.
INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'a');
INSERT INTO events (event_type, aggregate_id, payload)
VALUES ('paid', 'a', '{"amount": 12.5}'), ('opened', 'b', '{}')
RETURNING aggregate_id, version, position, segment;
INSERT INTO events (event_type, aggregate_id)
SELECT 'paid', CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 4) i;
COPY events (event_type, aggregate_id, payload) FROM stdin;
closed	a	{"by": "copy"}
closed	b	{}
\.
SELECT aggregate_id, version, position, event_type FROM events ORDER BY position;

-- A version may be given: it must be the next one.
INSERT INTO events (event_type, aggregate_id, version) VALUES ('paid', 'a', 6);
INSERT INTO events (event_type, aggregate_id, version) VALUES ('paid', 'a', 6);
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id, version) VALUES ('opened', 'c', 1), ('paid', 'c', 2);

-- The same event again is a retry and is skipped, whatever version it has.
INSERT INTO events (event_id, event_type, aggregate_id, version, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'c', 3, '{"n": 1, "m": 2}');
INSERT INTO events (event_id, event_type, aggregate_id, version, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'c', 3, '{"m": 2,   "n": 1}');
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'c', '{"n": 1, "m": 2}') RETURNING version;
-- Twice in one statement: the first stays.
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000002', 'x', 'd'), ('01900000-0000-7000-8000-000000000002', 'x', 'd');
-- The same id for something else is a mistake.
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'c', '{"n": 3}');
\echo :SQLSTATE
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'z', '{"n": 1, "m": 2}');
\echo :SQLSTATE

-- What a rollback takes back leaves no gap in the versions and no id behind.
BEGIN;
INSERT INTO events (event_type, aggregate_id) VALUES ('one', 'e');
SAVEPOINT s;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000003', 'two', 'e');
ROLLBACK TO s;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000003', 'two', 'e')
RETURNING version;
COMMIT;

-- What the extension sets cannot be forged.
INSERT INTO events (event_type, aggregate_id, position, txid, recorded_at)
VALUES ('forged', 'f', -1, '1', '1999-01-01')
RETURNING position > 0 AND txid::text::bigint > 1 AND recorded_at > '2020-01-01' AS replaced;
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('forged', 'f', 2);
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('forged', 'f', 99);
\echo :SQLSTATE
\set VERBOSITY sqlstate
INSERT INTO events (event_type, aggregate_id, event_id) VALUES ('anonymous', 'f', NULL);
\echo :SQLSTATE

\set VERBOSITY default
-- The log is only appended to: table and segments, every role and mode.
UPDATE events SET payload = '{}';
\echo :SQLSTATE
DELETE FROM events WHERE aggregate_id = 'a';
\echo :SQLSTATE
TRUNCATE events;
\echo :SQLSTATE
SELECT s.relation AS segment FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
-- (the number in a segment's name differs from run to run)
\set VERBOSITY sqlstate
UPDATE :segment SET version = 1;
DELETE FROM :segment;
TRUNCATE :segment;
\echo :SQLSTATE
\set VERBOSITY default
SET session_replication_role = replica;
DELETE FROM events;
INSERT INTO events (event_type, aggregate_id) VALUES ('as replica', 'e') RETURNING version;
RESET session_replication_role;
MERGE INTO events e USING (VALUES ('a')) v (id) ON e.aggregate_id = v.id WHEN MATCHED THEN DELETE;
\echo :SQLSTATE

-- Rows that vanish after the trigger leave no gap.
CREATE TABLE names (name text PRIMARY KEY);
INSERT INTO names VALUES ('known');
ALTER TABLE events ADD COLUMN name text REFERENCES names;
ALTER TABLE events ADD COLUMN doubled bigint GENERATED ALWAYS AS (version * 2) STORED;
CREATE UNIQUE INDEX one_name ON :segment (name) WHERE event_type = 'named';
INSERT INTO events (event_type, aggregate_id, name) VALUES ('named', 'g', 'known');
INSERT INTO events (event_type, aggregate_id, name) VALUES ('named', 'g', 'known') ON CONFLICT DO NOTHING;
INSERT INTO events (event_type, aggregate_id, name) VALUES ('other', 'g', 'known') RETURNING version, doubled;
\set VERBOSITY sqlstate
INSERT INTO events (event_type, aggregate_id, name) VALUES ('other', 'g', 'unknown');
\set VERBOSITY default

-- The function of the triggers is of no use elsewhere.
CREATE TRIGGER again BEFORE INSERT ON :segment FOR EACH STATEMENT EXECUTE FUNCTION pganalytics.on_event();
INSERT INTO :segment (event_type, aggregate_id, segment) VALUES ('x', 'h', 1);
\echo :SQLSTATE
DROP TRIGGER again ON :segment;
SELECT pganalytics.on_event();
\echo :SQLSTATE

-- Options.
SELECT pganalytics.create_event_table('optional_events', versions => 'optional', dedup_window => '0');
INSERT INTO optional_events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a'), ('01900000-0000-7000-8000-000000000001', 'x', 'a')
RETURNING version;
INSERT INTO optional_events (event_type, aggregate_id, version) VALUES ('x', 'a', 1), ('x', 'a', NULL), ('x', 'a', 2)
RETURNING version;
SELECT pganalytics.create_event_table('required_events', versions => 'required');
INSERT INTO required_events (event_type, aggregate_id) VALUES ('x', 'a');
\echo :SQLSTATE
INSERT INTO required_events (event_type, aggregate_id, version) VALUES ('x', 'a', 1);
SELECT event_table, versions, dedup_window, segment_interval, retention, active_segment
FROM pganalytics.event_tables ORDER BY event_table::text COLLATE "C";

SELECT pganalytics.create_event_table('events');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('x', versions => 'sometimes');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('x', dedup_window => '-1 day');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('no.such.schema');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('no_such_schema.x');
\echo :SQLSTATE
SELECT pganalytics.active_segment('pg_class');
\echo :SQLSTATE

-- Quoted and non-ASCII names; renaming and moving.
CREATE SCHEMA "my schema";
SELECT pganalytics.create_event_table('"my schema"."Ünïcode ""events"""');
INSERT INTO "my schema"."Ünïcode ""events""" (event_type, aggregate_id) VALUES ('é', 'ß');
ALTER TABLE "my schema"."Ünïcode ""events""" RENAME TO renamed;
ALTER TABLE "my schema".renamed SET SCHEMA public;
INSERT INTO renamed (event_type, aggregate_id) VALUES ('é', 'ß') RETURNING version;
UPDATE renamed SET version = 3;
ALTER TABLE renamed RENAME COLUMN payload TO body;
INSERT INTO renamed (event_type, aggregate_id) VALUES ('é', 'ß');
\echo :SQLSTATE

-- What belongs to an event table goes with it.
DROP TABLE events, optional_events, required_events, renamed;
DROP TABLE names;
DROP SCHEMA "my schema";
SELECT count(*) FROM pganalytics.event_tables;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
