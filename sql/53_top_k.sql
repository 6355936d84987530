-- The most frequent values, with bounds: the type top_k_sketch, its functions and
-- aggregates.

CREATE TYPE pganalytics.top_k_sketch;

CREATE FUNCTION pganalytics.top_k_sketch_in(cstring)
RETURNS pganalytics.top_k_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_sketch_in_wrapper';
COMMENT ON FUNCTION pganalytics.top_k_sketch_in(cstring) IS 'I/O';

CREATE FUNCTION pganalytics.top_k_sketch_out(pganalytics.top_k_sketch)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_sketch_out_wrapper';
COMMENT ON FUNCTION pganalytics.top_k_sketch_out(pganalytics.top_k_sketch) IS 'I/O';

CREATE FUNCTION pganalytics.top_k_sketch_recv(internal)
RETURNS pganalytics.top_k_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_sketch_recv_wrapper';
COMMENT ON FUNCTION pganalytics.top_k_sketch_recv(internal) IS 'I/O';

-- The stored form is what is sent.
CREATE FUNCTION pganalytics.top_k_sketch_send(pganalytics.top_k_sketch)
RETURNS bytea
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteasend';
COMMENT ON FUNCTION pganalytics.top_k_sketch_send(pganalytics.top_k_sketch) IS 'I/O';

