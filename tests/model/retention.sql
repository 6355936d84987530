-- Random logs, and the naive answers of retention; see tests/scripts/retention_model.sh.
CREATE EXTENSION pg_analytics;
SET client_min_messages = warning;
-- Without statistics the questions look dear.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = off', current_database()); END $$;

CREATE UNLOGGED TABLE log (aggregate_id text, event_type text, occurred_at timestamptz, n integer);

-- The question.
CREATE UNLOGGED TABLE asked (
    zone text, unit text, period interval, periods integer, rolling integer, since timestamptz, until timestamptz,
    mode text, first_time boolean, unbounded boolean, as_of timestamptz,
    cohort_event text, return_event text, cohort_condition text, return_condition text
);

-- The period that holds an instant, as the local time at which it begins. Periods that
-- date_trunc() does not know are looked up.
CREATE TABLE begins AS
SELECT period, begins FROM unnest('{3 days,14 days,2 months}'::interval[]) AS period,
    generate_series(timestamp '2001-01-01', '2031-01-01', period) AS begins;
CREATE INDEX ON begins (period, begins);
CREATE FUNCTION local_start(at timestamptz) RETURNS timestamp LANGUAGE plpgsql STABLE AS $$
DECLARE q asked;
BEGIN
    SELECT * INTO q FROM asked;
    RETURN CASE
        WHEN q.unit = 'hour' THEN date_bin(q.period, at AT TIME ZONE 'UTC', '2001-01-01')
        WHEN q.unit IS NOT NULL THEN date_trunc(q.unit, at AT TIME ZONE q.zone)
        ELSE (SELECT max(b.begins) FROM begins b WHERE b.period = q.period AND b.begins <= at AT TIME ZONE q.zone) END;
END $$;
CREATE FUNCTION instant(local timestamp) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT local AT TIME ZONE CASE WHEN unit = 'hour' THEN 'UTC' ELSE zone END FROM asked
$$;
-- An instant moved by so many periods, as if the session were in the time zone.
CREATE FUNCTION later(at timestamptz, n integer) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE q asked; mine text := current_setting('TimeZone');
BEGIN
    SELECT * INTO q FROM asked;
    PERFORM set_config('TimeZone', q.zone, true);
    at := at + n * q.period;
    PERFORM set_config('TimeZone', mine, true);
    RETURN at;
END $$;

-- The events that lie in any period.
CREATE VIEW event AS
SELECT aggregate_id AS entity, occurred_at AS at, local_start(occurred_at) AS start,
       coalesce((cohort_event IS NULL OR event_type = cohort_event) AND (cohort_condition IS NULL OR n > 0), false) AS enters,
       coalesce((return_event IS NULL OR event_type = return_event) AND (return_condition IS NULL OR n < 2), false) AS returns,
       n > 0 AS is_meant
FROM log, asked
WHERE aggregate_id IS NOT NULL AND occurred_at >= '0001-01-02 00:00+00' AND occurred_at < '10000-01-01 00:00+00';

CREATE FUNCTION is_asked(start timestamp) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (since IS NULL OR until IS NULL OR since < until)
       AND coalesce(start >= CASE WHEN isfinite(since) THEN local_start(since) WHEN since > now() THEN 'infinity' END, true)
       AND coalesce(start <= CASE WHEN isfinite(until) THEN local_start(until - interval '1 microsecond') WHEN until < now() THEN '-infinity' END, true)
    FROM asked
$$;

CREATE FUNCTION naive_cohorts() RETURNS SETOF pganalytics.cohort_period LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (
        SELECT * FROM event
    ), entry AS (
        SELECT DISTINCT ON (entity, CASE WHEN NOT first_time THEN start END) entity, at, start
        FROM event, asked WHERE enters ORDER BY entity, CASE WHEN NOT first_time THEN start END, at
    ), due AS MATERIALIZED (
        SELECT e.*, n, e.start + n * period AS nth, CASE mode WHEN 'rolling' THEN later(e.at, n) END AS since,
               CASE mode WHEN 'rolling' THEN later(e.at, n + 1) END AS until
        FROM entry e, asked, generate_series(0, periods) AS n WHERE is_asked(e.start)
    ), came AS (
        SELECT d.start, n, count(*) AS size, count(*) FILTER (WHERE EXISTS (
            SELECT FROM event r WHERE r.entity = d.entity AND r.returns AND r.at >= d.at AND CASE mode
                WHEN 'calendar' THEN r.start = d.nth OR unbounded AND r.start > d.nth
                ELSE (n = 0 OR r.at >= d.since) AND (unbounded OR r.at < d.until) END
        )) AS retained
        FROM due d, asked GROUP BY 1, 2
    ), known AS (
        SELECT start, size, n,
            CASE WHEN instant(start + (n + CASE mode WHEN 'calendar' THEN 1 ELSE 2 END) * period) <= as_of THEN retained END AS retained
        FROM came, asked
    )
    SELECT instant(start), size, n, retained, round(retained / size::numeric, 4) FROM known
