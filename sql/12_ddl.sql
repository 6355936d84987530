-- What users' own DDL may not do to event tables.

CREATE FUNCTION pganalytics.on_ddl() RETURNS event_trigger
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'on_ddl';
COMMENT ON FUNCTION pganalytics.on_ddl() IS
    'event trigger: refuses foreign keys to event tables, partitions made by hand and triggers that run after the extension''s; hands segments over to a new owner';

CREATE EVENT TRIGGER pganalytics_ddl ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'CREATE TRIGGER', 'ALTER TRIGGER')
    EXECUTE FUNCTION pganalytics.on_ddl();
ALTER EVENT TRIGGER pganalytics_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pganalytics_ddl IS 'keeps event tables what they are';
