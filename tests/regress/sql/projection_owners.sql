-- A projection may be given away: what belongs to it goes with it, and it has the rights of
-- its new owner from then on.
CREATE ROLE regress_old_owner;
CREATE ROLE regress_new_owner;
CREATE ROLE regress_reader;
CREATE SCHEMA o;
GRANT ALL ON SCHEMA o TO regress_old_owner, regress_new_owner;
GRANT USAGE ON SCHEMA o TO regress_reader;
SET search_path = o;
SET ROLE regress_old_owner;
SELECT pganalytics.create_event_table('events', versions => 'optional');
SELECT pganalytics.create_projection('spread', $$
    SELECT event_type, count(DISTINCT aggregate_id) AS ids, stddev((payload->>'n')::int) AS spread FROM events GROUP BY 1$$);
SELECT pganalytics.create_projection('per_id', 'SELECT aggregate_id, count(*) AS n FROM events GROUP BY 1', mode => 'inline');
GRANT SELECT ON spread, per_id TO regress_reader;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'a', '{"n": 1}'), ('x', 'b', '{"n": 5}'), ('y', 'a', '{"n": 2}');
SELECT pganalytics.refresh_projection('spread');
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('x', 'c', '{"n": 3}');
RESET ROLE;
-- The rights on what belongs to projections: how many parts each role has some on.
CREATE VIEW rights AS
SELECT role, count(*) AS parts, string_agg(DISTINCT kind || ' ' || rights, ', ' ORDER BY kind || ' ' || rights) AS rights FROM (
    SELECT a.grantee::regrole::text AS role, substring(c.relname FROM '^[a-z]+') AS kind, string_agg(a.privilege_type, '+' ORDER BY a.privilege_type) AS rights
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'pganalytics_data'::regnamespace AND c.relname ~ '^(state|seen|access)_[0-9]' GROUP BY 1, c.oid, 2
    UNION ALL SELECT a.grantee::regrole::text, 'partial', a.privilege_type
    FROM pg_proc p, aclexplode(p.proacl) a WHERE p.pronamespace = 'pganalytics_data'::regnamespace AND p.proname ~ '^partial_') AS part
WHERE role LIKE 'regress\_%owner' OR role LIKE 'regress\_%heir' GROUP BY role;
TABLE rights;

ALTER VIEW spread OWNER TO regress_new_owner;
ALTER TABLE per_id OWNER TO regress_new_owner;
TABLE rights;
-- The new one cannot read the log, so the projection cannot be read or folded, and says so.
SET ROLE regress_reader;
SELECT * FROM spread ORDER BY 1;
\echo :SQLSTATE
SELECT * FROM per_id ORDER BY 1;
SET ROLE regress_new_owner;
SELECT pganalytics.refresh_projection('spread');
\echo :SQLSTATE
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT name, status, last_error, last_error_state FROM pganalytics.projections ORDER BY name;
-- An inline projection refuses what it cannot fold.
SET ROLE regress_old_owner;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
\echo :SQLSTATE
SELECT pganalytics.refresh_projection('spread');
\echo :SQLSTATE
-- When he may, all goes on.
GRANT SELECT ON events TO regress_new_owner;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('y', 'd', '{"n": 4}');
SET ROLE regress_reader;
SELECT * FROM spread ORDER BY 1;
SELECT * FROM per_id ORDER BY 1;
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT name, status, tail, last_error FROM pganalytics.projections ORDER BY name;
SET ROLE regress_new_owner;
SELECT * FROM spread ORDER BY 1;
SELECT pganalytics.rebuild_projection('spread');
SELECT * FROM spread ORDER BY 1;
SELECT count(*) FROM pganalytics.verify_projection('spread');

-- Dropping what the old owner owns takes nothing of it but his event table.
RESET ROLE;
ALTER TABLE events OWNER TO regress_new_owner;
DROP OWNED BY regress_old_owner;
DROP ROLE regress_old_owner;
SELECT count(*) FROM events;

-- Given away with everything else: REASSIGN OWNED tells nobody, and maintenance follows.
CREATE ROLE regress_heir;
GRANT ALL ON SCHEMA o TO regress_heir;
REASSIGN OWNED BY regress_new_owner TO regress_heir;
SET ROLE regress_reader;
\set VERBOSITY sqlstate
SELECT * FROM spread ORDER BY 1;
\set VERBOSITY default
RESET ROLE;
CALL pganalytics.run_maintenance();
TABLE rights;
DROP OWNED BY regress_new_owner;
DROP ROLE regress_new_owner;
SET ROLE regress_heir;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('z', 'e', '{"n": 4}');
SELECT pganalytics.refresh_projection('spread');
SET ROLE regress_reader;
SELECT * FROM spread ORDER BY 1;
SELECT * FROM per_id ORDER BY 1;
RESET ROLE;

-- Somebody else's rights on a part stay: nothing is handed over.
SELECT state FROM pganalytics.projections WHERE name = 'per_id' \gset
GRANT SELECT ON :state TO regress_reader;
CALL pganalytics.run_maintenance();
SELECT has_table_privilege('regress_reader', :'state', 'SELECT');

SET client_min_messages = warning;
DROP SCHEMA o CASCADE;
RESET search_path;
DROP OWNED BY regress_heir, regress_reader;
DROP ROLE regress_heir, regress_reader;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
CALL pganalytics.run_maintenance();