$$;

CREATE FUNCTION frame(condition boolean) RETURNS SETOF timestamp LANGUAGE sql STABLE AS $$
    SELECT start FROM asked, generate_series(
        CASE WHEN isfinite(since) THEN local_start(since) ELSE (SELECT min(start) FROM event WHERE is_meant OR NOT condition) END,
        CASE WHEN isfinite(until) THEN local_start(until - interval '1 microsecond')
             ELSE (SELECT max(start) FROM event WHERE is_meant OR NOT condition) END, period) AS start
    WHERE is_asked(start)
$$;

CREATE FUNCTION naive_actives(condition boolean) RETURNS SETOF pganalytics.active_period LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (SELECT * FROM event WHERE is_meant OR NOT condition)
    SELECT instant(f.start), active, recent, round(active / nullif(recent, 0)::numeric, 4)
    FROM frame(condition) AS f (start), asked, LATERAL (
        SELECT count(DISTINCT entity) FILTER (WHERE e.start = f.start) AS active,
               CASE WHEN rolling IS NOT NULL THEN count(DISTINCT entity) END AS recent
        FROM event e WHERE e.start <= f.start AND e.start > f.start - coalesce(rolling, 1) * period
    ) c
$$;

CREATE FUNCTION naive_lifecycle(condition boolean) RETURNS SETOF pganalytics.lifecycle_period LANGUAGE sql STABLE AS $$
    WITH event AS MATERIALIZED (SELECT * FROM event WHERE is_meant OR NOT condition),
    seen AS (
        SELECT f.start, e.entity, bool_or(e.start = f.start) AS now, bool_or(e.start = f.start - period) AS last,
               bool_or(e.start < f.start - period) AS earlier
        FROM asked, frame(condition) AS f (start) LEFT JOIN event e ON e.start <= f.start GROUP BY 1, 2
    )
    SELECT instant(start), count(*) FILTER (WHERE now AND NOT last AND NOT earlier), count(*) FILTER (WHERE now AND last),
           count(*) FILTER (WHERE now AND NOT last AND earlier),
           CASE WHEN instant(start + (SELECT period FROM asked)) <= (SELECT as_of FROM asked) THEN count(*) FILTER (WHERE last AND NOT now) END
    FROM seen GROUP BY start
$$;

CREATE FUNCTION one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;

-- A question, and a log around a moment at which something special happens.
CREATE PROCEDURE draw() LANGUAGE plpgsql AS $$
DECLARE
    unit text := one_of('hour', 'day', 'day', 'week', 'week', 'month', 'month', 'quarter', 'year', NULL);
    length interval := coalesce(CASE unit WHEN 'hour' THEN one_of('1 hour', '6 hours', '90 minutes', '1 day 1 hour')
        WHEN 'quarter' THEN '3 months' ELSE '1 ' || unit END, one_of('3 days', '14 days', '2 months'))::interval;
    zone text := one_of('UTC', 'UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Australia/Lord_Howe',
                        'Pacific/Apia', 'America/Havana', 'America/St_Johns', 'Europe/Dublin', 'Asia/Kolkata');
    around timestamptz := one_of('2024-03-31 01:00+00', '2024-10-27 01:00+00', '2018-11-04 03:00+00', '2018-02-18 02:00+00',
        '2011-12-30 10:00+00', '2024-11-03 05:00+00', '2010-11-07 02:31+00', '2024-02-29 00:00+00', '2023-01-31 12:00+00',
        '2020-12-31 23:00+00', '2001-01-01 00:00+00', '1969-12-31 00:00+00');
