-- Series: how far a value has moved, its moving average, and whether the newest is unusual.

-- delta() and rate(). The state is time and value of the first reading and of the last.

CREATE FUNCTION pganalytics.delta_transition(bigint [], double precision, timestamptz)
RETURNS bigint []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'delta_transition';
COMMENT ON FUNCTION pganalytics.delta_transition(bigint [], double precision, timestamptz)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.delta_combine(bigint [], bigint [])
RETURNS bigint []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'delta_combine';
COMMENT ON FUNCTION pganalytics.delta_combine(bigint [], bigint [])
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.delta_final(bigint [])
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'delta_final_wrapper';
COMMENT ON FUNCTION pganalytics.delta_final(bigint [])
IS 'aggregate final function';

CREATE FUNCTION pganalytics.rate_final(bigint [])
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rate_final_wrapper';
COMMENT ON FUNCTION pganalytics.rate_final(bigint [])
IS 'aggregate final function';

CREATE FUNCTION pganalytics.delta_transition(numeric [], numeric, timestamptz)
RETURNS numeric []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'numeric_delta_transition_wrapper';
COMMENT ON FUNCTION pganalytics.delta_transition(numeric [], numeric, timestamptz)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.delta_combine(numeric [], numeric [])
RETURNS numeric []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'numeric_delta_combine_wrapper';
COMMENT ON FUNCTION pganalytics.delta_combine(numeric [], numeric [])
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.delta_final(numeric [])
RETURNS numeric
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'numeric_delta_final_wrapper';
COMMENT ON FUNCTION pganalytics.delta_final(numeric [])
IS 'aggregate final function';

