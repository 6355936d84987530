-- What keeps an event table whole. Foreign keys to it are refused, however one tries:
-- old segments could not leave, and new ones not come.
SELECT pganalytics.create_event_table('events');
SELECT s.relation AS segment FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
CREATE TABLE notes (event_id uuid REFERENCES events);
\echo :SQLSTATE
CREATE TABLE notes (event_id uuid REFERENCES events (event_id));
\echo :SQLSTATE

-- With a unique constraint of your own.
ALTER TABLE events ADD UNIQUE (event_id, segment);
CREATE TABLE notes (event_id uuid, segment int, FOREIGN KEY (event_id, segment) REFERENCES events (event_id, segment));
\echo :SQLSTATE
ALTER TABLE events ADD COLUMN cause uuid, ADD FOREIGN KEY (cause, segment) REFERENCES events (event_id, segment);
-- To a segment, which has a unique index of the extension.
\set VERBOSITY terse
CREATE TABLE notes (a text, v bigint, FOREIGN KEY (a, v) REFERENCES :segment (aggregate_id, version));
CREATE TABLE notes (a text, v bigint) PARTITION BY LIST (a);
ALTER TABLE notes ADD FOREIGN KEY (a, v) REFERENCES :segment (aggregate_id, version);
CREATE SCHEMA notebook CREATE TABLE notes (a text, v bigint, FOREIGN KEY (a, v) REFERENCES :segment (aggregate_id, version));
SET session_replication_role = replica;
ALTER TABLE notes ADD FOREIGN KEY (a, v) REFERENCES :segment (aggregate_id, version);
RESET session_replication_role;
SET quote_all_identifiers = on;
ALTER TABLE notes ADD FOREIGN KEY (a, v) REFERENCES :segment (aggregate_id, version);
RESET quote_all_identifiers;
\set VERBOSITY default

-- The segments are the extension's to make: there would be no trigger on others.
CREATE TABLE mine PARTITION OF events FOR VALUES IN (99);
\echo :SQLSTATE
\set VERBOSITY terse
CREATE TABLE mine PARTITION OF events DEFAULT;
CREATE TABLE mine (LIKE events);
ALTER TABLE events ATTACH PARTITION mine FOR VALUES IN (99);
-- Nor can one be taken out.
ALTER TABLE events DETACH PARTITION :segment;
ALTER TABLE events DETACH PARTITION :segment CONCURRENTLY;
DROP TABLE :segment;
DROP TABLE mine, :segment;
\set VERBOSITY default
DROP TABLE :segment CASCADE;
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'a') RETURNING version;

DROP TABLE events, notes, mine;
