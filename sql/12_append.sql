-- Appending with the outcome told.

CREATE FUNCTION pganalytics.append(
    event_table regclass,
    aggregate_id text,
    events jsonb,
    expected_version bigint DEFAULT NULL
) RETURNS TABLE (event_id uuid, "position" bigint, version bigint, deduplicated boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'append';
COMMENT ON FUNCTION pganalytics.append IS
    'appends an array of events to an aggregate and tells what became of each; expected_version: the version it must be at (0: it must not exist, NULL: any), with which sending the same events again has no effect';

CREATE FUNCTION pganalytics.append_events(
    event_table regclass,
    events jsonb,
    expected_versions jsonb DEFAULT NULL
) RETURNS TABLE (event_id uuid, "position" bigint, version bigint, deduplicated boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'append_events';
COMMENT ON FUNCTION pganalytics.append_events IS
    'appends an array of events, each with its aggregate_id, all or none; expected_versions: an object, aggregate: version; calls in any order of aggregates do not deadlock with each other';
