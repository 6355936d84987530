-- Segments: an event table begins a new one after a time, at a size, or when asked.
-- Maintenance takes the steps: here it is called, else the worker does it.
SET client_min_messages = warning;
CREATE ROLE regress_keeper;
GRANT CREATE ON SCHEMA public TO regress_keeper;
SET ROLE regress_keeper;
SELECT pganalytics.create_event_table('visits');
SELECT number, state FROM pganalytics.segments WHERE event_table = 'visits'::regclass ORDER BY number;

INSERT INTO visits (event_type, aggregate_id, occurred_at)
SELECT 'visit', 'user ' || n % 10, '2026-01-01'::timestamptz + n * interval '1 minute' FROM generate_series(0, 99) n;
SELECT pganalytics.roll_segment('visits');
RESET ROLE;
CALL pganalytics.run_maintenance();
SET ROLE regress_keeper;

-- The first is sealed, counted and frozen; the number has moved on to the spare,
-- and there is another one.
SELECT number, state, rows, first_position, last_position, first_occurred_at, last_occurred_at, waits_for
FROM pganalytics.segments WHERE event_table = 'visits'::regclass ORDER BY number;
SELECT active_segment, segment_interval, segment_size FROM pganalytics.event_tables WHERE event_table = 'visits'::regclass;

-- Versions go on, ids are remembered.
INSERT INTO visits (event_type, aggregate_id) VALUES ('visit', 'user 0') RETURNING version, segment;
INSERT INTO visits (event_type, aggregate_id, version) VALUES ('visit', 'user 1', 11) RETURNING version, segment;
INSERT INTO visits (event_id, event_type, aggregate_id)
SELECT event_id, event_type, aggregate_id FROM visits WHERE segment = 1 RETURNING event_id;

-- A segment that is sealed, or not yet begun, takes nothing.
SELECT relation AS sealed FROM pganalytics.segments WHERE event_table = 'visits'::regclass AND number = 1 \gset
SELECT relation AS spare FROM pganalytics.segments WHERE event_table = 'visits'::regclass AND number = 3 \gset
INSERT INTO visits (event_type, aggregate_id, segment) VALUES ('visit', 'user 0', 1);
INSERT INTO visits (event_type, aggregate_id, segment) VALUES ('visit', 'user 0', 3);
INSERT INTO :sealed (event_type, aggregate_id, segment) VALUES ('visit', 'user 0', 1);
INSERT INTO :spare (event_type, aggregate_id, segment) VALUES ('visit', 'user 0', 3);

-- What the owner adds to the event table, the next segments have.
RESET ROLE;
CREATE TABLE countries (code text PRIMARY KEY);
INSERT INTO countries VALUES ('de'), ('fr');
GRANT SELECT, REFERENCES ON countries TO regress_keeper;
SET ROLE regress_keeper;
ALTER TABLE visits ADD COLUMN "Land ü" text DEFAULT 'de' REFERENCES countries,
    ADD COLUMN day date GENERATED ALWAYS AS ((occurred_at AT TIME ZONE 'UTC')::date) STORED,
    ADD CONSTRAINT typed CHECK (event_type <> '');
ALTER TABLE visits DROP COLUMN context;
CREATE INDEX ON visits ("Land ü");
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.event_type := upper(NEW.event_type); RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION shout();
SELECT pganalytics.roll_segment('visits');
RESET ROLE;
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
SET ROLE regress_keeper;
INSERT INTO visits (event_type, aggregate_id, "Land ü") VALUES ('visit', 'user 0', 'fr') RETURNING version, segment, event_type, "Land ü", day = recorded_at::date AS today;
SELECT pganalytics.roll_segment('visits');
RESET ROLE;
CALL pganalytics.run_maintenance();
SET ROLE regress_keeper;
\set VERBOSITY sqlstate
INSERT INTO visits (event_type, aggregate_id, "Land ü") VALUES ('visit', 'user 0', 'xx');
INSERT INTO visits (event_type, aggregate_id) VALUES ('', 'user 0');
\set VERBOSITY default
INSERT INTO visits (event_type, aggregate_id) VALUES ('visit', 'user 0') RETURNING version, segment, event_type, "Land ü";
SELECT count(DISTINCT number) AS segments, count(*) FROM pg_index i JOIN pganalytics.segments s ON s.relation = i.indrelid
WHERE s.event_table = 'visits'::regclass;

