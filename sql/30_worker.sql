-- The background worker: what it is doing.

CREATE VIEW pganalytics.workers AS
SELECT a.datname AS database, a.pid, a.state, NULLIF(a.query, '') AS activity, a.backend_start AS started_at
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_type IN ('pg_analytics worker', 'pg_analytics fold worker');
COMMENT ON VIEW pganalytics.workers IS
    'the background workers that run now, one per database, and those that help it with backlogs; shown to members of pg_read_all_stats';
COMMENT ON COLUMN pganalytics.workers.database IS 'the database that it works for';
COMMENT ON COLUMN pganalytics.workers.pid IS 'of its process';
COMMENT ON COLUMN pganalytics.workers.state IS 'as in pg_stat_activity';
COMMENT ON COLUMN pganalytics.workers.activity IS 'what it does now';
COMMENT ON COLUMN pganalytics.workers.started_at IS 'when its process began';
GRANT SELECT ON pganalytics.workers TO PUBLIC;

CREATE PROCEDURE pganalytics.run_maintenance()
LANGUAGE c AS 'MODULE_PATHNAME', 'run_maintenance_wrapper';
COMMENT ON PROCEDURE pganalytics.run_maintenance() IS
    'does once, in a background worker, what the worker does all the time: folds, rolls and seals segments, expires ids, cleans up; waits until it is done';
REVOKE EXECUTE ON PROCEDURE pganalytics.run_maintenance() FROM PUBLIC;
