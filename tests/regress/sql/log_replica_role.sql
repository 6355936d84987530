-- session_replication_role = replica turns off most triggers, those of the log not.
SELECT pganalytics.create_event_table('events');
CREATE FUNCTION noisy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''noisy''; RETURN NEW; END';
CREATE TRIGGER noisy BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION noisy();
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
SET session_replication_role = replica;
INSERT INTO events (event_id, event_type, aggregate_id, position, txid, recorded_at)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a', -1, '1', '1999-01-01')
RETURNING version, position > 0 AND txid > '3' AND recorded_at > '2000-01-01' AS replaced;
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a') RETURNING version;
\set VERBOSITY sqlstate
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', 2);
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', 2);
UPDATE events SET payload = '{}';
DELETE FROM events;
TRUNCATE events;
SELECT s.relation AS segment FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
UPDATE :segment SET payload = '{}';
DELETE FROM ONLY :segment;
TRUNCATE :segment;
RESET session_replication_role;
SELECT count(*), max(version) FROM events;
DROP TABLE events;
DROP FUNCTION noisy;
