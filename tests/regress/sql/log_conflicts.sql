-- ON CONFLICT is not needed; what it does where you have unique indexes of your own.
SELECT pganalytics.create_event_table('events');
ALTER TABLE events ADD COLUMN invoice int, ADD UNIQUE (invoice, segment);
INSERT INTO events (event_type, aggregate_id, invoice) VALUES ('paid', 'a', 1) RETURNING version;
\set VERBOSITY terse

-- DO NOTHING leaves no gap in the versions, with a target or without.
INSERT INTO events (event_type, aggregate_id, invoice) VALUES ('paid', 'a', 1) ON CONFLICT DO NOTHING RETURNING version;
INSERT INTO events (event_type, aggregate_id, invoice) VALUES ('paid', 'a', 1), ('paid', 'a', 2), ('paid', 'a', 2), ('paid', 'a', 3)
ON CONFLICT (invoice, segment) DO NOTHING RETURNING version, invoice;

-- It does not hide a version conflict, nor the reuse of an id.
INSERT INTO events (event_type, aggregate_id, version) VALUES ('paid', 'a', 1) ON CONFLICT DO NOTHING;
\echo :SQLSTATE
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a') ON CONFLICT DO NOTHING;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'y', 'a') ON CONFLICT DO NOTHING;
\echo :SQLSTATE

-- DO UPDATE is an update.
INSERT INTO events (event_type, aggregate_id, invoice) VALUES ('paid', 'a', 3)
ON CONFLICT (invoice, segment) DO UPDATE SET payload = '{"paid": "twice"}';
\echo :SQLSTATE
-- There is no unique index on event_id or (aggregate_id, version) of the whole table.
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a') ON CONFLICT (event_id) DO NOTHING;
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a') ON CONFLICT (aggregate_id, version) DO NOTHING;
\echo :SQLSTATE

-- Without ON CONFLICT the statement fails, and its ids are free again.
\set VERBOSITY sqlstate
INSERT INTO events (event_id, event_type, aggregate_id, invoice) VALUES ('01900000-0000-7000-8000-000000000002', 'x', 'a', 3);
INSERT INTO events (event_id, event_type, aggregate_id, invoice)
VALUES ('01900000-0000-7000-8000-000000000002', 'x', 'a', 4) RETURNING version;

-- A unique index of one segment.
SELECT s.relation AS segment FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
CREATE UNIQUE INDEX ON :segment (occurred_at) WHERE event_type = 'tick';
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('tick', 'b', '2024-01-01'), ('tick', 'b', '2024-01-01'), ('tock', 'b', '2024-01-01')
ON CONFLICT DO NOTHING RETURNING event_type, version;

DROP TABLE events;
