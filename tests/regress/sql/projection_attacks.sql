-- What owners of projections, of what these read, readers and strangers may try against
-- each other and against the server.
CREATE ROLE regress_mallory;
CREATE ROLE regress_alice;
CREATE ROLE regress_stranger;
CREATE SCHEMA m AUTHORIZATION regress_mallory;
CREATE SCHEMA a AUTHORIZATION regress_alice;
CREATE SCHEMA s AUTHORIZATION regress_stranger;
GRANT USAGE ON SCHEMA m, a, s TO PUBLIC;
SET search_path = m;
SET ROLE regress_mallory;
CREATE FUNCTION who() RETURNS void VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_mallory' THEN
        RAISE EXCEPTION 'runs as %', current_user USING ERRCODE = 'P0666';
    END IF;
END $$;
CREATE FUNCTION evil(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM m.who(); RETURN true; END';
SELECT pganalytics.create_event_table('m.events');
SET ROLE regress_alice;
SELECT pganalytics.create_event_table('a.events');
INSERT INTO a.events (event_type, aggregate_id) VALUES ('secret', 'x');

\set VERBOSITY sqlstate
-- The views of the extension show strangers nothing, not even to a cheap function of theirs.
SET ROLE regress_alice;
SELECT pganalytics.create_projection('a.per_type', 'SELECT event_type, count(*) AS n FROM a.events GROUP BY 1');
INSERT INTO a.events (event_id, event_type, aggregate_id)
SELECT '018f0000-0000-7000-8000-000000000001', 'secret', 'x' FROM generate_series(1, 2);
SELECT pganalytics.alter_event_table('a.events', 'allowed_lateness', '1 day');
SET ROLE regress_stranger;
CREATE FUNCTION s.peek(anyelement) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seen: %', $1 USING ERRCODE = 'P0666';
END $$;
SELECT count(*) FROM pganalytics.projections WHERE s.peek(query);
SELECT count(*) FROM pganalytics.projections WHERE s.peek(events_folded);
SELECT count(*) FROM pganalytics.projection_progress WHERE s.peek(name);
SELECT count(*) FROM pganalytics.duplicates WHERE s.peek(event_id);
SELECT count(*) FROM pganalytics.segments WHERE s.peek(number);
SELECT count(*) FROM pganalytics.watermarks WHERE s.peek(late_events);
SELECT count(*) FROM pganalytics.dead_letters WHERE s.peek(error);
-- Nor when a projection has caught up. Who may read it may wait for it, and so may its owner.
SELECT pganalytics.wait_for_projection('a.per_type', '0');
SET ROLE regress_alice;
REVOKE ALL ON a.per_type FROM regress_alice;
SELECT pganalytics.wait_for_projection('a.per_type', '0'), pganalytics.tail_length('a.per_type');
SELECT name, tail FROM pganalytics.projections WHERE name = 'a.per_type';
GRANT SELECT ON a.per_type TO regress_alice, regress_stranger;
SET ROLE regress_stranger;
SELECT pganalytics.wait_for_projection('a.per_type', '0');

-- The states of projections belong to the extension, and so does ANALYZE run: it must not
-- call functions of range types.
SET ROLE regress_mallory;
CREATE FUNCTION distance(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM m.who(); RETURN $1 - $2; END';
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = m.distance, multirange_type_name = m.spans);
CREATE DOMAIN some_span AS span;
SELECT pganalytics.create_projection('m.spans_of', $$
    SELECT m.span(version, version + 1) AS k, count(DISTINCT m.span(version, version + 2)) AS n
    FROM m.events GROUP BY 1, m.spans(m.span(version, version + 1)) $$);
SELECT pganalytics.create_projection('m.rows_of', 'SELECT m.span(version, version + 1)::m.some_span AS k FROM m.events');
INSERT INTO m.events (event_type, aggregate_id) SELECT 'a', 'x' FROM generate_series(1, 300);
SELECT pganalytics.refresh_projection('m.spans_of') > 0 AS folded, pganalytics.refresh_projection('m.rows_of') > 0 AS folded;
RESET ROLE;
ANALYZE;

-- The definition of a projection belongs to the extension, and whoever reads it reads with
-- its rights: default privileges of the projection's owner do not count.
SET ROLE regress_alice;
GRANT SELECT ON a.events TO regress_mallory;
SET ROLE regress_mallory;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_mallory, regress_stranger, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_stranger;
CREATE FUNCTION plus(a bigint, b bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
CREATE AGGREGATE total(bigint) (SFUNC = plus, STYPE = bigint, COMBINEFUNC = plus, INITCOND = '0', FINALFUNC = int8up);
SELECT pganalytics.create_projection('m.copied', 'SELECT event_type, aggregate_id FROM a.events');
SELECT pganalytics.create_projection('m.totals', 'SELECT event_type, m.total(version) AS t FROM m.events GROUP BY 1');
RESET ROLE;
SELECT g.definition FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'm.copied'::regclass \gset
SET ROLE regress_alice;
REVOKE SELECT ON a.events FROM regress_mallory;
SET ROLE regress_mallory;
TABLE :definition;
INSERT INTO :definition (event_type, aggregate_id) VALUES ('forged', 'x');
RESET ROLE;
SELECT c.relkind, e.grantee::regrole, e.privilege_type FROM pg_class c, aclexplode(c.relacl) e
WHERE c.relnamespace = 'pganalytics_data'::regnamespace AND c.relname ~ '^(definition|state|access)_' AND e.grantee IN (0, 'regress_stranger'::regrole);
SELECT p.proname FROM pg_proc p, aclexplode(p.proacl) e
WHERE p.pronamespace = 'pganalytics_data'::regnamespace AND e.grantee IN (0, 'regress_stranger'::regrole);

-- What a stranger hangs on the parts of a projection does not keep them.
SELECT g.state, g.definition FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'a.per_type'::regclass \gset
SET ROLE regress_stranger;
CREATE VIEW s.hook AS SELECT NULL:::state AS a, NULL:::definition AS b;
CREATE TABLE s.hooked (a :state);
SET ROLE regress_alice;
SELECT pganalytics.rebuild_projection('a.per_type');
TABLE a.per_type;
RESET ROLE;
SELECT count(*) AS views FROM pg_class WHERE relname = 'hook' AND relnamespace = 's'::regnamespace;
-- What the owner hangs on it does.
SELECT g.state FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'a.per_type'::regclass \gset
SET ROLE regress_alice;
CREATE VIEW a.own AS SELECT * FROM :state;
SELECT pganalytics.rebuild_projection('a.per_type');
DROP VIEW a.own;

-- What is in an inline projection does not depend on the settings of who appends.
SELECT pganalytics.create_projection('a.kinds', $$
    SELECT event_type = ANY ('{a,NULL}'::text[]) AS listed, event_type = 'C:\new' AS path, payload ->> 'at' AS at,
           (payload ->> 'at')::timestamptz AS time, (payload ->> 'tags')::text[] AS tags, count(*) AS n
    FROM a.events GROUP BY 1, 2, 3, 4, 5 $$, mode => 'inline');
GRANT INSERT ON a.events TO regress_stranger;
SET ROLE regress_stranger;
SET array_nulls = off;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET transform_null_equals = on;
SET timezone_abbreviations = 'Australia';
INSERT INTO a.events (event_type, aggregate_id, payload) VALUES
    ('NULL', 'y', '{"at": "2024-01-01 00:00 EST", "tags": "{a,NULL}"}'), (E'C:\\new', 'y', '{}'), ('b', 'y', '{}');
RESET array_nulls;
RESET standard_conforming_strings;
RESET transform_null_equals;
RESET timezone_abbreviations;
RESET ROLE;
TABLE a.kinds ORDER BY 1, 2, 3;
SELECT * FROM pganalytics.verify_projection('a.kinds');
-- Nor does a view on the settings of who makes it.
SET standard_conforming_strings = off;
SELECT pganalytics.create_projection('a.paths', $$SELECT event_type, CASE WHEN count(*) > 0 THEN 'C:\\new' END AS n, CASE WHEN count(*) > 0 THEN 'ends\\' END AS e FROM a.events GROUP BY 1$$);
RESET standard_conforming_strings;
SELECT n, e FROM a.paths WHERE event_type = 'b';

-- A function that fits the state of an aggregate better than that of the aggregate does not
-- take its place.
GRANT CREATE ON SCHEMA a TO regress_mallory;
SET ROLE regress_alice;
CREATE FUNCTION a.longer(text, text) RETURNS varchar IMMUTABLE STRICT LANGUAGE sql AS 'SELECT (CASE WHEN length($1) >= length($2) THEN $1 ELSE $2 END)::varchar';
CREATE FUNCTION a.shown(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE a.longest(varchar) (SFUNC = a.longer, STYPE = varchar, COMBINEFUNC = a.longer, FINALFUNC = a.shown);
SELECT pganalytics.create_projection('a.longest_types', 'SELECT a.longest(event_type::varchar) AS l FROM a.events');
SET ROLE regress_mallory;
CREATE FUNCTION a.longer(varchar, varchar) RETURNS varchar IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM m.who(); RETURN $1; END';
CREATE FUNCTION a.shown(varchar) RETURNS varchar IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM m.who(); RETURN $1; END';
SET ROLE regress_alice;
INSERT INTO a.events (event_type, aggregate_id) VALUES ('the longest', 'z');
TABLE a.longest_types;
SELECT pganalytics.refresh_projection('a.longest_types');
INSERT INTO a.events (event_type, aggregate_id) VALUES ('the longest of all', 'z');
SELECT pganalytics.rebuild_projection('a.longest_types');
TABLE a.longest_types;

-- Code in the constraints of an event table or lookup table does not run when somebody
-- else's projection is folded, nor does that of a view which a lookup table has become.
SET ROLE regress_mallory;
ALTER TABLE m.events ADD CHECK (m.evil('x'));
CREATE TABLE m.kinds (kind text, label text, CHECK (m.evil('x')));
CREATE TABLE m.turned (kind text, label text);
GRANT SELECT ON m.events, m.kinds, m.turned TO regress_alice;
SET ROLE regress_alice;
SELECT pganalytics.create_projection('a.of_mallory', 'SELECT k.label, count(*) AS n FROM m.events e LEFT JOIN m.kinds k ON k.kind = e.event_type GROUP BY 1');
SELECT pganalytics.create_projection('a.turning', 'SELECT k.label, count(*) AS n FROM m.events e LEFT JOIN m.turned k ON k.kind = e.event_type GROUP BY 1');
SET ROLE regress_mallory;
INSERT INTO m.events (event_type, aggregate_id) VALUES ('b', 'y');
CREATE RULE "_RETURN" AS ON SELECT TO m.turned DO INSTEAD SELECT 'a'::text AS kind, 'b'::text AS label WHERE m.evil('x');
SET ROLE regress_alice;
SELECT pganalytics.refresh_projection('a.of_mallory') > 0 AS folded;
SELECT pganalytics.refresh_projection('a.turning') > 0 AS folded;

-- Names that somebody has taken keep nobody from making projections.
RESET ROLE;
SELECT set_config('regress.number', last_value::text, false) IS NULL AS unknown FROM pganalytics_data.projection_id;
SET ROLE regress_mallory;
DO $$
DECLARE
    n integer := current_setting('regress.number');
    command text;
BEGIN
    FOREACH command IN ARRAY ARRAY['TABLE %s.state_%s ()', 'TABLE %s.state_%s_key ()', 'TABLE %s.state_%s_hash ()',
        'TABLE %s.seen_%s_1 ()', 'TABLE %s.access_%s ()', 'TABLE %s._definition_%s ()',
        'TYPE %s._definition_%s AS ENUM ()', 'TYPE %s._state_%s AS ENUM ()', 'TYPE %s.definition_%s AS ENUM ()'] LOOP
        n := n + 1;
        EXECUTE format('CREATE ' || command, 'pganalytics_data', n);
    END LOOP;
END $$;
SET ROLE regress_alice;
SELECT count(pganalytics.create_projection('a.many_' || i, 'SELECT event_type, count(*) AS n, count(DISTINCT aggregate_id) AS d FROM a.events GROUP BY 1'))
FROM generate_series(1, 12) AS i;

-- A definition that reads its own projection is refused before it has gone as deep as it can.
SET ROLE regress_mallory;
CREATE FUNCTION m.deeper(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
ALTER TABLE m.events DROP CONSTRAINT events_check;
SELECT pganalytics.create_projection('m.deep', 'SELECT m.deeper(event_type) AS k, count(*) AS n FROM m.events GROUP BY 1');
CREATE OR REPLACE FUNCTION m.deeper(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 || (SELECT count(*) FROM m.deep); END';
INSERT INTO m.events (event_type, aggregate_id) VALUES ('c', 'y'), ('c', 'y'), ('c', 'y');
SELECT count(*) > 0 AS read FROM m.deep;
SELECT pganalytics.refresh_projection('m.deep') >= 0 AS folded;

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA m, a, s CASCADE;
RESET search_path;
DROP OWNED BY regress_mallory;
DROP OWNED BY regress_alice, regress_stranger;
DROP ROLE regress_mallory, regress_alice, regress_stranger;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
