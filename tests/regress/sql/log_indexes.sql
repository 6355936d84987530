-- Indexes of your own, each made once for the whole event table.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, payload)
SELECT 'paid', 'a' || i % 10, jsonb_build_object('n', i) FROM generate_series(1, 100) i;
CREATE INDEX by_time ON events (occurred_at);
CREATE INDEX by_n ON events (((payload->>'n')::int));
CREATE INDEX refunds ON events (aggregate_id) WHERE event_type = 'refunded';
CREATE INDEX in_payload ON events USING gin (payload jsonb_path_ops);
CREATE INDEX by_position ON events USING brin (position);
CREATE UNIQUE INDEX ids ON events (event_id, segment);
CREATE UNIQUE INDEX only_ids ON events (event_id);
\echo :SQLSTATE

INSERT INTO events (event_type, aggregate_id, payload) VALUES ('refunded', 'a1', '{"n": 7}') RETURNING version;
SET enable_seqscan = off;
SELECT count(*) FROM events WHERE (payload->>'n')::int = 7;
SELECT count(*) FROM events WHERE payload @> '{"n": 7}';
SELECT aggregate_id, version FROM events WHERE aggregate_id = 'a1' AND event_type = 'refunded';
RESET enable_seqscan;

-- An expression that fails refuses the event, and nothing is left behind.
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a1', '{"n": "seven"}');
\echo :SQLSTATE
DROP INDEX by_n;
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a1', '{"n": "seven"}') RETURNING version;

-- Indexes, those of the extension too, may be rebuilt and the log sorted.
REINDEX TABLE events;
REINDEX TABLE CONCURRENTLY events;
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a1') RETURNING version;
CLUSTER events USING ids;
SELECT count(*), count(*) FILTER (WHERE version BETWEEN 1 AND 13) FROM events;
VACUUM FULL events;
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a1') RETURNING version;

DROP TABLE events;
