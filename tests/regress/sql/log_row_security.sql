-- Row-level security: who sees which events, and who may append which.
CREATE ROLE regress_security_owner;
CREATE ROLE regress_north;
CREATE ROLE regress_south;
CREATE SCHEMA s AUTHORIZATION regress_security_owner;
GRANT USAGE ON SCHEMA s TO PUBLIC;
SET search_path = s;
SET ROLE regress_security_owner;
SELECT pganalytics.create_event_table('events');
ALTER TABLE events ADD COLUMN region text NOT NULL DEFAULT current_user, ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_region ON events FOR SELECT USING (region = current_user);
CREATE POLICY append ON events FOR INSERT WITH CHECK (region = current_user AND version < 4);
GRANT SELECT ON events TO regress_north;
GRANT INSERT ON events TO regress_north, regress_south;
\set VERBOSITY sqlstate

-- The check sees the event as it will be stored, its version included.
SET ROLE regress_north;
INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'a') RETURNING version, region;
INSERT INTO events (event_type, aggregate_id, region) VALUES ('opened', 'b', 'regress_south');
INSERT INTO events (event_type, aggregate_id) VALUES ('paid', 'a'), ('sent', 'a'), ('closed', 'a');

-- What a policy refuses leaves no gap and no id. Versions count all events, seen or not.
SET ROLE regress_south;
INSERT INTO events (event_id, event_type, aggregate_id, region)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a', 'regress_north');
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a');
SELECT count(*) FROM events;
SET ROLE regress_north;
INSERT INTO events (event_type, aggregate_id) VALUES ('sent', 'a') RETURNING version;
SELECT region, version FROM events ORDER BY position;
-- A retry is a retry whether or not its first event can be seen.
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a') RETURNING version;

-- The owner sees all, unless forced.
SET ROLE regress_security_owner;
SELECT region, version FROM events ORDER BY position;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM events;
INSERT INTO events (event_type, aggregate_id) VALUES ('closed', 'a');
INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'c');
-- Without a policy for it nobody sees anything to change, and there is nothing to refuse.
UPDATE events SET payload = '{}';
DELETE FROM events;
CREATE POLICY everything ON events USING (true);
UPDATE events SET payload = '{}';
DELETE FROM events;
INSERT INTO events (event_type, aggregate_id) VALUES ('closed', 'a') RETURNING version;

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA s CASCADE;
DROP OWNED BY regress_security_owner;
DROP ROLE regress_security_owner, regress_north, regress_south;
