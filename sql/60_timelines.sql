-- Timelines: when each of some conditions held for one entity. Funnels and sequences are
-- read from them.

CREATE TYPE pganalytics.timeline;

CREATE FUNCTION pganalytics.timeline_in(cstring)
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_in_wrapper';
COMMENT ON FUNCTION pganalytics.timeline_in(cstring) IS 'I/O';

CREATE FUNCTION pganalytics.timeline_out(pganalytics.timeline)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_out_wrapper';
COMMENT ON FUNCTION pganalytics.timeline_out(pganalytics.timeline) IS 'I/O';

CREATE FUNCTION pganalytics.timeline_recv(internal)
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_recv_wrapper';
COMMENT ON FUNCTION pganalytics.timeline_recv(internal) IS 'I/O';

-- The stored form is what is sent.
CREATE FUNCTION pganalytics.timeline_send(pganalytics.timeline)
RETURNS bytea
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteasend';
COMMENT ON FUNCTION pganalytics.timeline_send(pganalytics.timeline) IS 'I/O';

CREATE TYPE pganalytics.timeline (
    INPUT = pganalytics.timeline_in,
    OUTPUT = pganalytics.timeline_out,
    RECEIVE = pganalytics.timeline_recv,
    SEND = pganalytics.timeline_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE pganalytics.timeline
IS 'when each of some conditions held for one entity; mergeable';

CREATE FUNCTION pganalytics.events(timeline pganalytics.timeline)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_events_wrapper';
COMMENT ON FUNCTION pganalytics.events(pganalytics.timeline)
IS 'number of rows that the timeline was made of';

-- Equal timelines have equal bytes: for GROUP BY, DISTINCT and EXCEPT.

CREATE FUNCTION pganalytics.timeline_eq(pganalytics.timeline, pganalytics.timeline)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteaeq';
COMMENT ON FUNCTION pganalytics.timeline_eq(pganalytics.timeline, pganalytics.timeline)
IS 'implementation of = operator';

CREATE FUNCTION pganalytics.timeline_ne(pganalytics.timeline, pganalytics.timeline)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteane';
COMMENT ON FUNCTION pganalytics.timeline_ne(pganalytics.timeline, pganalytics.timeline)
IS 'implementation of <> operator';

CREATE FUNCTION pganalytics.timeline_hash(pganalytics.timeline)
RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'hashvarlena';
COMMENT ON FUNCTION pganalytics.timeline_hash(pganalytics.timeline) IS 'hash';

CREATE OPERATOR pganalytics.= (
    FUNCTION = pganalytics.timeline_eq,
    LEFTARG = pganalytics.timeline,
    RIGHTARG = pganalytics.timeline,
    COMMUTATOR = OPERATOR(pganalytics.=),
    NEGATOR = OPERATOR(pganalytics.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
COMMENT ON OPERATOR pganalytics.= (pganalytics.timeline, pganalytics.timeline) IS 'equal';

CREATE OPERATOR pganalytics.<> (
    FUNCTION = pganalytics.timeline_ne,
    LEFTARG = pganalytics.timeline,
    RIGHTARG = pganalytics.timeline,
    COMMUTATOR = OPERATOR(pganalytics.<>),
    NEGATOR = OPERATOR(pganalytics.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR pganalytics.<> (pganalytics.timeline, pganalytics.timeline) IS 'not equal';

CREATE OPERATOR CLASS pganalytics.timeline_ops
DEFAULT FOR TYPE pganalytics.timeline USING hash AS
    OPERATOR 1 pganalytics.=,
    FUNCTION 1 pganalytics.timeline_hash(pganalytics.timeline);
COMMENT ON OPERATOR CLASS pganalytics.timeline_ops USING hash IS 'equality of timelines';
COMMENT ON OPERATOR FAMILY pganalytics.timeline_ops USING hash IS 'equality of timelines';

-- Support functions of the aggregates. The state is a timeline with room to grow.

CREATE FUNCTION pganalytics.timeline_transition(pganalytics.timeline, timestamptz, boolean [])
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_transition';
COMMENT ON FUNCTION pganalytics.timeline_transition(pganalytics.timeline, timestamptz, boolean [])
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.timeline_combine(pganalytics.timeline, pganalytics.timeline)
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_combine';
COMMENT ON FUNCTION pganalytics.timeline_combine(pganalytics.timeline, pganalytics.timeline)
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.timeline_final(pganalytics.timeline)
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'timeline_final_wrapper';
COMMENT ON FUNCTION pganalytics.timeline_final(pganalytics.timeline)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.timeline(ts timestamptz, VARIADIC conditions boolean []) (
    SFUNC = pganalytics.timeline_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.timeline_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.timeline(timestamptz, boolean [])
IS 'when each of the conditions held; a row on which none did is kept as something else that happened, one without a time is not';

CREATE AGGREGATE pganalytics.rollup(timeline pganalytics.timeline) (
    SFUNC = pganalytics.timeline_combine,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.timeline_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rollup(pganalytics.timeline)
IS 'timeline of the rows in any of the timelines that are not null';
