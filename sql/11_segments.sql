-- Segments and duplicates: what is in the log, and what was kept out of it.

CREATE FUNCTION pganalytics.roll_segment(event_table regclass) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'roll_segment_wrapper';
COMMENT ON FUNCTION pganalytics.roll_segment(regclass) IS
    'asks for a new segment before its time; the next maintenance begins it';

CREATE FUNCTION pganalytics.first_segment(event_table regclass, since timestamptz) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'first_segment_wrapper';
COMMENT ON FUNCTION pganalytics.first_segment(regclass, timestamptz) IS
    'the number of the first segment that can hold events of this time or later, for filters relative to now(): AND segment >= pganalytics.first_segment(...)';

-- A barrier: a condition of a reader's must not see rows before it is known that the reader may.
CREATE VIEW pganalytics.segments WITH (security_barrier) AS
SELECT t.relation AS event_table, s.number, s.state,
       coalesce(s.rows, CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END) AS rows,
       pg_catalog.pg_total_relation_size(c.oid) AS bytes,
       s.first_position, s.last_position, s.first_occurred_at, s.last_occurred_at,
       s.active_since, s.closed_at, nullif(pg_catalog.cardinality(s.holders), 0) AS waits_for,
       -- Prepared transactions have none.
       CASE WHEN s.holders <> '{}' THEN ARRAY(
           SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
           WHERE l.virtualtransaction = ANY (s.holders) AND l.pid IS NOT NULL) END AS waits_for_pids,
       s.relation
FROM pganalytics_data.segment s
JOIN pganalytics_data.event_table t ON t.id = s.event_table
JOIN pg_catalog.pg_class c ON c.oid = s.relation
JOIN pg_catalog.pg_class root ON root.oid = t.relation
WHERE pg_catalog.pg_has_role(root.relowner, 'USAGE')
   OR pg_catalog.has_any_column_privilege(root.oid, 'SELECT');
COMMENT ON VIEW pganalytics.segments IS
    'segments of event tables; ranges and exact numbers of rows once a segment is sealed, before that an estimate; waits_for: transactions noted that must end before the next state; waits_for_pids: the backends of those that still run';
COMMENT ON COLUMN pganalytics.segments.state IS 'spare, active, closing, shut, sealed, bounded or frozen';
COMMENT ON COLUMN pganalytics.segments.rows IS 'exact once sealed, before that an estimate of the last ANALYZE';
COMMENT ON COLUMN pganalytics.segments.waits_for IS 'transactions that must end before the next state';
COMMENT ON COLUMN pganalytics.segments.waits_for_pids IS 'the backends of those that still run';
COMMENT ON COLUMN pganalytics.segments.event_table IS 'the event table that it is a part of';
COMMENT ON COLUMN pganalytics.segments.number IS '1, 2 and so on, as in the column segment of events';
COMMENT ON COLUMN pganalytics.segments.bytes IS 'on disk, with indexes';
COMMENT ON COLUMN pganalytics.segments.first_position IS 'NULL until it is sealed';
COMMENT ON COLUMN pganalytics.segments.last_position IS 'NULL until it is sealed';
COMMENT ON COLUMN pganalytics.segments.first_occurred_at IS 'the earliest time of its events; NULL until it is sealed';
COMMENT ON COLUMN pganalytics.segments.last_occurred_at IS 'the latest; NULL until it is sealed';
COMMENT ON COLUMN pganalytics.segments.active_since IS 'when it began to take events';
COMMENT ON COLUMN pganalytics.segments.closed_at IS 'when it was sealed, or began to close before that';
COMMENT ON COLUMN pganalytics.segments.relation IS 'the table that holds it';
GRANT SELECT ON pganalytics.segments TO PUBLIC;

CREATE VIEW pganalytics.duplicates WITH (security_barrier) AS
SELECT t.relation AS event_table, d.event_id, pg_catalog.sum(d.times)::bigint AS times,
       pg_catalog.min(d.first_at) AS first_at, pg_catalog.max(d.last_at) AS last_at,
       d.position AS original_position
FROM pganalytics_data.duplicate d
JOIN pganalytics_data.event_table t ON t.id = d.event_table
JOIN pg_catalog.pg_class root ON root.oid = t.relation
WHERE pg_catalog.pg_has_role(root.relowner, 'USAGE')
   OR pg_catalog.has_any_column_privilege(root.oid, 'SELECT')
GROUP BY t.relation, d.event_id, d.position;
COMMENT ON VIEW pganalytics.duplicates IS
    'events that were skipped because their id is in the log: when, how often, and where the original is';
COMMENT ON COLUMN pganalytics.duplicates.event_table IS 'the event table that they were sent to';
COMMENT ON COLUMN pganalytics.duplicates.event_id IS 'the id that was there';
COMMENT ON COLUMN pganalytics.duplicates.times IS 'how often it was skipped';
COMMENT ON COLUMN pganalytics.duplicates.first_at IS 'when it was skipped first';
COMMENT ON COLUMN pganalytics.duplicates.last_at IS 'when it was skipped last';
COMMENT ON COLUMN pganalytics.duplicates.original_position IS 'the position of the event that has the id';
GRANT SELECT ON pganalytics.duplicates TO PUBLIC;
