-- An event table may be given away: its segments go with it, and so do the rights
-- to add columns and indexes.
CREATE ROLE regress_old_owner;
CREATE ROLE regress_new_owner;
CREATE SCHEMA o;
GRANT ALL ON SCHEMA o TO regress_old_owner, regress_new_owner;
SET search_path = o;
SET ROLE regress_old_owner;
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a');
RESET ROLE;
ALTER TABLE events OWNER TO regress_new_owner;
SELECT DISTINCT c.relowner::regrole FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'events'::regclass;
SET ROLE regress_new_owner;
CREATE INDEX ON events (occurred_at);
ALTER TABLE events ADD COLUMN region text, ADD CHECK (region <> '');
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a') RETURNING version;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
SET ROLE regress_old_owner;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
\echo :SQLSTATE
DROP TABLE events;
\echo :SQLSTATE

-- Dropping what the old owner owns takes no event.
RESET ROLE;
DROP OWNED BY regress_old_owner;
DROP ROLE regress_old_owner;
SELECT count(*) FROM events;

-- Given away with everything else. REASSIGN OWNED tells nobody: the right to make indexes
-- comes with the next ALTER TABLE or maintenance.
CREATE ROLE regress_heir;
GRANT ALL ON SCHEMA o TO regress_heir;
REASSIGN OWNED BY regress_new_owner TO regress_heir;
SET ROLE regress_heir;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
CREATE INDEX ON events (version);
\echo :SQLSTATE
RESET ROLE;
CALL pganalytics.run_maintenance();
SET ROLE regress_heir;
CREATE INDEX ON events (version);

-- Dropping what the owner owns takes the event table, and all that belongs to it.
RESET ROLE;
DROP OWNED BY regress_new_owner, regress_heir;
SELECT count(*) FROM pganalytics.event_tables;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
DROP ROLE regress_new_owner, regress_heir;
DROP SCHEMA o;
