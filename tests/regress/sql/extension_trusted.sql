-- The owner of a database, who need not be a superuser, may enable the extension.
SELECT current_user AS superuser \gset
CREATE ROLE regress_database_owner LOGIN;
CREATE DATABASE regress_trusted OWNER regress_database_owner;
\connect regress_trusted regress_database_owner
CREATE EXTENSION pg_analytics;
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;
CREATE INDEX ON events (occurred_at);
SELECT pganalytics.create_projection('per_type', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1');
SELECT pganalytics.refresh_projection('per_type');
SELECT * FROM per_type;

-- What the extension brings is the superuser's all the same.
\set VERBOSITY sqlstate
SELECT DISTINCT r.rolsuper FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname LIKE 'pganalytics%';
UPDATE pganalytics_data.event_table SET versions = 'optional';
SELECT count(*) FROM pganalytics_data.generation;
CREATE OR REPLACE FUNCTION pganalytics.uuid_v7() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
CREATE FUNCTION pganalytics.mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER SCHEMA pganalytics_data OWNER TO CURRENT_USER;
ALTER EVENT TRIGGER pganalytics_ddl DISABLE;
DROP EVENT TRIGGER pganalytics_ddl;
ALTER EXTENSION pg_analytics DROP FUNCTION pganalytics.uuid_v7();

-- They may drop it, too.
SET client_min_messages = warning;
DROP TABLE events CASCADE;
DROP EXTENSION pg_analytics CASCADE;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pganalytics%';
\connect regression :superuser
DROP DATABASE regress_trusted;
DROP ROLE regress_database_owner;
