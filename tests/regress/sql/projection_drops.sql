-- Plain DROP of a projection, or of what it reads: nothing is left of it.
CREATE ROLE regress_owner;
CREATE SCHEMA d AUTHORIZATION regress_owner;
SET search_path = d;
CREATE VIEW public.leftovers AS
SELECT (SELECT count(*) FROM pganalytics_data.projection) + (SELECT count(*) FROM pganalytics_data.generation)
     + (SELECT count(*) FROM pganalytics_data.checkpoint) + (SELECT count(*) FROM pganalytics_data.dead_letter) AS entries,
       (SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '^(definition|state|access|seen)_[0-9]' AND relkind <> 'i') AS relations,
       (SELECT count(*) FROM pg_proc WHERE pronamespace = 'pganalytics_data'::regnamespace AND proname ~ '^partial_') AS aggregates;
SET ROLE regress_owner;
CREATE FUNCTION make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pganalytics.create_event_table('events');
    CREATE TABLE places (id text PRIMARY KEY, place text);
    CREATE FUNCTION doubled(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * n';
    INSERT INTO places VALUES ('a', 'here'), ('b', 'there');
    INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'a', '1'), ('x', 'b', '2'), ('x', 'b', '3'), ('x', 'b', '"four"');
    PERFORM pganalytics.create_projection('per_place', $q$
        SELECT p.place, count(DISTINCT e.payload) AS n, stddev(e.payload::int) FROM events e JOIN places p ON p.id = e.aggregate_id GROUP BY 1 $q$);
    PERFORM pganalytics.create_projection('amount', 'SELECT sum(doubled(payload::int)) AS n FROM events WHERE jsonb_typeof(payload) = ''number''', mode => 'inline');
END $$;
SET client_min_messages = warning;
\set VERBOSITY terse

SELECT make();
DROP VIEW per_place;
SELECT name FROM pganalytics.projections;
DROP VIEW amount;
DROP TABLE events;
RESET ROLE;
TABLE public.leftovers;
SET ROLE regress_owner;

-- All comes back with a rollback, and goes with the transaction.
DROP TABLE places; DROP FUNCTION doubled;
SELECT make();
BEGIN;
DROP VIEW per_place, amount;
DROP TABLE events;
ROLLBACK;
SELECT * FROM per_place ORDER BY 1;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'a', '9');
TABLE amount;
BEGIN;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'a', '5');
SAVEPOINT s;
DROP VIEW amount;
ROLLBACK TO s;
TABLE amount;
DROP VIEW per_place;
COMMIT;
TABLE amount;
-- What the transaction has appended and not folded is folded into what is left.
BEGIN;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'a', '5');
DROP VIEW amount;
COMMIT;
DROP TABLE events;
RESET ROLE;
TABLE public.leftovers;
SET ROLE regress_owner;

-- With what they read: a lookup table, a function, a column, the schema.
DROP TABLE places; DROP FUNCTION doubled;
SELECT make();
DROP TABLE places CASCADE;
SELECT name FROM pganalytics.projections;
DROP FUNCTION doubled CASCADE;
RESET ROLE;
TABLE public.leftovers;
SET ROLE regress_owner;
DROP TABLE events;
SELECT make();
ALTER TABLE places DROP COLUMN place CASCADE;
SELECT name FROM pganalytics.projections;
RESET ROLE;
DROP SCHEMA d CASCADE;
TABLE public.leftovers;

-- With what only its expressions use: a configuration of text search, a language, an attribute.
SELECT pganalytics.create_event_table('public.log');
CREATE TEXT SEARCH CONFIGURATION public.words (COPY = simple);
CREATE LANGUAGE other HANDLER plpgsql_call_handler;
CREATE FUNCTION public.one(jsonb) RETURNS int IMMUTABLE LANGUAGE other AS 'BEGIN RETURN 1; END';
CREATE TYPE public.pair AS (a int, b int);
SELECT pganalytics.create_projection('public.texts', 'SELECT count(*) FROM public.log WHERE to_tsvector(''public.words'', event_type) @@ ''x''');
SELECT pganalytics.create_projection('public.ones', 'SELECT sum(public.one(payload)) AS n FROM public.log');
SELECT pganalytics.create_projection('public.pairs', 'SELECT ((version, 1)::public.pair).a, count(*) AS n FROM public.log GROUP BY 1');
DROP TEXT SEARCH CONFIGURATION public.words CASCADE;
DROP LANGUAGE other CASCADE;
ALTER TYPE public.pair DROP ATTRIBUTE a CASCADE;
DROP TABLE public.log;
TABLE public.leftovers;
DROP TYPE public.pair;

-- A replacement that is being built, with what it alone reads.
CREATE SCHEMA d AUTHORIZATION regress_owner;
SET ROLE regress_owner;
SELECT pganalytics.create_event_table('events');
CREATE TABLE places (id text PRIMARY KEY, place text COLLATE "C");
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a'), ('x', 'b');
SELECT pganalytics.create_projection('per_id', 'SELECT aggregate_id AS key, count(*) AS n FROM events GROUP BY 1');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pganalytics.replace_projection('per_id', 'SELECT p.place AS key, count(*) AS n FROM events e LEFT JOIN places p ON p.id = e.aggregate_id GROUP BY 1');
COMMIT;
SELECT name, status FROM pganalytics.projections;
DROP TABLE places CASCADE;
SELECT name, status FROM pganalytics.projections;
SELECT * FROM per_id ORDER BY 1;
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT name, status, last_error FROM pganalytics.projections;
DROP SCHEMA d CASCADE;
TABLE public.leftovers;
DROP VIEW public.leftovers;
DROP OWNED BY regress_owner;
DROP ROLE regress_owner;
RESET search_path;
CALL pganalytics.run_maintenance();
