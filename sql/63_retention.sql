-- Retention: who comes back, how many are active, and who is new or gone.

CREATE FUNCTION pganalytics.retention_transition(bigint, boolean [])
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_transition';
COMMENT ON FUNCTION pganalytics.retention_transition(bigint, boolean [])
IS 'aggregate transition function';

CREATE FUNCTION pganalytics.retention_final(bigint)
RETURNS boolean []
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'retention_final_wrapper';
COMMENT ON FUNCTION pganalytics.retention_final(bigint)
IS 'aggregate final function';

CREATE AGGREGATE pganalytics.retention(VARIADIC conditions boolean []) (
    SFUNC = pganalytics.retention_transition,
    STYPE = bigint,
    INITCOND = '0',
    FINALFUNC = pganalytics.retention_final,
    COMBINEFUNC = pg_catalog.int8or,
    PARALLEL = safe
);
COMMENT ON AGGREGATE pganalytics.retention(boolean [])
IS 'for each of up to 32 conditions, whether a row met it and a row met the first, in whatever order of time; NULL is false, no rows give NULL';

CREATE TYPE pganalytics.cohort_period AS (
    cohort timestamptz,
    size bigint,
    period integer,
    retained bigint,
    rate numeric
);
COMMENT ON TYPE pganalytics.cohort_period
IS 'a row of cohort_retention(): when the cohort begins, how many entered, how many came back in this period after it, and their share';

CREATE TYPE pganalytics.active_period AS (
    period timestamptz,
    active bigint,
    rolling bigint,
    stickiness numeric
);
COMMENT ON TYPE pganalytics.active_period
IS 'a row of active_users(): when the period begins, how many are active in it and in the last ones with it, and the share of those';

CREATE TYPE pganalytics.lifecycle_period AS (
    period timestamptz,
    new bigint,
    "returning" bigint,
    resurrecting bigint,
    dormant bigint
);
COMMENT ON TYPE pganalytics.lifecycle_period
IS 'a row of lifecycle(): when the period begins, and how many are active for the first time, again, again after a pause, and not any more';

CREATE FUNCTION pganalytics.cohort_retention_query(
    event_table regclass,
    cohort_event text DEFAULT NULL,
    return_event text DEFAULT NULL,
    period interval DEFAULT '1 week',
    periods integer DEFAULT 8,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    mode text DEFAULT 'calendar',
    first_time boolean DEFAULT true,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    as_of timestamptz DEFAULT now(),
    cohort_condition text DEFAULT NULL,
    return_condition text DEFAULT NULL,
    unbounded boolean DEFAULT false
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'cohort_retention_query_wrapper';
COMMENT ON FUNCTION pganalytics.cohort_retention_query(
    regclass, text, text, interval, integer, timestamptz, timestamptz, text, boolean, text, text, timestamptz, text, text, boolean
)
IS 'the query that cohort_retention() runs, for EXPLAIN and for views';

CREATE FUNCTION pganalytics.cohort_retention(
    event_table regclass,
    cohort_event text DEFAULT NULL,
    return_event text DEFAULT NULL,
    period interval DEFAULT '1 week',
    periods integer DEFAULT 8,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    mode text DEFAULT 'calendar',
    first_time boolean DEFAULT true,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    as_of timestamptz DEFAULT now(),
    cohort_condition text DEFAULT NULL,
    return_condition text DEFAULT NULL,
    unbounded boolean DEFAULT false
)
RETURNS SETOF pganalytics.cohort_period
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.cohort_retention_query($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);
END
$$;
COMMENT ON FUNCTION pganalytics.cohort_retention(
    regclass, text, text, interval, integer, timestamptz, timestamptz, text, boolean, text, text, timestamptz, text, text, boolean
)
IS 'of those whose first cohort event ever lies in a period, how many have a return event (NULL: any event) in that period and in each of the next; NULL while a period is not over as_of; "from" and "to" choose whole periods to enter in; runs cohort_retention_query() with your rights';

CREATE FUNCTION pganalytics.active_users_query(
    event_table regclass,
    period interval DEFAULT '1 day',
    rolling integer DEFAULT NULL,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    condition text DEFAULT NULL
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'active_users_query_wrapper';
COMMENT ON FUNCTION pganalytics.active_users_query(
    regclass, interval, integer, timestamptz, timestamptz, text, text, text
)
IS 'the query that active_users() runs, for EXPLAIN and for views';

CREATE FUNCTION pganalytics.active_users(
    event_table regclass,
    period interval DEFAULT '1 day',
    rolling integer DEFAULT NULL,
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    condition text DEFAULT NULL
)
RETURNS SETOF pganalytics.active_period
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.active_users_query($1, $2, $3, $4, $5, $6, $7, $8);
END
$$;
COMMENT ON FUNCTION pganalytics.active_users(
    regclass, interval, integer, timestamptz, timestamptz, text, text, text
)
IS 'how many are active in each period, 0 included, and with rolling in the last so many periods, exactly; "from" and "to" choose whole periods, without them from that of the first event to that of the last; runs active_users_query() with your rights';

CREATE FUNCTION pganalytics.lifecycle_query(
    event_table regclass,
    period interval DEFAULT '1 week',
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    condition text DEFAULT NULL,
    as_of timestamptz DEFAULT now()
)
RETURNS text
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'lifecycle_query_wrapper';
COMMENT ON FUNCTION pganalytics.lifecycle_query(
    regclass, interval, timestamptz, timestamptz, text, text, text, timestamptz
)
IS 'the query that lifecycle() runs, for EXPLAIN and for views';

CREATE FUNCTION pganalytics.lifecycle(
    event_table regclass,
    period interval DEFAULT '1 week',
    "from" timestamptz DEFAULT NULL,
    "to" timestamptz DEFAULT NULL,
    timezone text DEFAULT 'UTC',
    entity text DEFAULT 'aggregate_id',
    condition text DEFAULT NULL,
    as_of timestamptz DEFAULT now()
)
RETURNS SETOF pganalytics.lifecycle_period
LANGUAGE plpgsql STABLE ROWS 100
AS $$
BEGIN
    RETURN QUERY EXECUTE pganalytics.lifecycle_query($1, $2, $3, $4, $5, $6, $7, $8);
END
$$;
COMMENT ON FUNCTION pganalytics.lifecycle(
    regclass, interval, timestamptz, timestamptz, text, text, text, timestamptz
)
IS 'of each period: who is active for the first time ever, who was also active in the period before, who was not but earlier, and who was in the one before and is not now (NULL while the period is not over as_of); runs lifecycle_query() with your rights';
