-- What users' own DDL may not do to event tables.

CREATE FUNCTION pganalytics.on_ddl() RETURNS event_trigger
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'on_ddl';
COMMENT ON FUNCTION pganalytics.on_ddl() IS
    'internal: event triggers, refuses foreign keys to event tables, partitions made, detached or dropped by hand and triggers that run after the extension''s; hands over what goes with an event table or projection to its new owner; sweeps up after projections that are dropped';

CREATE EVENT TRIGGER pganalytics_ddl ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER VIEW', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'CREATE TRIGGER', 'ALTER TRIGGER')
    EXECUTE FUNCTION pganalytics.on_ddl();
ALTER EVENT TRIGGER pganalytics_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pganalytics_ddl IS 'keeps event tables what they are';

CREATE EVENT TRIGGER pganalytics_detach ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION pganalytics.on_ddl();
ALTER EVENT TRIGGER pganalytics_detach ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pganalytics_detach IS 'keeps segments in their event tables';

-- Whatever the view of a projection can depend on may be dropped with CASCADE.
CREATE EVENT TRIGGER pganalytics_drop ON sql_drop
    WHEN TAG IN ('DROP TABLE', 'DROP VIEW', 'DROP MATERIALIZED VIEW', 'DROP FOREIGN TABLE', 'ALTER TABLE', 'DROP OWNED', 'DROP SCHEMA',
        'DROP FUNCTION', 'DROP ROUTINE', 'DROP AGGREGATE', 'DROP OPERATOR', 'DROP TYPE', 'DROP DOMAIN', 'DROP COLLATION', 'DROP EXTENSION',
        'ALTER TYPE', 'DROP TEXT SEARCH CONFIGURATION', 'DROP LANGUAGE', 'DROP SERVER', 'DROP FOREIGN DATA WRAPPER')
    EXECUTE FUNCTION pganalytics.on_ddl();
ALTER EVENT TRIGGER pganalytics_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pganalytics_drop IS 'keeps segments from being dropped without their event table, and sweeps up what is left of projections that are dropped';
