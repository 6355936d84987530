-- first() and last(): of the rows of a group, the one that comes first or last by another
-- value. A projection keeps such a row as three columns; the aggregates that return them
-- have the same transition, so that PostgreSQL runs it once.

CREATE FUNCTION pganalytics.first_transition(internal, anyelement, anycompatible)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'first_transition';
COMMENT ON FUNCTION pganalytics.first_transition(internal, anyelement, anycompatible)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.first_transition(internal, anyelement, anycompatible, bigint)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'first_transition';
COMMENT ON FUNCTION pganalytics.first_transition(internal, anyelement, anycompatible, bigint)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.last_transition(internal, anyelement, anycompatible)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'last_transition';
COMMENT ON FUNCTION pganalytics.last_transition(internal, anyelement, anycompatible)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.last_transition(internal, anyelement, anycompatible, bigint)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'last_transition';
COMMENT ON FUNCTION pganalytics.last_transition(internal, anyelement, anycompatible, bigint)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.winner_value(internal, anyelement, anycompatible)
RETURNS anyelement
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'winner_value';
COMMENT ON FUNCTION pganalytics.winner_value(internal, anyelement, anycompatible)
IS 'aggregate final function';

CREATE FUNCTION pganalytics.winner_value(internal, anyelement, anycompatible, bigint)
RETURNS anyelement
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'winner_value';
COMMENT ON FUNCTION pganalytics.winner_value(internal, anyelement, anycompatible, bigint)
IS 'aggregate final function';

CREATE FUNCTION pganalytics.winner_by(internal, anyelement, anycompatible, bigint)
RETURNS anycompatible
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'winner_by';
COMMENT ON FUNCTION pganalytics.winner_by(internal, anyelement, anycompatible, bigint)
IS 'aggregate final function';

CREATE FUNCTION pganalytics.winner_position(internal, anyelement, anycompatible, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'winner_position';
COMMENT ON FUNCTION pganalytics.winner_position(internal, anyelement, anycompatible, bigint)
IS 'aggregate final function';

-- Without a combine function: which of several rows came first in the input is not known
-- to parallel workers.

CREATE AGGREGATE pganalytics.first(value anyelement, by anycompatible) (
    SFUNC = pganalytics.first_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_value,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.first(anyelement, anycompatible)
IS 'value of the row with the least by that is not null; of several, the one that came first';

CREATE AGGREGATE pganalytics.first(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.first_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_value,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.first(anyelement, anycompatible, bigint)
IS 'value of the row with the least by that is not null; of several, the one with the smallest position';

CREATE AGGREGATE pganalytics.first_by(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.first_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_by,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.first_by(anyelement, anycompatible, bigint)
IS 'internal: what the row of first(value, by, position) is ordered by';

CREATE AGGREGATE pganalytics.first_position(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.first_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_position,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.first_position(anyelement, anycompatible, bigint)
IS 'internal: position of the row of first(value, by, position)';

CREATE AGGREGATE pganalytics.last(value anyelement, by anycompatible) (
    SFUNC = pganalytics.last_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_value,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.last(anyelement, anycompatible)
IS 'value of the row with the greatest by that is not null; of several, the one that came last';

CREATE AGGREGATE pganalytics.last(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.last_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_value,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.last(anyelement, anycompatible, bigint)
IS 'value of the row with the greatest by that is not null; of several, the one with the greatest position';

CREATE AGGREGATE pganalytics.last_by(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.last_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_by,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.last_by(anyelement, anycompatible, bigint)
IS 'internal: what the row of last(value, by, position) is ordered by';

CREATE AGGREGATE pganalytics.last_position(value anyelement, by anycompatible, "position" bigint) (
    SFUNC = pganalytics.last_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.winner_position,
    FINALFUNC_EXTRA,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.last_position(anyelement, anycompatible, bigint)
IS 'internal: position of the row of last(value, by, position)';
