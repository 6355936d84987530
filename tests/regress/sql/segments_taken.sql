-- What owners and strangers may do to segments, and what comes of it: maintenance goes
-- on, nothing is lost, nobody gets at what is not theirs.
-- The guards against such DDL are off, as only a superuser can turn them.
ALTER EVENT TRIGGER pganalytics_ddl DISABLE;
ALTER EVENT TRIGGER pganalytics_detach DISABLE;
ALTER EVENT TRIGGER pganalytics_drop DISABLE;
CREATE ROLE regress_mallory;
CREATE ROLE regress_victor;
CREATE SCHEMA m;
GRANT ALL ON SCHEMA m TO regress_mallory, regress_victor;
SET search_path = m;
CREATE FUNCTION leaf(root regclass, number int) RETURNS text LANGUAGE sql AS $$
    SELECT s.relation::text FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
    WHERE t.relation = root AND s.number = leaf.number
$$;
CREATE FUNCTION roll(root regclass) RETURNS void LANGUAGE sql AS 'SELECT pganalytics.roll_segment(root)';

-- The spare is dropped, or detached and kept: another takes its place.
SET ROLE regress_mallory;
SELECT pganalytics.create_event_table('dropped');
SELECT pganalytics.create_event_table('detached');
RESET ROLE;
CALL pganalytics.run_maintenance();
SELECT leaf('dropped', 2) AS spare, leaf('detached', 2) AS kept \gset
SET ROLE regress_mallory;
DROP TABLE :spare;
ALTER TABLE detached DETACH PARTITION :kept;
SELECT pganalytics.roll_segment('dropped'), pganalytics.roll_segment('detached');
RESET ROLE;
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
INSERT INTO dropped (event_type, aggregate_id) VALUES ('a', 'x') RETURNING segment, version;
INSERT INTO detached (event_type, aggregate_id) VALUES ('a', 'x') RETURNING segment, version;
SELECT event_table, active_segment, last_error FROM pganalytics.event_tables
WHERE event_table IN ('dropped'::regclass, 'detached'::regclass) ORDER BY 1;

-- A spare whose ledger turns.
UPDATE pganalytics_data.segment SET active_since = active_since - interval '8 days'
WHERE event_table = (SELECT id FROM pganalytics_data.event_table WHERE relation = 'dropped'::regclass);
SELECT roll('dropped');
CALL pganalytics.run_maintenance();
SELECT leaf('dropped', 4) AS spare \gset
DROP TABLE :spare;
SELECT roll('dropped');
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
SELECT s.number, s.ledger IS NOT NULL AS ledger, s.next_ledger IS NOT NULL AS next, s.past_ledger IS NOT NULL AS past
FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'dropped'::regclass AND number >= 3 ORDER BY 1;
INSERT INTO dropped (event_type, aggregate_id) VALUES ('a', 'x') RETURNING segment, version;

-- A sealed segment is dropped: appends go on, also to aggregates that had their last
-- event there.
SELECT pganalytics.create_event_table('thinned');
SELECT pganalytics.create_projection('of_thinned', 'SELECT aggregate_id, count(*) AS n FROM thinned GROUP BY 1');
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'x'), ('a', 'x');
SELECT roll('thinned');
CALL pganalytics.run_maintenance();
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'y');
SELECT leaf('thinned', 1) AS sealed, leaf('thinned', 2) AS active \gset
DROP TABLE :sealed;
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'x') RETURNING segment;
SELECT * FROM of_thinned ORDER BY 1;
-- The active one is: appends fail until maintenance has found out.
BEGIN;
DROP TABLE :active;
SAVEPOINT s;
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'x');
\echo :SQLSTATE
ROLLBACK TO s;
COMMIT;
CALL pganalytics.run_maintenance();
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'x') RETURNING segment;
-- Or it is detached.
SELECT leaf('thinned', 3) AS active \gset
ALTER TABLE thinned DETACH PARTITION :active;
CALL pganalytics.run_maintenance();
INSERT INTO thinned (event_type, aggregate_id) VALUES ('a', 'y'), ('a', 'x') RETURNING version, segment;
ALTER TABLE thinned ATTACH PARTITION :active FOR VALUES IN (3);
CALL pganalytics.run_maintenance();
SELECT number, state, rows FROM pganalytics.segments WHERE event_table = 'thinned'::regclass ORDER BY 1;
SELECT aggregate_id, version, segment FROM thinned ORDER BY position;
SELECT last_error FROM pganalytics.event_tables WHERE event_table = 'thinned'::regclass;

