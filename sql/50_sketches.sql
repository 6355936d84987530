-- Approximate distinct counts: the type hyperloglog, its functions and aggregates.

CREATE TYPE pganalytics.hyperloglog;

CREATE FUNCTION pganalytics.hyperloglog_in(cstring)
RETURNS pganalytics.hyperloglog
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperloglog_in_wrapper';
COMMENT ON FUNCTION pganalytics.hyperloglog_in(cstring) IS 'I/O';

CREATE FUNCTION pganalytics.hyperloglog_out(pganalytics.hyperloglog)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperloglog_out_wrapper';
COMMENT ON FUNCTION pganalytics.hyperloglog_out(pganalytics.hyperloglog) IS 'I/O';

CREATE FUNCTION pganalytics.hyperloglog_recv(internal)
RETURNS pganalytics.hyperloglog
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperloglog_recv_wrapper';
COMMENT ON FUNCTION pganalytics.hyperloglog_recv(internal) IS 'I/O';

-- The stored form is what is sent.
CREATE FUNCTION pganalytics.hyperloglog_send(pganalytics.hyperloglog)
RETURNS bytea
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteasend';
COMMENT ON FUNCTION pganalytics.hyperloglog_send(pganalytics.hyperloglog) IS 'I/O';

CREATE TYPE pganalytics.hyperloglog (
    INPUT = pganalytics.hyperloglog_in,
    OUTPUT = pganalytics.hyperloglog_out,
    RECEIVE = pganalytics.hyperloglog_recv,
    SEND = pganalytics.hyperloglog_send,
    INTERNALLENGTH = VARIABLE,
    STORAGE = extended
);
COMMENT ON TYPE pganalytics.hyperloglog
IS 'approximate set of values: how many there are, mergeable';

CREATE FUNCTION pganalytics.cardinality(sketch pganalytics.hyperloglog)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperloglog_cardinality_wrapper';
COMMENT ON FUNCTION pganalytics.cardinality(pganalytics.hyperloglog)
IS 'estimated number of distinct values in the sketch';

CREATE FUNCTION pganalytics.hyperloglog_union(
    a pganalytics.hyperloglog,
    b pganalytics.hyperloglog
)
RETURNS pganalytics.hyperloglog
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperloglog_union_wrapper';
COMMENT ON FUNCTION pganalytics.hyperloglog_union(pganalytics.hyperloglog, pganalytics.hyperloglog)
IS 'sketch of the values in either sketch';

CREATE OPERATOR pganalytics.|| (
    FUNCTION = pganalytics.hyperloglog_union,
    LEFTARG = pganalytics.hyperloglog,
    RIGHTARG = pganalytics.hyperloglog,
    COMMUTATOR = OPERATOR(pganalytics.||)
);
COMMENT ON OPERATOR pganalytics.|| (pganalytics.hyperloglog, pganalytics.hyperloglog)
IS 'sketch of the values in either sketch';

-- Equal sets have equal bytes, so sketches compare as bytes do: for GROUP BY,
-- DISTINCT and EXCEPT.

CREATE FUNCTION pganalytics.hyperloglog_eq(pganalytics.hyperloglog, pganalytics.hyperloglog)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteaeq';
COMMENT ON FUNCTION pganalytics.hyperloglog_eq(pganalytics.hyperloglog, pganalytics.hyperloglog)
IS 'implementation of = operator';

CREATE FUNCTION pganalytics.hyperloglog_ne(pganalytics.hyperloglog, pganalytics.hyperloglog)
RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'byteane';
COMMENT ON FUNCTION pganalytics.hyperloglog_ne(pganalytics.hyperloglog, pganalytics.hyperloglog)
IS 'implementation of <> operator';

CREATE FUNCTION pganalytics.hyperloglog_hash(pganalytics.hyperloglog)
RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'hashvarlena';
COMMENT ON FUNCTION pganalytics.hyperloglog_hash(pganalytics.hyperloglog) IS 'hash';

CREATE OPERATOR pganalytics.= (
    FUNCTION = pganalytics.hyperloglog_eq,
    LEFTARG = pganalytics.hyperloglog,
    RIGHTARG = pganalytics.hyperloglog,
    COMMUTATOR = OPERATOR(pganalytics.=),
    NEGATOR = OPERATOR(pganalytics.<>),
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES
);
COMMENT ON OPERATOR pganalytics.= (pganalytics.hyperloglog, pganalytics.hyperloglog) IS 'equal';

