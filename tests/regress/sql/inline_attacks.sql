-- What the owner of an inline projection may try against those who append to its event
-- table: its code runs in their transactions.
CREATE ROLE regress_mallory;
CREATE ROLE regress_alice;
CREATE SCHEMA m AUTHORIZATION regress_mallory;
CREATE SCHEMA a AUTHORIZATION regress_alice;
GRANT ALL ON SCHEMA m, a TO PUBLIC;
SET search_path = m;
CREATE TABLE seen (who text, what text);
GRANT INSERT, SELECT ON seen TO PUBLIC;

-- Somebody who may read an event table may have projections of it, but not code that runs
-- when others append.
SET ROLE regress_alice;
SELECT pganalytics.create_event_table('a.events');
GRANT SELECT, INSERT ON a.events TO regress_mallory;
SET ROLE regress_mallory;
SELECT pganalytics.create_projection('m.spy', 'SELECT event_type, count(*) AS n FROM a.events GROUP BY 1', mode => 'inline');
\echo :SQLSTATE
-- The function of the trigger is for segments.
CREATE TABLE plain (position bigint);
CREATE TRIGGER t AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION pganalytics.on_appended();
\set VERBOSITY sqlstate
INSERT INTO plain VALUES (1);
DROP TRIGGER t ON plain;
CREATE TRIGGER t BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION pganalytics.on_appended();
INSERT INTO plain VALUES (1);
SELECT pganalytics.on_appended();

-- The definition runs as its owner when a superuser appends, and cannot become the
-- superuser.
SELECT pganalytics.create_event_table('m.events');
GRANT INSERT ON events TO regress_alice;
CREATE FUNCTION volatile_part(text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO m.seen VALUES (current_user, 'definition');
    RETURN $1;
END $$;
CREATE FUNCTION evil(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN m.volatile_part($1); END $$;
SELECT pganalytics.create_projection('m.p', 'SELECT m.evil(event_type) AS k, count(*) AS n FROM m.events GROUP BY 1', mode => 'inline');
RESET ROLE;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
SELECT DISTINCT * FROM seen;
SET ROLE regress_mallory;
CREATE OR REPLACE FUNCTION volatile_part(text) RETURNS text VOLATILE LANGUAGE plpgsql AS 'BEGIN SET ROLE NONE; RETURN $1; END';
RESET ROLE;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
SET ROLE regress_mallory;
CREATE OR REPLACE FUNCTION volatile_part(text) RETURNS text VOLATILE LANGUAGE plpgsql AS 'BEGIN SET SESSION AUTHORIZATION postgres; RETURN $1; END';
RESET ROLE;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
-- Settings that it leaves are gone when the fold is over.
SET ROLE regress_mallory;
CREATE OR REPLACE FUNCTION volatile_part(text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('search_path', 'evil', false); RETURN $1; END $$;
RESET ROLE;
BEGIN;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
SET CONSTRAINTS ALL IMMEDIATE;
SHOW search_path;
COMMIT;
SHOW search_path;

-- Triggers on the state: at once they run as the projection's owner; deferred as whoever
-- appends, which a trigger on the event table, whose owner that is, does as well.
SET ROLE regress_mallory;
CREATE OR REPLACE FUNCTION volatile_part(text) RETURNS text VOLATILE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO m.seen VALUES (current_user, TG_NAME); RETURN NULL; END $$;
SELECT state FROM pganalytics.projections WHERE name = 'p' \gset
CREATE TRIGGER at_once AFTER INSERT OR UPDATE ON :state FOR EACH ROW EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER deferred AFTER INSERT OR UPDATE ON :state DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER plain AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION note();
RESET ROLE;
TRUNCATE seen;
SET ROLE regress_alice;
INSERT INTO m.events (event_type, aggregate_id) VALUES ('a', 'x');
RESET ROLE;
SELECT * FROM seen ORDER BY 2;
-- The state can have triggers and nothing else: it stays the extension's.
SET ROLE regress_mallory;
ALTER TABLE :state ADD CHECK (m.evil('x') <> '');
ALTER TABLE :state DISABLE TRIGGER deferred;
CREATE RULE r AS ON INSERT TO :state DO INSTEAD NOTHING;
CREATE POLICY p ON :state;
-- Whoever takes the event table over gets no deferred code of the former owner's.
RESET ROLE;
DROP TRIGGER plain ON events;
ALTER TABLE events OWNER TO regress_alice;
GRANT SELECT ON events TO regress_mallory;
TRUNCATE seen;
\set VERBOSITY terse
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
\set VERBOSITY sqlstate
-- (The owner of the state's projection, and nobody else, drops such triggers.)
SET ROLE regress_alice;
SELECT pganalytics.drop_projection_trigger('p', 'deferred');
SET ROLE regress_mallory;
SELECT pganalytics.drop_projection_trigger('p', 'missing');
SELECT pganalytics.drop_projection_trigger('p', 'deferred');
RESET ROLE;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
SELECT * FROM seen ORDER BY 2;

-- A trigger on the state that appends again, or folds at once: each event is folded once.
ALTER TABLE events OWNER TO regress_mallory;
SET ROLE regress_mallory;
SELECT pganalytics.drop_projection_trigger('p', 'at_once');
SELECT pganalytics.create_projection('m.q', 'SELECT event_type AS k, count(*) AS n FROM m.events GROUP BY 1', mode => 'inline');
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.k1 = 'first' THEN
        INSERT INTO m.events (event_type, aggregate_id) VALUES ('second', 'x');
        SET CONSTRAINTS ALL IMMEDIATE;
        INSERT INTO m.events (event_type, aggregate_id) VALUES ('third', 'x');
        SET CONSTRAINTS ALL DEFERRED;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON :state FOR EACH ROW EXECUTE FUNCTION again();
INSERT INTO events (event_type, aggregate_id) VALUES ('first', 'x');
TABLE p ORDER BY 1;
TABLE q ORDER BY 1;
SELECT event_type, count(*) FROM events GROUP BY 1 ORDER BY 1;

-- The owner needs nothing else for all that can be done with it, nor who appends.
SELECT pganalytics.drop_projection_trigger('p', 'again');
SELECT pganalytics.create_projection('m.d', 'SELECT event_type AS k, count(DISTINCT aggregate_id) AS n FROM m.events GROUP BY 1', mode => 'inline');
GRANT INSERT ON events TO regress_alice;
SET ROLE regress_alice;
INSERT INTO m.events (event_type, aggregate_id) VALUES ('a', 'x'), ('a', 'y');
SET ROLE regress_mallory;
SELECT pganalytics.pause_projection('d'), pganalytics.rebuild_projection('p');
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'y'), ('a', 'z');
SELECT pganalytics.resume_projection('d');
SET ROLE regress_alice;
INSERT INTO m.events (event_type, aggregate_id) VALUES ('a', 'z'), ('a', 'w');
SET ROLE regress_mallory;
SELECT name, status, tail FROM pganalytics.projections WHERE mode = 'inline' ORDER BY name;
SELECT * FROM d WHERE k = 'a';
SELECT * FROM p WHERE k = 'a';

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA m, a CASCADE;
RESET search_path;
DROP OWNED BY regress_mallory, regress_alice;
DROP ROLE regress_mallory, regress_alice;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
