-- An event table may be renamed and moved; versions and ids go on.
CREATE SCHEMA here;
CREATE SCHEMA there;
CREATE SCHEMA attic;
SELECT pganalytics.create_event_table('here.events');
SELECT pganalytics.create_event_table('there.events');
PREPARE append AS INSERT INTO here.events (event_id, event_type, aggregate_id) VALUES ($1, 'x', 'a') RETURNING version;
EXECUTE append('01900000-0000-7000-8000-000000000001');

-- Two of the same name know nothing of each other.
INSERT INTO there.events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'y', 'a'), ('01900000-0000-7000-8000-000000000002', 'y', 'a')
RETURNING version, position;

-- The name is free again at once.
ALTER TABLE here.events RENAME TO old_events;
SELECT pganalytics.create_event_table('here.events');
INSERT INTO here.events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version, position;
INSERT INTO here.old_events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a'), ('01900000-0000-7000-8000-000000000002', 'x', 'a')
RETURNING version, position;

-- Other schema, renamed schema. The sequence goes with its table.
ALTER TABLE here.old_events SET SCHEMA attic;
ALTER SCHEMA attic RENAME TO cellar;
ALTER SCHEMA there RENAME TO elsewhere;
INSERT INTO cellar.old_events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
INSERT INTO elsewhere.events (event_type, aggregate_id) VALUES ('y', 'a') RETURNING version;
SELECT event_table FROM pganalytics.event_tables ORDER BY event_table::text COLLATE "C";
UPDATE cellar.old_events SET version = 1;
ALTER SEQUENCE elsewhere.events_position_seq RENAME TO numbers;
INSERT INTO elsewhere.events (event_type, aggregate_id) VALUES ('y', 'a') RETURNING version;

-- A prepared statement goes by the name.
EXECUTE append('01900000-0000-7000-8000-000000000003');

-- DROP takes everything along; the same name begins anew.
DROP TABLE here.events, cellar.old_events;
SELECT pganalytics.create_event_table('here.events');
EXECUTE append('01900000-0000-7000-8000-000000000001');
SET client_min_messages = warning;
DROP SCHEMA here, elsewhere, cellar CASCADE;
SELECT count(*) FROM pganalytics.event_tables;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
DEALLOCATE append;