CREATE OPERATOR pganalytics.<> (
    FUNCTION = pganalytics.hyperloglog_ne,
    LEFTARG = pganalytics.hyperloglog,
    RIGHTARG = pganalytics.hyperloglog,
    COMMUTATOR = OPERATOR(pganalytics.<>),
    NEGATOR = OPERATOR(pganalytics.=),
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR pganalytics.<> (pganalytics.hyperloglog, pganalytics.hyperloglog) IS 'not equal';

CREATE OPERATOR CLASS pganalytics.hyperloglog_ops
DEFAULT FOR TYPE pganalytics.hyperloglog USING hash AS
    OPERATOR 1 pganalytics.=,
    FUNCTION 1 pganalytics.hyperloglog_hash(pganalytics.hyperloglog);
COMMENT ON OPERATOR CLASS pganalytics.hyperloglog_ops USING hash IS 'equality of sketches';
COMMENT ON OPERATOR FAMILY pganalytics.hyperloglog_ops USING hash IS 'equality of sketches';

-- Support functions of the aggregates. The state is a sketch with room to grow.

-- Stable, not immutable: types without a reader of their own are hashed as they print.
CREATE FUNCTION pganalytics.hll_transition(pganalytics.hyperloglog, anyelement)
RETURNS pganalytics.hyperloglog
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hll_transition';
COMMENT ON FUNCTION pganalytics.hll_transition(pganalytics.hyperloglog, anyelement)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.hll_transition(pganalytics.hyperloglog, anyelement, integer)
RETURNS pganalytics.hyperloglog
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hll_transition_precision';
COMMENT ON FUNCTION pganalytics.hll_transition(pganalytics.hyperloglog, anyelement, integer)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.hll_combine(pganalytics.hyperloglog, pganalytics.hyperloglog)
RETURNS pganalytics.hyperloglog
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hll_combine';
COMMENT ON FUNCTION pganalytics.hll_combine(pganalytics.hyperloglog, pganalytics.hyperloglog)
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.hll_final(pganalytics.hyperloglog)
RETURNS pganalytics.hyperloglog
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hll_final_wrapper';
COMMENT ON FUNCTION pganalytics.hll_final(pganalytics.hyperloglog) IS 'aggregate final function';

CREATE FUNCTION pganalytics.hll_final_cardinality(pganalytics.hyperloglog)
RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hll_final_cardinality_wrapper';
COMMENT ON FUNCTION pganalytics.hll_final_cardinality(pganalytics.hyperloglog)
IS 'aggregate final function';

-- The final functions leave the set in the state as it is (FINALFUNC_MODIFY is
-- read_only by default), so that these work as window functions too.

CREATE AGGREGATE pganalytics.hll(value anyelement) (
    SFUNC = pganalytics.hll_transition,
    STYPE = pganalytics.hyperloglog,
    SSPACE = 4096,
    FINALFUNC = pganalytics.hll_final,
    COMBINEFUNC = pganalytics.hll_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.hll(anyelement)
IS 'sketch of the distinct values that are not null; empty if there are none';

CREATE AGGREGATE pganalytics.hll(value anyelement, "precision" integer) (
    SFUNC = pganalytics.hll_transition,
    STYPE = pganalytics.hyperloglog,
    SSPACE = 4096,
    FINALFUNC = pganalytics.hll_final,
    COMBINEFUNC = pganalytics.hll_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.hll(anyelement, integer)
IS 'sketch of the distinct values that are not null, of a precision from 4 to 18: its standard error is 1.04 / sqrt(2 ^ precision); sketches of different precision do not merge';

CREATE AGGREGATE pganalytics.approx_count_distinct(value anyelement) (
    SFUNC = pganalytics.hll_transition,
    STYPE = pganalytics.hyperloglog,
    SSPACE = 4096,
    FINALFUNC = pganalytics.hll_final_cardinality,
    COMBINEFUNC = pganalytics.hll_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.approx_count_distinct(anyelement)
IS 'estimated number of distinct values that are not null, with a standard error of 0.8 %';

CREATE AGGREGATE pganalytics.approx_count_distinct(value anyelement, "precision" integer) (
    SFUNC = pganalytics.hll_transition,
    STYPE = pganalytics.hyperloglog,
    SSPACE = 4096,
    FINALFUNC = pganalytics.hll_final_cardinality,
    COMBINEFUNC = pganalytics.hll_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.approx_count_distinct(anyelement, integer)
IS 'estimated number of distinct values that are not null, with a standard error of 1.04 / sqrt(2 ^ precision)';

CREATE AGGREGATE pganalytics.rollup(sketch pganalytics.hyperloglog) (
    SFUNC = pganalytics.hll_combine,
    STYPE = pganalytics.hyperloglog,
    SSPACE = 4096,
    FINALFUNC = pganalytics.hll_final,
    COMBINEFUNC = pganalytics.hll_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rollup(pganalytics.hyperloglog)
IS 'sketch of the values in any of the sketches that are not null; empty if there are none';