-- Empty segments do not roll by time; a full one rolls by size.
SELECT pganalytics.create_event_table('sized', segment_size => '16 kB');
SELECT pganalytics.create_event_table('timed', segment_interval => '1 microsecond');
INSERT INTO sized (event_type, aggregate_id, payload)
SELECT 'a', n::text, to_jsonb(repeat('x', 1000)) FROM generate_series(1, 40) n;
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT event_table, active_segment FROM pganalytics.event_tables
WHERE event_table IN ('sized'::regclass, 'timed'::regclass) ORDER BY 1;
INSERT INTO timed (event_type, aggregate_id) VALUES ('a', 'x');
CALL pganalytics.run_maintenance();
SELECT event_table, active_segment FROM pganalytics.event_tables
WHERE event_table IN ('sized'::regclass, 'timed'::regclass) ORDER BY 1;
SELECT pganalytics.create_event_table('wrong', segment_size => 'large');
SELECT pganalytics.create_event_table('wrong', segment_size => '0');

-- Who may: the owner asks for a roll; maintenance is the DBA's unless granted.
CREATE ROLE regress_stranger;
SET ROLE regress_stranger;
SELECT pganalytics.roll_segment('visits');
CALL pganalytics.run_maintenance();
SELECT count(*) FROM pganalytics.segments;
RESET ROLE;
SELECT pganalytics.roll_segment('pg_class');

-- Commands for ordinary tables that skip or upset segments are put right.
ALTER TABLE visits OWNER TO regress_stranger;
ALTER TABLE :sealed ENABLE TRIGGER ALL;
ALTER SEQUENCE visits_position_seq CACHE 100;
CALL pganalytics.run_maintenance();
SELECT count(*) AS segments, count(DISTINCT relowner::regrole) AS owners, min(relowner::regrole::text) AS owner
FROM pg_class c JOIN pganalytics.segments s ON s.relation = c.oid WHERE s.event_table = 'visits'::regclass;
SELECT count(*) FROM pg_trigger t JOIN pganalytics.segments s ON s.relation = t.tgrelid
WHERE s.event_table = 'visits'::regclass AND t.tgname LIKE '~~append%' AND t.tgenabled <> 'A';
SELECT cache_size FROM pg_sequences WHERE sequencename = 'visits_position_seq';
SET ROLE regress_stranger;
SELECT pganalytics.roll_segment('visits');
INSERT INTO visits (event_type, aggregate_id) VALUES ('visit', 'user 0') RETURNING version;
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT number, state, pg_get_userbyid(c.relowner) AS owner
FROM pganalytics.segments s JOIN pg_class c ON c.oid = s.relation
WHERE s.event_table = 'visits'::regclass AND s.state <> 'frozen' ORDER BY number;

-- What maintenance cannot do it says, and does when it can.
CREATE SCHEMA closed;
GRANT ALL ON SCHEMA closed TO regress_keeper;
SET ROLE regress_keeper;
SELECT pganalytics.create_event_table('closed.visits');
SELECT pganalytics.roll_segment('closed.visits');
RESET ROLE;
REVOKE ALL ON SCHEMA closed FROM regress_keeper;
CALL pganalytics.run_maintenance();
SELECT active_segment, last_error FROM pganalytics.event_tables WHERE event_table = 'closed.visits'::regclass;
GRANT ALL ON SCHEMA closed TO regress_keeper;
CALL pganalytics.run_maintenance();
SELECT active_segment, last_error FROM pganalytics.event_tables WHERE event_table = 'closed.visits'::regclass;

DROP SCHEMA closed CASCADE;
DROP TABLE visits, sized, timed, countries;
DROP FUNCTION shout;
DROP OWNED BY regress_keeper, regress_stranger;
DROP ROLE regress_keeper, regress_stranger;
