-- Sequences: whether, how often and when rows followed a pattern. The state of the
-- aggregates is a timeline that carries the pattern.

CREATE FUNCTION pganalytics.sequence_match(timeline pganalytics.timeline, pattern text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_sequence_match_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_match(pganalytics.timeline, text)
IS 'whether the timeline follows the pattern somewhere, like (?1).*(?2)(?t<=3600)(?3), times in seconds; rows on which no condition held are left out, as by the aggregate of this name';

CREATE FUNCTION pganalytics.sequence_count(timeline pganalytics.timeline, pattern text)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_sequence_count_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_count(pganalytics.timeline, text)
IS 'how often the timeline follows the pattern, like (?1).*(?2)(?t<=3600)(?3), times in seconds; the search goes on after the last row of each match; rows on which no condition held are left out, as by the aggregate of this name';

CREATE FUNCTION pganalytics.sequence_events(timeline pganalytics.timeline, pattern text)
RETURNS timestamptz []
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_sequence_events_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_events(pganalytics.timeline, text)
IS 'the times of the first match of the pattern, one for each (?N); without a match, of as much of its beginning as there is; rows on which no condition held are left out, as by the aggregate of this name';

-- Support functions of the aggregates.

CREATE FUNCTION pganalytics.sequence_transition(pganalytics.timeline, text, timestamptz, boolean [])
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_transition';
COMMENT ON FUNCTION pganalytics.sequence_transition(pganalytics.timeline, text, timestamptz, boolean [])
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.sequence_match_final(pganalytics.timeline)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_match_final_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_match_final(pganalytics.timeline) IS 'aggregate final function';

CREATE FUNCTION pganalytics.sequence_count_final(pganalytics.timeline)
RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_count_final_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_count_final(pganalytics.timeline) IS 'aggregate final function';

CREATE FUNCTION pganalytics.sequence_events_final(pganalytics.timeline)
RETURNS timestamptz []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'sequence_events_final_wrapper';
COMMENT ON FUNCTION pganalytics.sequence_events_final(pganalytics.timeline) IS 'aggregate final function';

CREATE AGGREGATE pganalytics.sequence_match(pattern text, ts timestamptz, VARIADIC conditions boolean []) (
    SFUNC = pganalytics.sequence_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.sequence_match_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.sequence_match(text, timestamptz, boolean [])
IS 'whether the rows on which a condition holds, in order of time, follow the pattern somewhere, like (?1).*(?2)(?t<=3600)(?3), times in seconds; rows of the same time in order of their conditions; false of no rows';

CREATE AGGREGATE pganalytics.sequence_count(pattern text, ts timestamptz, VARIADIC conditions boolean []) (
    SFUNC = pganalytics.sequence_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.sequence_count_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.sequence_count(text, timestamptz, boolean [])
IS 'how often the rows on which a condition holds, in order of time, follow the pattern, like (?1).*(?2)(?t<=3600)(?3), times in seconds; the search goes on after the last row of each match; rows of the same time in order of their conditions';

CREATE AGGREGATE pganalytics.sequence_events(pattern text, ts timestamptz, VARIADIC conditions boolean []) (
    SFUNC = pganalytics.sequence_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.sequence_events_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.sequence_events(text, timestamptz, boolean [])
IS 'the times of the first match of the pattern, one for each (?N); without a match, of as much of its beginning as there is; rows of the same time in order of their conditions';