-- What was detached and given to somebody else is not taken back.
SET ROLE regress_mallory;
INSERT INTO detached (event_type, aggregate_id) VALUES ('a', 'x');
RESET ROLE;
SELECT leaf('detached', 1) AS sold \gset
ALTER TABLE detached DETACH PARTITION :sold;
ALTER TABLE :sold OWNER TO regress_victor;
CALL pganalytics.run_maintenance();
SELECT relowner::regrole FROM pg_class WHERE oid = :'sold'::regclass;

-- Names that somebody took beforehand: tables, types and indexes.
SET ROLE regress_victor;
SELECT pganalytics.create_event_table('victors');
RESET ROLE;
SELECT id AS victors FROM pganalytics_data.event_table WHERE relation = 'victors'::regclass \gset
SELECT format('pganalytics_data.segment_%s_3', :victors) AS squatted_table,
    format('pganalytics_data.segment_%s_4', :victors) AS squatted_type,
    format('segment_%s_5_version', :victors) AS squatted_index \gset
SET ROLE regress_mallory;
CREATE TABLE :squatted_table (x int);
CREATE TYPE :squatted_type AS ENUM ();
CREATE INDEX :squatted_index ON :squatted_table (x);
SELECT set_config('regress.victors', :'victors', false) \g /dev/null
DO $$
BEGIN
    FOR n IN 3..9 LOOP
        EXECUTE format('CREATE TABLE pganalytics_data.ledger_%s_%s (x int)', current_setting('regress.victors'), n);
    END LOOP;
END $$;
RESET ROLE;
INSERT INTO victors (event_type, aggregate_id) VALUES ('a', 'x');
UPDATE pganalytics_data.event_table SET dedup_window = '1 hour' WHERE id = :victors;
CREATE PROCEDURE go_on() LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pganalytics.roll_segment('victors');
    UPDATE pganalytics_data.segment SET active_since = active_since - interval '20 minutes'
    WHERE event_table = (SELECT id FROM pganalytics_data.event_table WHERE relation = 'victors'::regclass);
    COMMIT;
    CALL pganalytics.run_maintenance();
    INSERT INTO victors (event_type, aggregate_id) VALUES ('a', 'x');
END $$;
CALL go_on();
CALL go_on();
CALL go_on();
CALL go_on();
CALL go_on();
CALL go_on();
CALL go_on();
SELECT number, state, relation::text ~ ('_' || number || '$') AS usual_name FROM pganalytics.segments
WHERE event_table = 'victors'::regclass ORDER BY 1;
SELECT last_error FROM pganalytics.event_tables WHERE event_table = 'victors'::regclass;
SELECT count(DISTINCT ledger) FROM pganalytics_data.segment WHERE event_table = :victors AND next_ledger IS NULL;
SELECT array_agg(version ORDER BY position), count(DISTINCT segment) FROM victors;

-- And those of a projection.
SELECT last_value + 1 AS next FROM pganalytics_data.projection_id \gset
SET ROLE regress_mallory;
CREATE VIEW pganalytics_data.definition_:next AS SELECT 1;
SET ROLE regress_victor;
SELECT pganalytics.create_projection('of_victors', 'SELECT count(*) AS n FROM victors');
RESET ROLE;
-- Times that may be NULL: what has none is counted and folded all the same.
SET ROLE regress_victor;
SELECT pganalytics.create_event_table('timeless');
ALTER TABLE timeless ALTER occurred_at DROP NOT NULL;
SELECT pganalytics.create_projection('of_timeless', 'SELECT count(*) AS n FROM timeless');
INSERT INTO timeless (event_type, aggregate_id, occurred_at) VALUES ('a', 'x', NULL), ('a', 'x', NULL);
SELECT pganalytics.roll_segment('timeless');
RESET ROLE;
BEGIN;
LOCK TABLE pganalytics_data.checkpoint IN EXCLUSIVE MODE; -- nothing is folded meanwhile
CALL pganalytics.run_maintenance();
SELECT state, rows FROM pganalytics.segments WHERE event_table = 'timeless'::regclass AND number = 1;
SELECT n FROM of_timeless;
COMMIT;
SELECT n FROM of_timeless;

-- The catalog is not for everybody to read: the views leave out what is not theirs.
SET ROLE regress_mallory;
\set VERBOSITY sqlstate
SELECT FROM pganalytics_data.event_table;
SELECT FROM pganalytics_data.segment;
SELECT FROM pganalytics.segments WHERE event_table = 'victors'::regclass;
\set VERBOSITY default
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA m CASCADE;
RESET search_path;
DROP TABLE :kept, :sold;
DROP OWNED BY regress_mallory, regress_victor CASCADE;
DROP ROLE regress_mallory, regress_victor;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
ALTER EVENT TRIGGER pganalytics_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER pganalytics_detach ENABLE ALWAYS;
ALTER EVENT TRIGGER pganalytics_drop ENABLE ALWAYS;
