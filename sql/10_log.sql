-- Event tables: creating them, and the functions of their columns and triggers.

CREATE FUNCTION pganalytics.create_event_table(
    name text,
    versions text DEFAULT 'auto',
    dedup_window interval DEFAULT '7 days',
    segment_interval interval DEFAULT '1 day',
    retention interval DEFAULT NULL,
    segment_size text DEFAULT '10 GB',
    allowed_lateness interval DEFAULT NULL
) RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'create_event_table_wrapper';
COMMENT ON FUNCTION pganalytics.create_event_table IS
    'creates an append-only event table; versions: auto, optional or required; dedup_window: how long event ids are remembered (NULL: as long as the events, zero: not at all); a new segment begins after segment_interval or at segment_size, whichever comes first; allowed_lateness: how long events are expected to come late (NULL: no watermark)';

CREATE FUNCTION pganalytics.alter_event_table(event_table regclass, option text, value text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'alter_event_table_wrapper';
COMMENT ON FUNCTION pganalytics.alter_event_table(regclass, text, text) IS
    'changes an option of an event table: versions, dedup_window, segment_interval, segment_size, retention or allowed_lateness; a dedup_window of or other than zero holds from the next segments on';

CREATE FUNCTION pganalytics.uuid_v7() RETURNS uuid
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'uuid_v7_wrapper';
COMMENT ON FUNCTION pganalytics.uuid_v7() IS 'a time-ordered UUID (RFC 9562, version 7), the default of event_id';

CREATE FUNCTION pganalytics.active_segment(position_sequence regclass) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'active_segment';
COMMENT ON FUNCTION pganalytics.active_segment(regclass) IS
    'internal: the default of the column segment: the number of the segment that takes appends, by the sequence of the column position; the view event_tables shows it too';

CREATE FUNCTION pganalytics.on_event() RETURNS trigger
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'on_event';
COMMENT ON FUNCTION pganalytics.on_event() IS
    'internal: trigger of every segment, appends events, refuses UPDATE, DELETE and TRUNCATE';

CREATE FUNCTION pganalytics.on_appended() RETURNS trigger
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'on_appended';
COMMENT ON FUNCTION pganalytics.on_appended() IS
    'internal: deferred trigger of segments, folds what a transaction has appended into inline projections';

CREATE VIEW pganalytics.event_tables AS
SELECT t.relation AS event_table, t.versions, t.dedup_window, t.segment_interval,
       pg_catalog.pg_size_pretty(t.segment_size) AS segment_size, t.retention, t.allowed_lateness,
       s.number AS active_segment, t.created_at,
       CASE WHEN pg_catalog.pg_has_role(c.relowner, 'USAGE') THEN t.last_error END AS last_error
FROM pganalytics_data.event_table t
JOIN pg_catalog.pg_class c ON c.oid = t.relation
LEFT JOIN pganalytics_data.segment s ON s.event_table = t.id AND s.state = 'active';
COMMENT ON VIEW pganalytics.event_tables IS
    'event tables, their options, and the error that holds up their maintenance';
COMMENT ON COLUMN pganalytics.event_tables.event_table IS 'the table that events are appended to';
COMMENT ON COLUMN pganalytics.event_tables.versions IS 'auto, optional or required: who gives versions';
COMMENT ON COLUMN pganalytics.event_tables.dedup_window IS 'for how long event ids are remembered at least; NULL: as long as the events; 0: not at all';
COMMENT ON COLUMN pganalytics.event_tables.segment_interval IS 'after how long the active segment rolls; NULL: any';
COMMENT ON COLUMN pganalytics.event_tables.segment_size IS 'at which size it rolls; NULL: any';
COMMENT ON COLUMN pganalytics.event_tables.retention IS 'without effect so far';
COMMENT ON COLUMN pganalytics.event_tables.allowed_lateness IS 'how far the watermark stays behind the latest event; NULL: it has none';
COMMENT ON COLUMN pganalytics.event_tables.active_segment IS 'the number of the segment that takes events now';
COMMENT ON COLUMN pganalytics.event_tables.created_at IS 'when create_event_table made it';
COMMENT ON COLUMN pganalytics.event_tables.last_error IS 'what its maintenance failed on last, for members of the owner; NULL: nothing';
GRANT SELECT ON pganalytics.event_tables TO PUBLIC;
