-- Funnels: how far each entity got through a sequence of steps, and when.

-- Support functions of the aggregates. The state is a timeline with room to grow, which
-- keeps window and mode.

CREATE FUNCTION pganalytics.window_funnel_transition(pganalytics.timeline, interval, timestamptz, boolean [])
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_transition';
COMMENT ON FUNCTION pganalytics.window_funnel_transition(pganalytics.timeline, interval, timestamptz, boolean [])
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.window_funnel_transition(pganalytics.timeline, interval, text, timestamptz, boolean [])
RETURNS pganalytics.timeline
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_mode_transition';
COMMENT ON FUNCTION pganalytics.window_funnel_transition(pganalytics.timeline, interval, text, timestamptz, boolean [])
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.window_funnel_final(pganalytics.timeline)
RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'window_funnel_final_wrapper';
COMMENT ON FUNCTION pganalytics.window_funnel_final(pganalytics.timeline)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.window_funnel("window" interval, ts timestamptz, VARIADIC steps boolean []) (
    SFUNC = pganalytics.window_funnel_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.window_funnel_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.window_funnel(interval, timestamptz, boolean [])
IS 'how many of the steps were reached one after the other, the last at most window after the first; the best of all beginnings. One row on which two conditions hold serves as two steps: mode strict_once has it serve as one';

CREATE AGGREGATE pganalytics.window_funnel("window" interval, mode text, ts timestamptz, VARIADIC steps boolean []) (
    SFUNC = pganalytics.window_funnel_transition,
    STYPE = pganalytics.timeline,
    SSPACE = 128,
    FINALFUNC = pganalytics.window_funnel_final,
    COMBINEFUNC = pganalytics.timeline_combine,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.window_funnel(interval, text, timestamptz, boolean [])
IS 'how many of the steps were reached one after the other, the last at most window after the first; mode: strict_once, strict_increase, strict_order, strict_deduplication, joined by commas';

-- What a timeline tells of a funnel whose steps are its conditions.

CREATE FUNCTION pganalytics.funnel_level(
    timeline pganalytics.timeline, "window" interval, mode text DEFAULT '', "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL
) RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'funnel_level_wrapper';
COMMENT ON FUNCTION pganalytics.funnel_level(pganalytics.timeline, interval, text, timestamptz, timestamptz)
IS 'how many steps were reached, as window_funnel() counts them; by chains that begin in [from, to), the window may run past it';

CREATE FUNCTION pganalytics.step_times(
    timeline pganalytics.timeline, "window" interval, mode text DEFAULT '', "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL
) RETURNS timestamptz []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'step_times_wrapper';
COMMENT ON FUNCTION pganalytics.step_times(pganalytics.timeline, interval, text, timestamptz, timestamptz)
IS 'when each step was reached, as many as the level: of the chains that get furthest the first to get there, of several the last to begin';

CREATE FUNCTION pganalytics.step_durations(
    timeline pganalytics.timeline, "window" interval, mode text DEFAULT '', "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL
) RETURNS interval []
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'step_durations_wrapper';
COMMENT ON FUNCTION pganalytics.step_durations(pganalytics.timeline, interval, text, timestamptz, timestamptz)
IS 'time from the step before to each step of step_times(); null for the first';

CREATE FUNCTION pganalytics.open_until(
    timeline pganalytics.timeline, "window" interval, mode text DEFAULT '', "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL
) RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'open_until_wrapper';
COMMENT ON FUNCTION pganalytics.open_until(pganalytics.timeline, interval, text, timestamptz, timestamptz)
IS 'until when a chain begun in [from, to) can still get further, by events to come; null if the last step is reached, or none has begun or goes on';

-- Over an event table.

CREATE FUNCTION pganalytics.funnel_query(
    event_table regclass, steps text [] DEFAULT NULL, "window" interval DEFAULT '7 days',
    "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL, by text DEFAULT NULL,
    conditions text [] DEFAULT NULL, mode text DEFAULT '', entity text DEFAULT 'aggregate_id', as_of timestamptz DEFAULT now()
) RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'funnel_query_wrapper';
COMMENT ON FUNCTION pganalytics.funnel_query(regclass, text [], interval, timestamptz, timestamptz, text, text [], text, text, timestamptz)
IS 'the query that funnel() runs, for EXPLAIN';

CREATE FUNCTION pganalytics.funnel(
    event_table regclass, steps text [] DEFAULT NULL, "window" interval DEFAULT '7 days',
    "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL, by text DEFAULT NULL,
    conditions text [] DEFAULT NULL, mode text DEFAULT '', entity text DEFAULT 'aggregate_id', as_of timestamptz DEFAULT now()
) RETURNS TABLE (
    value text, step integer, name text, entities bigint, of_first numeric, of_previous numeric,
    median_time interval, p90_time interval, open bigint, expired bigint
)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.funnel_query(
        event_table, steps, "window", "from", "to", by, conditions, mode, entity, as_of);
END $$;
COMMENT ON FUNCTION pganalytics.funnel(regclass, text [], interval, timestamptz, timestamptz, text, text [], text, text, timestamptz)
IS 'how many entities reached each step, each counted once; those that enter in [from, to), the window may run past it. steps: event types; conditions: SQL expressions; by: of the event by which they enter. Runs the query that funnel_query() shows, as whoever calls it';