CREATE TYPE pganalytics.top_k_sketch (
    INPUT = pganalytics.top_k_sketch_in,
    OUTPUT = pganalytics.top_k_sketch_out,
    RECEIVE = pganalytics.top_k_sketch_recv,
    SEND = pganalytics.top_k_sketch_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE pganalytics.top_k_sketch
IS 'the most frequent values, each with a count and how far that may be too high; mergeable';

CREATE FUNCTION pganalytics.top_k_union(
    a pganalytics.top_k_sketch,
    b pganalytics.top_k_sketch
)
RETURNS pganalytics.top_k_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_union_wrapper';
COMMENT ON FUNCTION pganalytics.top_k_union(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
IS 'sketch of the values in both sketches';

CREATE OPERATOR pganalytics.|| (
    FUNCTION = pganalytics.top_k_union,
    LEFTARG = pganalytics.top_k_sketch,
    RIGHTARG = pganalytics.top_k_sketch,
    COMMUTATOR = OPERATOR(pganalytics.||)
);
COMMENT ON OPERATOR pganalytics.|| (pganalytics.top_k_sketch, pganalytics.top_k_sketch)
IS 'sketch of the values in both sketches';

-- Equal bytes are equal sketches; of the same values, if there are not more different ones than
-- the capacity.
-- For GROUP BY, DISTINCT and EXCEPT.

CREATE FUNCTION pganalytics.top_k_sketch_eq(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteaeq';
COMMENT ON FUNCTION pganalytics.top_k_sketch_eq(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
IS 'implementation of = operator';

CREATE FUNCTION pganalytics.top_k_sketch_ne(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteane';
COMMENT ON FUNCTION pganalytics.top_k_sketch_ne(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
IS 'implementation of <> operator';

CREATE FUNCTION pganalytics.top_k_sketch_hash(pganalytics.top_k_sketch)
RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'hashvarlena';
COMMENT ON FUNCTION pganalytics.top_k_sketch_hash(pganalytics.top_k_sketch) IS 'hash';

CREATE OPERATOR pganalytics.= (
    FUNCTION = pganalytics.top_k_sketch_eq,
    LEFTARG = pganalytics.top_k_sketch,
    RIGHTARG = pganalytics.top_k_sketch,
    COMMUTATOR = OPERATOR(pganalytics.=),
    NEGATOR = OPERATOR(pganalytics.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
COMMENT ON OPERATOR pganalytics.= (pganalytics.top_k_sketch, pganalytics.top_k_sketch) IS 'equal';

CREATE OPERATOR pganalytics.<> (
    FUNCTION = pganalytics.top_k_sketch_ne,
    LEFTARG = pganalytics.top_k_sketch,
    RIGHTARG = pganalytics.top_k_sketch,
    COMMUTATOR = OPERATOR(pganalytics.<>),
    NEGATOR = OPERATOR(pganalytics.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR pganalytics.<> (pganalytics.top_k_sketch, pganalytics.top_k_sketch) IS 'not equal';

CREATE OPERATOR CLASS pganalytics.top_k_sketch_ops
DEFAULT FOR TYPE pganalytics.top_k_sketch USING hash AS
    OPERATOR 1 pganalytics.=,
    FUNCTION 1 pganalytics.top_k_sketch_hash(pganalytics.top_k_sketch);
COMMENT ON OPERATOR CLASS pganalytics.top_k_sketch_ops USING hash IS 'equality of sketches';
COMMENT ON OPERATOR FAMILY pganalytics.top_k_sketch_ops USING hash IS 'equality of sketches';

CREATE FUNCTION pganalytics.top_values(
    sketch pganalytics.top_k_sketch,
    most integer DEFAULT 10,
    OUT value text,
    OUT count bigint,
    OUT error bigint
)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'top_values';
COMMENT ON FUNCTION pganalytics.top_values(pganalytics.top_k_sketch, integer)
IS 'the most frequent values of the sketch, most frequent first: each occurred at most count and at least count - error times; every value that makes up more than 1 / capacity of all is among those of the sketch';

CREATE FUNCTION pganalytics.value_count(sketch pganalytics.top_k_sketch)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_value_count_wrapper';
COMMENT ON FUNCTION pganalytics.value_count(pganalytics.top_k_sketch)
IS 'number of values in the sketch, repeated ones each time';

-- Support functions of the aggregates. The state is a sketch with room to grow.

-- Stable, not immutable: values are counted as they print.
CREATE FUNCTION pganalytics.top_k_transition(pganalytics.top_k_sketch, anyelement)
RETURNS pganalytics.top_k_sketch
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_transition';
COMMENT ON FUNCTION pganalytics.top_k_transition(pganalytics.top_k_sketch, anyelement)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.top_k_transition(pganalytics.top_k_sketch, anyelement, integer)
RETURNS pganalytics.top_k_sketch
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_transition_capacity';
COMMENT ON FUNCTION pganalytics.top_k_transition(pganalytics.top_k_sketch, anyelement, integer)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.top_k_combine(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
RETURNS pganalytics.top_k_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_combine';
COMMENT ON FUNCTION pganalytics.top_k_combine(pganalytics.top_k_sketch, pganalytics.top_k_sketch)
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.top_k_final(pganalytics.top_k_sketch)
RETURNS pganalytics.top_k_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'top_k_final_wrapper';
COMMENT ON FUNCTION pganalytics.top_k_final(pganalytics.top_k_sketch) IS 'aggregate final function';

-- The final function leaves the state as it is, so these work as window functions too.
-- They are not named as the type: a call with one text would be a cast.

CREATE AGGREGATE pganalytics.top_k(value anyelement) (
    SFUNC = pganalytics.top_k_transition,
    STYPE = pganalytics.top_k_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.top_k_final,
    COMBINEFUNC = pganalytics.top_k_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.top_k(anyelement)
IS 'sketch of the most frequent values that are not null, as text, with a capacity of 100; empty if there are none';

CREATE AGGREGATE pganalytics.top_k(value anyelement, capacity integer) (
    SFUNC = pganalytics.top_k_transition,
    STYPE = pganalytics.top_k_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.top_k_final,
    COMBINEFUNC = pganalytics.top_k_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.top_k(anyelement, integer)
IS 'sketch of the most frequent values that are not null, as text: it counts so many, and whatever makes up more than 1 / capacity of all; sketches of different capacity do not merge';

CREATE AGGREGATE pganalytics.rollup(sketch pganalytics.top_k_sketch) (
    SFUNC = pganalytics.top_k_combine,
    STYPE = pganalytics.top_k_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.top_k_final,
    COMBINEFUNC = pganalytics.top_k_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rollup(pganalytics.top_k_sketch)
IS 'sketch of the values in all the sketches that are not null; empty if there are none';
