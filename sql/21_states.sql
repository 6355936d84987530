-- States of aggregates: written down, merged and finished. A state is a value of the
-- aggregate's own transition type or, if that is internal, sealed bytes.

CREATE FUNCTION pganalytics.serialize_state(internal) RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'serialize_state';
COMMENT ON FUNCTION pganalytics.serialize_state(internal) IS
    'internal: the final function of aggregates that return their internal state';

CREATE FUNCTION pganalytics.merge_state(a anyelement, b anyelement, aggregate regprocedure) RETURNS anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_state';
COMMENT ON FUNCTION pganalytics.merge_state(anyelement, anyelement, regprocedure) IS
    'internal: merges two states of an aggregate, as its combine function does; NULL: no input';

CREATE FUNCTION pganalytics.finish_state(state "any", aggregate regprocedure, result anyelement) RETURNS anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'finish_state';
COMMENT ON FUNCTION pganalytics.finish_state("any", regprocedure, anyelement) IS
    'internal: the result of an aggregate with this state; result: NULL of its type; state NULL: the result of no input';

CREATE FUNCTION pganalytics.merge_states_transition(internal, anyelement, regprocedure) RETURNS internal
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_states_transition';
COMMENT ON FUNCTION pganalytics.merge_states_transition(internal, anyelement, regprocedure) IS
    'aggregate transition function';

CREATE FUNCTION pganalytics.merge_states_final(internal, anyelement, regprocedure) RETURNS anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_states_final';
COMMENT ON FUNCTION pganalytics.merge_states_final(internal, anyelement, regprocedure) IS
    'aggregate final function';

-- Serialize functions may tidy up the state.
CREATE AGGREGATE pganalytics.merge_states(state anyelement, aggregate regprocedure) (
    SFUNC = pganalytics.merge_states_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.merge_states_final,
    FINALFUNC_EXTRA,
    FINALFUNC_MODIFY = read_write
);
COMMENT ON AGGREGATE pganalytics.merge_states(anyelement, regprocedure) IS
    'internal: merges states of an aggregate, as its combine function does; NULL if there are none';
