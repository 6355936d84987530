-- The columns that the extension reads and sets keep their names: an append to a
-- table that lacks one is refused, and goes in once the name is back.
SELECT pganalytics.create_event_table('events');
ALTER TABLE events RENAME payload TO body;
\set SHOW_CONTEXT never
DO $$ BEGIN
  INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
EXCEPTION WHEN undefined_column THEN
  RAISE NOTICE USING MESSAGE = SQLERRM;
END $$;
ALTER TABLE events RENAME body TO payload;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;

-- Added, renamed and dropped columns of the user's own do not matter, nor does a
-- column that PostgreSQL keeps a place for after it is dropped.
ALTER TABLE events ADD COLUMN region text;
INSERT INTO events (event_type, aggregate_id, region) VALUES ('x', 'a', 'north') RETURNING version, region;
ALTER TABLE events DROP COLUMN region;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;

-- A default of the partition key that is evaluated in a parallel plan.
SET force_parallel_mode = on;
SELECT DISTINCT pganalytics.active_segment('events_position_seq') FROM pg_class;
RESET force_parallel_mode;

DROP TABLE events;