BEGIN
    IF length = '25 hours' THEN length := '25:00:00'; END IF;
    -- The table of odd periods begins in 2001.
    IF unit IS NULL AND around < '2005-01-01' THEN around := '2024-03-31 01:00+00'; END IF;
    TRUNCATE log, asked;
    INSERT INTO log
    SELECT one_of('a', 'b', 'c', 'd', NULL), one_of('x', 'y', NULL), CASE
            WHEN random() < 0.5 THEN date_trunc(one_of('hour', 'day', 'minute'), at)
            WHEN random() < 0.1 THEN date_trunc('day', at) - interval '1 microsecond'
            WHEN random() < 0.02 AND unit IS NOT NULL THEN one_of('infinity', '-infinity', '0001-01-01 00:00+00')::timestamptz
            ELSE at END, CASE WHEN random() < 0.8 THEN floor(random() * 4) END
    FROM (SELECT around + CASE WHEN random() < 0.4 THEN (random() - 0.5) * interval '4 hours'
                               ELSE (random() - 0.4) * least(12 * length, interval '20 years') END AS at
          FROM generate_series(1, (random() * 40)::integer)) AS e;
    INSERT INTO asked VALUES (zone, unit, length, floor(random() * 5), nullif(floor(random() * 6), 0),
        CASE WHEN random() < 0.3 THEN one_of(around::text, (around - 2 * length)::text, '-infinity', 'infinity') END::timestamptz,
        CASE WHEN random() < 0.3 THEN one_of((around + length)::text, (around + 3 * length)::text, '-infinity', 'infinity') END::timestamptz,
        one_of('calendar', 'rolling'), random() < 0.6, random() < 0.2,
        one_of((around + 5 * length)::text, (around + 2 * length)::text, 'infinity', '-infinity')::timestamptz,
        one_of('x', NULL), one_of('x', 'y', NULL), one_of('n > 0', NULL, NULL), one_of('n < 2 -- few', NULL, NULL));
    -- Some are there before or after, on the very boundary, or a microsecond beside it.
    INSERT INTO log
    SELECT aggregate_id, one_of('x', 'y'), later(occurred_at, (random() * 8 - 4)::integer) + one_of('0', '0', '1 microsecond', '-1 microsecond')::interval, 1
    FROM log WHERE isfinite(occurred_at) AND occurred_at > '1900-01-01' AND random() < 0.3;
END $$;

CREATE FUNCTION compare(seed integer, cases integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    q asked; test record; differs text; compared bigint := 0; size bigint; condition text;
BEGIN
    PERFORM setseed(seed / 1e6);
    FOR i IN 1..cases LOOP
        CALL draw();
        SELECT * INTO q FROM asked;
        condition := one_of('n > 0', NULL);
        FOR test IN VALUES
            (format('pganalytics.cohort_retention(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L)', 'log', q.cohort_event,
                    q.return_event, q.period, q.periods, q.since, q.until, q.mode, q.first_time, q.zone, 'aggregate_id', q.as_of,
                    q.cohort_condition, q.return_condition, q.unbounded), 'naive_cohorts()'),
            (format('pganalytics.active_users(%L, %L, %L, %L, %L, %L, condition => %L)', 'log', q.period, q.rolling, q.since, q.until,
                    q.zone, condition), format('naive_actives(%L)', condition IS NOT NULL)),
            (format('pganalytics.lifecycle(%L, %L, %L, %L, %L, condition => %L, as_of => %L)', 'log', q.period, q.since, q.until, q.zone,
                    condition, q.as_of), format('naive_lifecycle(%L)', condition IS NOT NULL))
        LOOP
            EXECUTE format('WITH ours AS MATERIALIZED (SELECT * FROM %s), naive AS MATERIALIZED (SELECT * FROM %s)
                SELECT (SELECT string_agg(d::text, E''\n'') FROM (
                    (SELECT ''ours'', * FROM ours EXCEPT ALL SELECT ''ours'', * FROM naive)
                    UNION ALL (SELECT ''naive'', * FROM naive EXCEPT ALL SELECT ''naive'', * FROM ours) ORDER BY 2, 4) d), (SELECT count(*) FROM ours)',
                test.column1, test.column2) INTO differs, size;
            compared := compared + size;
            ASSERT differs IS NULL, format(E'seed %s, case %s: %s\n%s\nof %s', seed, i, test.column1, differs,
                (SELECT string_agg(l::text, ' ' ORDER BY occurred_at) FROM log l));
        END LOOP;
    END LOOP;
    ASSERT compared > cases * 10, 'hardly any rows were compared';
    RETURN format('ok: %s questions, %s rows', 3 * cases, compared);
END $$;
