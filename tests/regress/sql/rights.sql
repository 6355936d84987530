-- Who may do what: the owner of tables and projections, a writer, a reader and a stranger.
CREATE ROLE regress_owner;
CREATE ROLE regress_writer;
CREATE ROLE regress_reader;
CREATE ROLE regress_stranger;
CREATE SCHEMA app AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA app TO PUBLIC;
SET search_path = app;

-- An owner needs nothing but a schema.
SET ROLE regress_owner;
SELECT pganalytics.create_event_table('events');
GRANT INSERT ON events TO regress_writer;
SELECT pganalytics.create_projection('per_type', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1 HAVING count(*) > 1');
GRANT SELECT (event_type, n) ON per_type TO regress_reader;
CREATE VIEW ordered AS SELECT * FROM per_type ORDER BY n;
GRANT SELECT ON ordered TO regress_writer;

-- A writer needs nothing but INSERT, and cannot read.
SET ROLE regress_writer;
INSERT INTO events (event_type, aggregate_id) VALUES ('a', '1'), ('a', '1'), ('b', '1');
SELECT count(*) FROM events;
\echo :SQLSTATE
SELECT * FROM per_type;
\echo :SQLSTATE
-- A view on top of the projection is enough to read it, the tail included.
SELECT * FROM ordered;

-- A reader of the projection cannot read the log, the state, or the tail by itself.
SET ROLE regress_reader;
SELECT event_type, n FROM per_type;
SELECT name, tail, owner FROM pganalytics.projections;
SELECT count(*) FROM events;
\echo :SQLSTATE
RESET ROLE;
SELECT g.state, g.definition, p.id FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.projection = p.id
WHERE p.relation = 'per_type'::regclass \gset
SELECT s.relation AS segment, s.ledger, t.heads FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
SET ROLE regress_reader;
-- (the numbers in their names differ from run to run)
\set VERBOSITY sqlstate
SELECT * FROM pganalytics.read_tail(NULL::pg_class, 1, gen_random_uuid());
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.read_tail(NULL:::state, 1, gen_random_uuid());
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.read_tail(NULL:::state, 1, NULL);
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.read_tail(1, 1, NULL);
\echo :SQLSTATE
SELECT pganalytics.refresh_projection('per_type');
\echo :SQLSTATE
SELECT pganalytics.drop_projection('per_type');
\echo :SQLSTATE
SELECT pganalytics.create_projection('mine', 'SELECT count(*) FROM events');
\echo :SQLSTATE

-- A stranger sees and reaches nothing.
SET ROLE regress_stranger;
SELECT count(*) FROM pganalytics.projections;
SELECT pganalytics.tail_length('per_type');
\echo :SQLSTATE
INSERT INTO events (event_type, aggregate_id) VALUES ('a', '1');
\echo :SQLSTATE
TABLE :segment;
TABLE :ledger;
TABLE :heads;
TABLE :state;
TABLE :definition;
INSERT INTO :ledger VALUES (gen_random_uuid(), 1, 1);
SELECT count(*) FROM pganalytics_data.access_:id;
SELECT count(*) FROM pganalytics_data.generation;
SELECT count(*) FROM pganalytics_data.projection;
UPDATE pganalytics_data.segment SET state = 'sealed';
\echo :SQLSTATE

-- A definition has the rights of its owner, never of who reads or folds it.
SET ROLE regress_owner;
CREATE FUNCTION who() RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN current_user; END';
SELECT pganalytics.create_projection('as_whom', 'SELECT who() AS who, count(*) AS n FROM events GROUP BY 1');
RESET ROLE;
SELECT * FROM as_whom;
INSERT INTO events (event_type, aggregate_id) VALUES ('c', '2');
SELECT * FROM as_whom;
SELECT pganalytics.refresh_projection('as_whom') > 0 AS folded;
SELECT * FROM as_whom;
-- What it runs cannot change roles or leave anything behind.
SET ROLE regress_owner;
CREATE OR REPLACE FUNCTION who() RETURNS text IMMUTABLE LANGUAGE plpgsql AS
    'BEGIN PERFORM set_config(''role'', ''none'', false); RETURN current_user; END';
INSERT INTO events (event_type, aggregate_id) VALUES ('d', '3');
RESET ROLE;
SELECT * FROM as_whom;
\echo :SQLSTATE
SELECT pganalytics.refresh_projection('as_whom');
\echo :SQLSTATE

SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
RESET search_path;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
DROP OWNED BY regress_owner;
DROP ROLE regress_owner, regress_writer, regress_reader, regress_stranger;
