-- Rows that vanish after they got their version: the next event of the aggregate,
-- also in the same statement, gets that version. No gaps.
SELECT pganalytics.create_event_table('events');

-- By a unique index of the user's.
CREATE UNIQUE INDEX once ON events (event_type, segment);
INSERT INTO events (event_type, aggregate_id)
SELECT t, 'index' FROM unnest(ARRAY['a', 'b', 'a', 'c', 'c', 'a', 'd']) t ON CONFLICT DO NOTHING;
SELECT version, event_type FROM events WHERE aggregate_id = 'index' ORDER BY position;
DROP INDEX once;

-- By a trigger that runs after that of the extension, which also puts in an event of
-- its own, of another aggregate, that vanishes in its turn.
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.event_type = 'nests' THEN
    INSERT INTO events (event_type, aggregate_id) VALUES ('vanishes', 'inner');
  END IF;
  RETURN CASE WHEN NEW.event_type <> 'vanishes' THEN NEW END;
END $$;
-- The guard against such triggers is off, as only a superuser can turn it.
ALTER EVENT TRIGGER pganalytics_ddl DISABLE;
CREATE TRIGGER "~~~late" BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION late();
ALTER EVENT TRIGGER pganalytics_ddl ENABLE ALWAYS;
INSERT INTO events (event_type, aggregate_id) VALUES
  ('a', 'trigger'), ('vanishes', 'trigger'), ('b', 'trigger'), ('c', 'trigger');
INSERT INTO events (event_type, aggregate_id) VALUES
  ('nests', 'outer'), ('a', 'inner'), ('nests', 'outer'), ('nests', 'inner'), ('b', 'inner');
SELECT aggregate_id, version, event_type FROM events WHERE aggregate_id IN ('trigger', 'outer', 'inner')
ORDER BY aggregate_id, position;
DROP TRIGGER "~~~late" ON events;

-- By a savepoint, with aggregates in turn.
BEGIN;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'kept'), ('a', 'undone');
SAVEPOINT s;
INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'undone'), ('b', 'kept'), ('c', 'undone');
ROLLBACK TO s;
INSERT INTO events (event_type, aggregate_id) VALUES ('d', 'undone'), ('d', 'kept'), ('e', 'undone');
COMMIT;
SELECT aggregate_id, version, event_type FROM events WHERE aggregate_id IN ('kept', 'undone')
ORDER BY aggregate_id, position;

-- Where PostgreSQL does not count rows, for a while.
BEGIN;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'uncounted'), ('b', 'uncounted');
SET LOCAL track_counts = off;
INSERT INTO events (event_type, aggregate_id) VALUES ('c', 'uncounted'), ('d', 'uncounted');
SET LOCAL track_counts = on;
INSERT INTO events (event_type, aggregate_id) VALUES ('e', 'uncounted'), ('f', 'uncounted');
COMMIT;
SELECT version, event_type FROM events WHERE aggregate_id = 'uncounted' ORDER BY position;

-- A version met before and not there any more is no place to begin at.
BEGIN;
INSERT INTO events (event_type, aggregate_id) SELECT 'a', 'met' FROM generate_series(1, 5);
ROLLBACK;
INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'met');
BEGIN;
INSERT INTO events (event_type, aggregate_id) VALUES ('c', 'met'), ('d', 'met');
ROLLBACK;
INSERT INTO events (event_type, aggregate_id) VALUES ('e', 'met');
SELECT version, event_type FROM events WHERE aggregate_id = 'met' ORDER BY position;

DROP TABLE events;
DROP FUNCTION late;
