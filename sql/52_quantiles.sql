-- Percentiles with a relative error: the type percentile_sketch, its functions and
-- aggregates.

CREATE TYPE pganalytics.percentile_sketch;

CREATE FUNCTION pganalytics.percentile_sketch_in(cstring)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_sketch_in_wrapper';
COMMENT ON FUNCTION pganalytics.percentile_sketch_in(cstring) IS 'I/O';

CREATE FUNCTION pganalytics.percentile_sketch_out(pganalytics.percentile_sketch)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_sketch_out_wrapper';
COMMENT ON FUNCTION pganalytics.percentile_sketch_out(pganalytics.percentile_sketch) IS 'I/O';

CREATE FUNCTION pganalytics.percentile_sketch_recv(internal)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_sketch_recv_wrapper';
COMMENT ON FUNCTION pganalytics.percentile_sketch_recv(internal) IS 'I/O';

-- The stored form is what is sent.
CREATE FUNCTION pganalytics.percentile_sketch_send(pganalytics.percentile_sketch)
RETURNS bytea
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteasend';
COMMENT ON FUNCTION pganalytics.percentile_sketch_send(pganalytics.percentile_sketch) IS 'I/O';

CREATE TYPE pganalytics.percentile_sketch (
    INPUT = pganalytics.percentile_sketch_in,
    OUTPUT = pganalytics.percentile_sketch_out,
    RECEIVE = pganalytics.percentile_sketch_recv,
    SEND = pganalytics.percentile_sketch_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE pganalytics.percentile_sketch
IS 'numbers, to ask for any percentile within a relative error; mergeable';

CREATE FUNCTION pganalytics.percentile_sketch_union(
    a pganalytics.percentile_sketch,
    b pganalytics.percentile_sketch
)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_sketch_union_wrapper';
COMMENT ON FUNCTION pganalytics.percentile_sketch_union(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
IS 'sketch of the values in both sketches';

CREATE OPERATOR pganalytics.|| (
    FUNCTION = pganalytics.percentile_sketch_union,
    LEFTARG = pganalytics.percentile_sketch,
    RIGHTARG = pganalytics.percentile_sketch,
    COMMUTATOR = OPERATOR(pganalytics.||)
);
COMMENT ON OPERATOR pganalytics.|| (pganalytics.percentile_sketch, pganalytics.percentile_sketch)
IS 'sketch of the values in both sketches';

-- The same values give the same bytes, so sketches compare as bytes do.
-- For GROUP BY, DISTINCT and EXCEPT.

CREATE FUNCTION pganalytics.percentile_sketch_eq(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteaeq';
COMMENT ON FUNCTION pganalytics.percentile_sketch_eq(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
IS 'implementation of = operator';

CREATE FUNCTION pganalytics.percentile_sketch_ne(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteane';
COMMENT ON FUNCTION pganalytics.percentile_sketch_ne(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
IS 'implementation of <> operator';

CREATE FUNCTION pganalytics.percentile_sketch_hash(pganalytics.percentile_sketch)
RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'hashvarlena';
COMMENT ON FUNCTION pganalytics.percentile_sketch_hash(pganalytics.percentile_sketch) IS 'hash';

CREATE OPERATOR pganalytics.= (
    FUNCTION = pganalytics.percentile_sketch_eq,
    LEFTARG = pganalytics.percentile_sketch,
    RIGHTARG = pganalytics.percentile_sketch,
    COMMUTATOR = OPERATOR(pganalytics.=),
    NEGATOR = OPERATOR(pganalytics.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
COMMENT ON OPERATOR pganalytics.= (pganalytics.percentile_sketch, pganalytics.percentile_sketch) IS 'equal';

CREATE OPERATOR pganalytics.<> (
    FUNCTION = pganalytics.percentile_sketch_ne,
    LEFTARG = pganalytics.percentile_sketch,
    RIGHTARG = pganalytics.percentile_sketch,
    COMMUTATOR = OPERATOR(pganalytics.<>),
    NEGATOR = OPERATOR(pganalytics.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR pganalytics.<> (pganalytics.percentile_sketch, pganalytics.percentile_sketch) IS 'not equal';

CREATE OPERATOR CLASS pganalytics.percentile_sketch_ops
DEFAULT FOR TYPE pganalytics.percentile_sketch USING hash AS
    OPERATOR 1 pganalytics.=,
    FUNCTION 1 pganalytics.percentile_sketch_hash(pganalytics.percentile_sketch);
COMMENT ON OPERATOR CLASS pganalytics.percentile_sketch_ops USING hash IS 'equality of sketches';
COMMENT ON OPERATOR FAMILY pganalytics.percentile_sketch_ops USING hash IS 'equality of sketches';

CREATE FUNCTION pganalytics.approx_percentile(
    fraction double precision,
    sketch pganalytics.percentile_sketch
)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'approx_percentile_wrapper';
COMMENT ON FUNCTION pganalytics.approx_percentile(double precision, pganalytics.percentile_sketch)
IS 'what percentile_disc(fraction) is of the values, within the relative error of the sketch; exact for 0 and 1, NULL of no values; NaN is the greatest value';

CREATE FUNCTION pganalytics.approx_percentile(
    fractions double precision [],
    sketch pganalytics.percentile_sketch
)
RETURNS double precision []
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'approx_percentiles_wrapper';
COMMENT ON FUNCTION pganalytics.approx_percentile(double precision [], pganalytics.percentile_sketch)
IS 'the percentile of each fraction';

CREATE FUNCTION pganalytics.value_count(sketch pganalytics.percentile_sketch)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_value_count_wrapper';
COMMENT ON FUNCTION pganalytics.value_count(pganalytics.percentile_sketch)
IS 'number of values in the sketch';

CREATE FUNCTION pganalytics.relative_error(sketch pganalytics.percentile_sketch)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_relative_error_wrapper';
COMMENT ON FUNCTION pganalytics.relative_error(pganalytics.percentile_sketch)
IS 'relative error of the percentiles of the sketch: as asked for, unless its values span more than 18 orders of magnitude';

-- Support functions of the aggregates. The state is a sketch with room to grow.

CREATE FUNCTION pganalytics.percentile_transition(pganalytics.percentile_sketch, double precision)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_transition';
COMMENT ON FUNCTION pganalytics.percentile_transition(pganalytics.percentile_sketch, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.percentile_transition(pganalytics.percentile_sketch, double precision, double precision)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_transition_error';
COMMENT ON FUNCTION pganalytics.percentile_transition(pganalytics.percentile_sketch, double precision, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.percentile_combine(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_combine';
COMMENT ON FUNCTION pganalytics.percentile_combine(pganalytics.percentile_sketch, pganalytics.percentile_sketch)
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.percentile_final(pganalytics.percentile_sketch)
RETURNS pganalytics.percentile_sketch
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'percentile_final_wrapper';
COMMENT ON FUNCTION pganalytics.percentile_final(pganalytics.percentile_sketch)
IS 'aggregate final function';

-- The final function leaves the state as it is, so these work as window functions too.

CREATE AGGREGATE pganalytics.percentile_sketch(value double precision) (
    SFUNC = pganalytics.percentile_transition,
    STYPE = pganalytics.percentile_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.percentile_final,
    COMBINEFUNC = pganalytics.percentile_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.percentile_sketch(double precision)
IS 'sketch of the numbers that are not null, for percentiles within 1 %; empty if there are none';

CREATE AGGREGATE pganalytics.percentile_sketch(value double precision, relative_error double precision) (
    SFUNC = pganalytics.percentile_transition,
    STYPE = pganalytics.percentile_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.percentile_final,
    COMBINEFUNC = pganalytics.percentile_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.percentile_sketch(double precision, double precision)
IS 'sketch of the numbers that are not null, for percentiles within a relative error from 0.0001 to 0.5; sketches of different errors do not merge';

CREATE AGGREGATE pganalytics.rollup(sketch pganalytics.percentile_sketch) (
    SFUNC = pganalytics.percentile_combine,
    STYPE = pganalytics.percentile_sketch,
    SSPACE = 1024,
    FINALFUNC = pganalytics.percentile_final,
    COMBINEFUNC = pganalytics.percentile_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rollup(pganalytics.percentile_sketch)
IS 'sketch of the values in all the sketches that are not null; empty if there are none';
