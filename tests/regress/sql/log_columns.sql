-- Columns of your own: typed, with a default or generated; and columns that went.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('opened', 'a', '{"amount": 10}');

ALTER TABLE events
    ADD COLUMN region text,
    ADD COLUMN channel text NOT NULL DEFAULT 'web',
    ADD COLUMN amount numeric GENERATED ALWAYS AS ((payload->>'amount')::numeric) STORED,
    ADD COLUMN label text GENERATED ALWAYS AS (aggregate_id || ' #' || version) STORED;
INSERT INTO events (event_type, aggregate_id, payload, region) VALUES ('paid', 'a', '{"amount": 12.5}', 'north');
INSERT INTO events (event_type, aggregate_id, channel) VALUES ('closed', 'a', 'shop');
SELECT version, region, channel, amount, label FROM events ORDER BY position;

-- A default that differs from row to row rewrites the table, and changes no event.
ALTER TABLE events ADD COLUMN nonce uuid DEFAULT gen_random_uuid();
SELECT count(DISTINCT nonce), max(version) FROM events;

-- Of your columns' values the extension says nothing; their own rules hold.
\set VERBOSITY sqlstate
INSERT INTO events (event_type, aggregate_id, channel) VALUES ('closed', 'a', NULL);
INSERT INTO events (event_type, aggregate_id, amount) VALUES ('closed', 'a', 1);
\set VERBOSITY default
ALTER TABLE events ALTER COLUMN channel SET DEFAULT 'post', ALTER COLUMN region TYPE varchar(20);
INSERT INTO events (event_type, aggregate_id) VALUES ('reopened', 'a') RETURNING version, channel;

-- Dropped columns leave a hole that nobody falls into.
ALTER TABLE events DROP COLUMN region, DROP COLUMN amount, DROP COLUMN label;
ALTER TABLE events ADD COLUMN region text DEFAULT 'south';
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('closed', 'a', '{"amount": 1}') RETURNING version, channel, region;
SELECT version, event_type, payload, channel, region FROM events ORDER BY position;

-- What every event has cannot become optional: a row must not go in unstamped.
ALTER TABLE events ALTER aggregate_id DROP NOT NULL, ALTER event_id DROP NOT NULL, ALTER event_type DROP NOT NULL;
INSERT INTO events (event_type, aggregate_id, position, txid, recorded_at) VALUES ('x', NULL, -1, '1', '1999-01-01');
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id, event_id) VALUES ('x', 'a', NULL);
INSERT INTO events (event_type, aggregate_id) VALUES (NULL, 'a');
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;

-- Nor renamed: it would be missed when the segment is sealed.
ALTER TABLE events RENAME occurred_at TO happened_at;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
\echo :SQLSTATE
ALTER TABLE events RENAME happened_at TO occurred_at;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
-- Nor dropped, which nothing could mend: indexes, and what was in it, would be gone.
ALTER TABLE events DROP COLUMN version;
\echo :SQLSTATE
ALTER TABLE events DROP COLUMN txid CASCADE;
CREATE DOMAIN short AS text;
ALTER TABLE events ADD COLUMN code short, DROP COLUMN metadata;
SET client_min_messages = warning;
DROP DOMAIN short CASCADE;
RESET client_min_messages;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;

DROP TABLE events;
