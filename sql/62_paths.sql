-- Paths: which events follow each other in a log. Each function runs, as whoever asks, the
-- query that its twin NAME_query() writes.

CREATE FUNCTION pganalytics.paths_query(
    event_table regclass,
    start text DEFAULT NULL,
    depth integer DEFAULT 3,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true,
    "limit" integer DEFAULT 20
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'paths_query_wrapper';
COMMENT ON FUNCTION pganalytics.paths_query(regclass, text, integer, timestamptz, timestamptz, interval, text, text, boolean, integer)
IS 'the query that paths() runs, for EXPLAIN';

CREATE FUNCTION pganalytics.paths(
    event_table regclass,
    start text DEFAULT NULL,
    depth integer DEFAULT 3,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true,
    "limit" integer DEFAULT 20
)
RETURNS TABLE (
    path text [],
    entities bigint,
    occurrences bigint,
    share numeric
)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.paths_query(event_table, start, depth, "from", "to", gap, entity, event, repeats, "limit");
END
$$;
COMMENT ON FUNCTION pganalytics.paths(regclass, text, integer, timestamptz, timestamptz, interval, text, text, boolean, integer)
IS 'the most common paths of depth events, fewer where no more came: from start on, its first in the range [from, to) and visit, or from the beginning of visits; a pause of more than gap ends a visit, without a gap all events of an entity are one; share of all paths; repeats => false leaves out events like the one before; paths_query() shows the query';

CREATE FUNCTION pganalytics.entity_paths_query(
    event_table regclass,
    start text DEFAULT NULL,
    depth integer DEFAULT NULL,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'entity_paths_query_wrapper';
COMMENT ON FUNCTION pganalytics.entity_paths_query(regclass, text, integer, timestamptz, timestamptz, interval, text, text, boolean)
IS 'the query that entity_paths() runs, for EXPLAIN';

CREATE FUNCTION pganalytics.entity_paths(
    event_table regclass,
    start text DEFAULT NULL,
    depth integer DEFAULT NULL,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    INOUT entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true,
    OUT since timestamptz,
    OUT path text []
)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.entity_paths_query(event_table, start, depth, "from", "to", gap, entity, event, repeats);
END
$$;
COMMENT ON FUNCTION pganalytics.entity_paths(regclass, text, integer, timestamptz, timestamptz, interval, text, text, boolean)
IS 'the path of each entity, or of each of its visits if there is a gap, as paths() counts them, of any depth by default; since: the time of its first event; entity_paths_query() shows the query';

CREATE FUNCTION pganalytics.directly_follows_query(
    event_table regclass,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true,
    "limit" integer DEFAULT 20
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'directly_follows_query_wrapper';
COMMENT ON FUNCTION pganalytics.directly_follows_query(regclass, timestamptz, timestamptz, interval, text, text, boolean, integer)
IS 'the query that directly_follows() runs, for EXPLAIN';

CREATE FUNCTION pganalytics.directly_follows(
    event_table regclass,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    gap interval DEFAULT NULL,
    entity text DEFAULT 'aggregate_id',
    event text DEFAULT 'event_type',
    repeats boolean DEFAULT true,
    "limit" integer DEFAULT 20
)
RETURNS TABLE (
    this_event text,
    next_event text,
    entities bigint,
    occurrences bigint,
    share numeric,
    median_time interval
)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.directly_follows_query(event_table, "from", "to", gap, entity, event, repeats, "limit");
END
$$;
COMMENT ON FUNCTION pganalytics.directly_follows(regclass, timestamptz, timestamptz, interval, text, text, boolean, integer)
IS 'how often each event in the range [from, to) is directly followed by which, NULL if by none yet, or by none within gap; share of the occurrences of this_event; repeats => false leaves out those followed by their like; directly_follows_query() shows the query';
