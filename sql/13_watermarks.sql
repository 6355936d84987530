-- Watermarks: the event time before which no more events are expected.

CREATE FUNCTION pganalytics.watermark(event_table regclass) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'watermark_wrapper';
COMMENT ON FUNCTION pganalytics.watermark(regclass) IS
    'the event time before which no more events of an event table (or of that which a projection reads) are expected: the latest event time that the worker has seen, less allowed_lateness; it never falls; NULL without allowed_lateness';

CREATE FUNCTION pganalytics.is_final(ends_at timestamptz, event_table regclass) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
AS $$ SELECT ends_at OPERATOR(pg_catalog.<=) pganalytics.watermark(event_table) $$;
COMMENT ON FUNCTION pganalytics.is_final(timestamptz, regclass) IS
    'whether the watermark of an event table (or of that which a projection reads) has reached this time, the end of a window that does not belong to it; NULL without a watermark. For many windows compare with (SELECT pganalytics.watermark(...)) instead';

CREATE FUNCTION pganalytics.is_final("window" tstzrange, event_table regclass) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
AS $$ SELECT CASE WHEN pg_catalog.upper_inf("window") THEN pganalytics.is_final('infinity'::pg_catalog.timestamptz, event_table)
                  WHEN pg_catalog.upper_inc("window") THEN pg_catalog.upper("window") OPERATOR(pg_catalog.<) pganalytics.watermark(event_table)
                  ELSE pganalytics.is_final(pg_catalog.upper("window"), event_table) END $$;
COMMENT ON FUNCTION pganalytics.is_final(tstzrange, regclass) IS
    'whether the watermark of an event table (or of that which a projection reads) has reached the end of this window, or gone beyond if that belongs to it, as of a session, which reaches as far as its gap: tstzrange(lower(s), upper(s) + gap, ''[]''); never of one without an end; NULL without a watermark';

-- A barrier: a condition of a reader's must not see rows before it is known that the reader may.
CREATE VIEW pganalytics.watermarks WITH (security_barrier) AS
SELECT t.relation AS event_table, w.watermark, t.allowed_lateness, w.latest_event,
       w.late_events, w.events, w.advanced_at
FROM pganalytics_data.watermark w
JOIN pganalytics_data.event_table t ON t.id = w.event_table
JOIN pg_catalog.pg_class root ON root.oid = t.relation
WHERE t.allowed_lateness IS NOT NULL
  AND (pg_catalog.pg_has_role(root.relowner, 'USAGE')
       OR pg_catalog.has_any_column_privilege(root.oid, 'SELECT'));
COMMENT ON VIEW pganalytics.watermarks IS
    'the watermarks of event tables with allowed_lateness: the latest event time seen, how many events came before the watermark as it stood, of how many, and when that was last looked at';
COMMENT ON COLUMN pganalytics.watermarks.watermark IS 'the event time before which no more events are expected';
COMMENT ON COLUMN pganalytics.watermarks.latest_event IS 'the latest event time seen';
COMMENT ON COLUMN pganalytics.watermarks.late_events IS 'events that came before the watermark as it stood; they count like any other';
COMMENT ON COLUMN pganalytics.watermarks.events IS 'events looked at, the late ones among them';
COMMENT ON COLUMN pganalytics.watermarks.event_table IS 'the event table whose times these are';
COMMENT ON COLUMN pganalytics.watermarks.allowed_lateness IS 'how far it stays behind the latest event';
COMMENT ON COLUMN pganalytics.watermarks.advanced_at IS 'when it was looked at last with news';
GRANT SELECT ON pganalytics.watermarks TO PUBLIC;
