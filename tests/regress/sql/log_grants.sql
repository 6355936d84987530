-- A producer needs INSERT, on the table or some columns, and nothing else.
CREATE ROLE regress_log_owner;
CREATE ROLE regress_producer;
CREATE ROLE regress_columns;
CREATE ROLE regress_auditor;
CREATE SCHEMA g AUTHORIZATION regress_log_owner;
SET search_path = g;
SET ROLE regress_log_owner;
SELECT pganalytics.create_event_table('events');
GRANT INSERT ON events TO regress_producer;
GRANT INSERT (event_type, aggregate_id) ON events TO regress_columns;
GRANT SELECT (event_type, version) ON events TO regress_auditor;
\set VERBOSITY sqlstate

SET ROLE regress_producer;
INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'a');
RESET ROLE;
GRANT USAGE ON SCHEMA g TO regress_producer, regress_columns, regress_auditor;
SET ROLE regress_producer;
INSERT INTO events (event_id, event_type, aggregate_id, version, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'opened', 'a', 1, '{}'), (DEFAULT, 'opened', 'b', NULL, '{}');
INSERT INTO events (event_id, event_type, aggregate_id, version, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'opened', 'a', 1, '{}');
INSERT INTO events (event_type, aggregate_id, version) VALUES ('paid', 'a', 1);
-- What comes back is read.
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a') RETURNING version;
UPDATE events SET payload = '{}';
DELETE FROM events;
TRUNCATE events;
SELECT nextval('events_position_seq');

SET ROLE regress_columns;
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a');
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('paid', 'a', '{}');
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('paid', 'a', 1);

SET ROLE regress_auditor;
SELECT event_type, version FROM events ORDER BY 1, 2;
SELECT * FROM events;
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a');

-- Rights on the event table are no rights on a segment.
RESET ROLE;
SELECT s.relation AS segment FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
SET ROLE regress_producer;
INSERT INTO :segment (event_type, aggregate_id) VALUES ('paid', 'a');
SELECT count(*) FROM :segment;

-- What UPDATE and DELETE need is of no use.
RESET ROLE;
GRANT ALL ON events TO regress_producer;
SET ROLE regress_producer;
UPDATE events SET payload = '{}';
DELETE FROM events;
TRUNCATE events;
SELECT count(*) FROM events;

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA g CASCADE;
DROP OWNED BY regress_log_owner;
DROP ROLE regress_log_owner, regress_producer, regress_columns, regress_auditor;