CREATE FUNCTION pganalytics.rate_final(numeric [])
RETURNS numeric
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'numeric_rate_final_wrapper';
COMMENT ON FUNCTION pganalytics.rate_final(numeric [])
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.delta(value double precision, ts timestamptz) (
    SFUNC = pganalytics.delta_transition,
    STYPE = bigint [],
    FINALFUNC = pganalytics.delta_final,
    COMBINEFUNC = pganalytics.delta_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.delta(double precision, timestamptz)
IS 'last value less the first, by ts; of several at one time the greatest counts, rows without value or time do not';

CREATE AGGREGATE pganalytics.rate(value double precision, ts timestamptz) (
    SFUNC = pganalytics.delta_transition,
    STYPE = bigint [],
    FINALFUNC = pganalytics.rate_final,
    COMBINEFUNC = pganalytics.delta_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rate(double precision, timestamptz)
IS 'delta(value, ts) for each second between the two; null if no time lies between them';

CREATE AGGREGATE pganalytics.delta(value numeric, ts timestamptz) (
    SFUNC = pganalytics.delta_transition,
    STYPE = numeric [],
    FINALFUNC = pganalytics.delta_final,
    COMBINEFUNC = pganalytics.delta_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.delta(numeric, timestamptz)
IS 'last value less the first, by ts; of several at one time the greatest counts, rows without value or time do not';

CREATE AGGREGATE pganalytics.rate(value numeric, ts timestamptz) (
    SFUNC = pganalytics.delta_transition,
    STYPE = numeric [],
    FINALFUNC = pganalytics.rate_final,
    COMBINEFUNC = pganalytics.delta_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.rate(numeric, timestamptz)
IS 'delta(value, ts) for each second between the two; null if no time lies between them';

-- counter_delta() and counter_rate(). The state is a timeline of all readings: where resets
-- are is known only when all are in order.

CREATE FUNCTION pganalytics.counter_transition(pganalytics.timeline, double precision, timestamptz)
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'counter_transition';
COMMENT ON FUNCTION pganalytics.counter_transition(pganalytics.timeline, double precision, timestamptz)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.counter_delta_final(pganalytics.timeline)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'counter_delta_final_wrapper';
COMMENT ON FUNCTION pganalytics.counter_delta_final(pganalytics.timeline)
IS 'aggregate final function';

CREATE FUNCTION pganalytics.counter_rate_final(pganalytics.timeline)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'counter_rate_final_wrapper';
COMMENT ON FUNCTION pganalytics.counter_rate_final(pganalytics.timeline)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.counter_delta(value double precision, ts timestamptz) (
    SFUNC = pganalytics.counter_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.counter_delta_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.counter_delta(double precision, timestamptz)
IS 'what a counter that is sometimes reset has counted, from its first reading to its last by ts: a value below the one before it adds all of itself; keeps 16 bytes a reading';

CREATE AGGREGATE pganalytics.counter_rate(value double precision, ts timestamptz) (
    SFUNC = pganalytics.counter_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.counter_rate_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.counter_rate(double precision, timestamptz)
IS 'counter_delta(value, ts) for each second between first and last reading; null if no time lies between them';

-- ewma(). By rows: the state is the average, and cannot be merged. By time: the half-life,
-- the time of the newest value, the sum of weights and the mean.

CREATE FUNCTION pganalytics.ewma_transition(double precision, double precision, double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ewma_transition_wrapper';
COMMENT ON FUNCTION pganalytics.ewma_transition(double precision, double precision, double precision)
IS 'aggregate transition function';

CREATE AGGREGATE pganalytics.ewma(value double precision, alpha double precision) (
    SFUNC = pganalytics.ewma_transition,
    STYPE = double precision,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.ewma(double precision, double precision)
IS 'exponentially weighted moving average in the order of rows: alpha of the value and the rest of the average before it; nulls are left out';

CREATE FUNCTION pganalytics.ewma_transition(bigint [], double precision, timestamptz, interval)
RETURNS bigint []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'decay_transition';
COMMENT ON FUNCTION pganalytics.ewma_transition(bigint [], double precision, timestamptz, interval)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.ewma_combine(bigint [], bigint [])
RETURNS bigint []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'decay_combine';
COMMENT ON FUNCTION pganalytics.ewma_combine(bigint [], bigint [])
IS 'aggregate combine function';

CREATE FUNCTION pganalytics.ewma_final(bigint [])
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'decay_final_wrapper';
COMMENT ON FUNCTION pganalytics.ewma_final(bigint [])
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.ewma(value double precision, ts timestamptz, half_life interval) (
    SFUNC = pganalytics.ewma_transition,
    STYPE = bigint [],
    FINALFUNC = pganalytics.ewma_final,
    COMBINEFUNC = pganalytics.ewma_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.ewma(double precision, timestamptz, interval)
IS 'mean in which a value that is half_life older than the newest weighs half as much, in any order of rows; nulls are left out';

-- z_score() and anomaly_score(): for frames that move, rows are taken back one by one. No
-- combine functions: which row is the newest is known to nobody but the order.

CREATE FUNCTION pganalytics.z_score_transition(internal, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'z_score_transition_wrapper';
COMMENT ON FUNCTION pganalytics.z_score_transition(internal, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.z_score_inverse(internal, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'z_score_inverse_wrapper';
COMMENT ON FUNCTION pganalytics.z_score_inverse(internal, double precision)
IS 'aggregate inverse transition function';

CREATE FUNCTION pganalytics.z_score_final(internal)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'z_score_final_wrapper';
COMMENT ON FUNCTION pganalytics.z_score_final(internal)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.z_score(value double precision) (
    SFUNC = pganalytics.z_score_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.z_score_final,
    MSFUNC = pganalytics.z_score_transition,
    MINVFUNC = pganalytics.z_score_inverse,
    MSTYPE = internal,
    MFINALFUNC = pganalytics.z_score_final,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.z_score(double precision)
IS 'standard deviations (of a sample) between the last row and the mean of the rows before it; null with fewer than two of them; a last row that is alone different: infinity';

CREATE FUNCTION pganalytics.anomaly_score_transition(internal, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'anomaly_score_transition_wrapper';
COMMENT ON FUNCTION pganalytics.anomaly_score_transition(internal, double precision)
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.anomaly_score_inverse(internal, double precision)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'anomaly_score_inverse_wrapper';
COMMENT ON FUNCTION pganalytics.anomaly_score_inverse(internal, double precision)
IS 'aggregate inverse transition function';

CREATE FUNCTION pganalytics.anomaly_score_final(internal)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'anomaly_score_final_wrapper';
COMMENT ON FUNCTION pganalytics.anomaly_score_final(internal)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.anomaly_score(value double precision) (
    SFUNC = pganalytics.anomaly_score_transition,
    STYPE = internal,
    FINALFUNC = pganalytics.anomaly_score_final,
    MSFUNC = pganalytics.anomaly_score_transition,
    MINVFUNC = pganalytics.anomaly_score_inverse,
    MSTYPE = internal,
    MFINALFUNC = pganalytics.anomaly_score_final,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.anomaly_score(double precision)
IS '0.6745 (x - median) / MAD of the last row x, by the rows before it; null with fewer than two of them; where MAD is 0, (x - median) / (1.253314 mean distance)';
