-- What the owner of an event table may try against the server and against others.
CREATE ROLE regress_mallory;
CREATE SCHEMA m AUTHORIZATION regress_mallory;
SET search_path = m;
SET ROLE regress_mallory;
SELECT pganalytics.create_event_table('events');
SELECT pganalytics.create_projection('sales', 'SELECT event_type, count(*) AS n, min(aggregate_id) AS first FROM events GROUP BY 1');
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'x');
RESET ROLE;
SELECT g.definition, p.id, g.state FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.projection = p.id
WHERE p.relation = 'sales'::regclass \gset
SELECT s.relation AS segment, s.ledger, t.heads FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'events'::regclass AND s.number = 1 \gset
\set VERBOSITY sqlstate

-- Code in a CHECK constraint runs when a query over the table is planned: never
-- with more rights than the owner's.
SET ROLE regress_mallory;
CREATE FUNCTION who(text) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'regress_mallory' THEN
        RAISE EXCEPTION 'runs as %', current_user USING ERRCODE = 'P0666';
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION evil(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN m.who($1); END';
ALTER TABLE events ADD CHECK (m.evil('x'));
INSERT INTO events (event_type, aggregate_id) VALUES ('a', 'y');
RESET ROLE;
SELECT pganalytics.tail_length('sales'), tail FROM pganalytics.projections WHERE name = 'sales';
SELECT pganalytics.refresh_projection('sales');
SELECT * FROM sales;

-- A name that the reader's path finds elsewhere is not taken for the server's.
SET ROLE regress_mallory;
CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM m.who($1); RETURN $1; END';
INSERT INTO events (event_type, aggregate_id) VALUES ('b', 'y');
RESET ROLE;
SET search_path = m, pg_catalog;
SELECT * FROM sales ORDER BY 1;
SET search_path = m;

-- Columns that the extension reads keep their types, and the relations it trusts
-- are not the owner's to change.
SET ROLE regress_mallory;
ALTER TABLE :ledger ALTER position TYPE name USING 'x';
ALTER TABLE :heads ADD x text;
ALTER TABLE :state ALTER c1 TYPE text;
ALTER VIEW :definition SET SCHEMA m;
CREATE OR REPLACE VIEW :definition AS SELECT 1;
DROP TABLE :heads;
CREATE TRIGGER t BEFORE INSERT ON :state FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT pganalytics.create_event_table('altered');
\set VERBOSITY default
ALTER TABLE altered ALTER payload DROP DEFAULT, ALTER payload TYPE bigint USING 4660;
INSERT INTO altered (event_type, aggregate_id, payload) VALUES ('a', 'x', 4660);
\echo :SQLSTATE
ALTER TABLE altered ALTER payload TYPE jsonb USING '{}', ALTER recorded_at TYPE text;
INSERT INTO altered (event_type, aggregate_id, payload) VALUES ('a', 'x', '{}');
ALTER TABLE altered ALTER recorded_at TYPE timestamptz USING recorded_at::timestamptz;
INSERT INTO altered (event_type, aggregate_id, payload) VALUES ('a', 'x', '{}') RETURNING version;
SELECT pganalytics.create_projection('of_altered', 'SELECT count(*) AS n FROM altered');
ALTER TABLE altered ALTER txid TYPE numeric USING 1;
\set VERBOSITY sqlstate
SELECT * FROM of_altered;
\echo :SQLSTATE
SELECT pganalytics.tail_length('of_altered') IS NULL AS cannot_be_counted;
SELECT pganalytics.refresh_projection('of_altered');

-- An index that has the columns but not the order is not taken.
SELECT pganalytics.create_event_table('reindexed');
RESET ROLE;
SELECT s.relation AS leaf FROM pganalytics_data.segment s JOIN pganalytics_data.event_table t ON t.id = s.event_table
WHERE t.relation = 'reindexed'::regclass AND s.number = 1 \gset
SET ROLE regress_mallory;
SELECT :'leaf' || '_version' AS version_index \gset
DROP INDEX :version_index;
CREATE UNIQUE INDEX v ON :leaf (aggregate_id) INCLUDE (version);
CREATE UNIQUE INDEX w ON :leaf (aggregate_id, version DESC);
\set VERBOSITY sqlstate
INSERT INTO reindexed (event_type, aggregate_id) VALUES ('a', 'x');
CREATE UNIQUE INDEX u ON :leaf (aggregate_id, version);
INSERT INTO reindexed (event_type, aggregate_id) VALUES ('a', 'x') RETURNING version;
-- An index on the whole table.
CREATE INDEX ON reindexed (occurred_at);

-- A projection given to somebody else does not run for them what was not given.
RESET ROLE;
ALTER VIEW sales OWNER TO CURRENT_USER;
SET ROLE regress_mallory;
SELECT pganalytics.refresh_projection('sales');
SELECT pganalytics.create_event_table(NULL);
SELECT pganalytics.create_event_table('x', versions => NULL);
SELECT pganalytics.create_event_table('x', segment_interval => NULL);
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA m CASCADE;
RESET search_path;
DROP OWNED BY regress_mallory;
DROP ROLE regress_mallory;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
