-- What the extension sets cannot be forged: it is replaced, or the row refused.
SELECT pganalytics.create_event_table('events');
SELECT max(s.relation::text) FILTER (WHERE s.number = 1) AS active, max(s.relation::text) FILTER (WHERE s.number = 2) AS spare
FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass \gset
\set VERBOSITY sqlstate

-- Replaced.
INSERT INTO events (event_type, aggregate_id, position, txid, recorded_at)
VALUES ('forged', 'a', -1, '1', '1999-01-01'), ('forged', 'a', NULL, NULL, NULL)
RETURNING version, position > 0 AS position, txid = pg_current_xact_id() AS txid, recorded_at > now() - interval '1 hour' AS recorded_at;
COPY events (event_type, aggregate_id, position, txid, recorded_at) FROM stdin;
forged	a	-1	1	1999-01-01
\.
SELECT count(*) FROM events WHERE position < 1 OR txid < '3' OR recorded_at < '2000-01-01';

-- The segment: the active one or none.
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', 1) RETURNING version;
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', 2);
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', 99);
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', -1);
INSERT INTO events (event_type, aggregate_id, segment) VALUES ('x', 'a', NULL);
-- Straight into a segment.
INSERT INTO :active (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
INSERT INTO :active (event_type, aggregate_id, segment) VALUES ('x', 'a', 2);
INSERT INTO :active (event_type, aggregate_id, segment) VALUES ('x', 'a', 99);
INSERT INTO :spare (event_type, aggregate_id) VALUES ('x', 'a');
INSERT INTO :spare (event_type, aggregate_id, segment) VALUES ('x', 'a', 1);
INSERT INTO :spare (event_type, aggregate_id, segment) VALUES ('x', 'a', 2);
-- Nor afterwards.
UPDATE events SET segment = 2;
UPDATE events SET position = 0;
SELECT count(*), max(version) FROM events;

-- The version is checked, never taken on trust.
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', 0);
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', -1);
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', 9223372036854775807);
INSERT INTO events (event_type, aggregate_id, version) VALUES ('x', 'a', 6) RETURNING version;

DROP TABLE events;
