-- Dead letters: events that projections have set aside.

CREATE FUNCTION pganalytics.retry_dead_letters(name text, event_ids uuid[] DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'retry_dead_letters_wrapper';
COMMENT ON FUNCTION pganalytics.retry_dead_letters(text, uuid[]) IS
    'folds events again that a projection has set aside, all that are pending or those given, and returns how many were folded; those that fail again stay';

CREATE FUNCTION pganalytics.discard_dead_letters(name text, reason text, event_ids uuid[] DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'discard_dead_letters_wrapper';
COMMENT ON FUNCTION pganalytics.discard_dead_letters(text, text, uuid[]) IS
    'marks events that a projection has set aside, all that are pending or those given, as left out for good; they are kept as a record, with the reason';

-- A barrier: the error may hold values of events, and a condition of a reader's must
-- not come to see it before it is known that the reader may.
CREATE VIEW pganalytics.dead_letters WITH (security_barrier) AS
SELECT p.relation::text AS projection, l.event_id, l.position, l.event_type, l.aggregate_id, l.occurred_at,
       CASE WHEN l.discarded_at IS NULL THEN 'pending' ELSE 'discarded' END AS status,
       l.sqlstate, l.error, l.attempts, l.first_failed_at, l.last_failed_at, l.discarded_at, l.discarded_by, l.reason
FROM pganalytics_data.dead_letter l
JOIN pganalytics_data.projection p ON p.generation = l.generation
JOIN pg_catalog.pg_class c ON c.oid = p.relation
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE');
COMMENT ON VIEW pganalytics.dead_letters IS
    'events that projections have set aside because their queries fail on them, and why; shown to members of the owner of the projection';
COMMENT ON COLUMN pganalytics.dead_letters.projection IS 'its name, as in pganalytics.projections';
COMMENT ON COLUMN pganalytics.dead_letters.status IS 'pending or discarded; what was folded after a retry is not here any more';
COMMENT ON COLUMN pganalytics.dead_letters.error IS 'may show values of the event';
COMMENT ON COLUMN pganalytics.dead_letters.attempts IS 'how often it was folded in vain';
COMMENT ON COLUMN pganalytics.dead_letters.event_id IS 'the event, still in the log';
COMMENT ON COLUMN pganalytics.dead_letters.position IS 'its position in the log';
COMMENT ON COLUMN pganalytics.dead_letters.event_type IS 'its type';
COMMENT ON COLUMN pganalytics.dead_letters.aggregate_id IS 'what it happened to';
COMMENT ON COLUMN pganalytics.dead_letters.occurred_at IS 'when it happened';
COMMENT ON COLUMN pganalytics.dead_letters.sqlstate IS 'the SQLSTATE of the error';
COMMENT ON COLUMN pganalytics.dead_letters.first_failed_at IS 'when it was set aside';
COMMENT ON COLUMN pganalytics.dead_letters.last_failed_at IS 'when it was tried last';
COMMENT ON COLUMN pganalytics.dead_letters.discarded_at IS 'when it was left out for good; NULL: it is pending';
COMMENT ON COLUMN pganalytics.dead_letters.discarded_by IS 'the role that did so';
COMMENT ON COLUMN pganalytics.dead_letters.reason IS 'why, as given to discard_dead_letters';
GRANT SELECT ON pganalytics.dead_letters TO PUBLIC;
