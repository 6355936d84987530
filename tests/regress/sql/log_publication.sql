-- A publication of all tables takes event tables and projections along, and stops
-- neither appends nor folds.
SELECT pganalytics.create_event_table('events');
SELECT pganalytics.create_projection('per_type', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1');
SET client_min_messages = error;
CREATE PUBLICATION regress_everything FOR ALL TABLES;
RESET client_min_messages;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a'), ('y', 'a');
SELECT pganalytics.refresh_projection('per_type');
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
SELECT pganalytics.refresh_projection('per_type');
SELECT * FROM per_type ORDER BY 1;
\set VERBOSITY sqlstate
UPDATE events SET payload = '{}';
DELETE FROM events;
TRUNCATE events;
DROP PUBLICATION regress_everything;
-- The event table by name.
CREATE PUBLICATION regress_events FOR TABLE events (event_id, event_type, aggregate_id, payload)
WITH (publish = 'insert', publish_via_partition_root = true);
SELECT tablename, attnames FROM pg_publication_tables WHERE pubname = 'regress_events';
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
UPDATE events SET payload = '{}';
DROP PUBLICATION regress_events;
SELECT pganalytics.drop_projection('per_type');
DROP TABLE events;
