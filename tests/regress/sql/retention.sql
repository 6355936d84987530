-- Who comes back: retention(), cohort_retention(), active_users() and lifecycle().
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SELECT pganalytics.create_event_table('visits', versions => 'optional') \g /dev/null
-- 1 January 2024 is a Monday.
CREATE PROCEDURE visit(who text, what text, VARIADIC at timestamptz[]) LANGUAGE sql AS $$
    INSERT INTO visits (aggregate_id, event_type, occurred_at) SELECT who, what, unnest(at)
$$;
CALL visit('ann', 'signup', '2024-01-01 09:00+00');
CALL visit('ann', 'visit', '2024-01-03 10:00+00', '2024-01-09 10:00+00', '2024-01-23 08:00+00');
CALL visit('bob', 'signup', '2024-01-05 20:00+00');
CALL visit('bob', 'visit', '2024-01-04 11:00+00', '2024-01-12 20:00+00', '2024-01-12 19:59:59.999999+00');
CALL visit('cat', 'signup', '2024-01-07 23:30+00');
CALL visit('dan', 'signup', '2024-01-16 12:00+00');
CALL visit('dan', 'visit', '2024-01-16 12:00+00', '2024-01-29 12:00+00');

-- retention(): for each condition, whether it was met, and the first too.
SELECT aggregate_id, pganalytics.retention(event_type = 'signup', event_type = 'visit', occurred_at >= '2024-01-15')
FROM visits GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE r[1]) AS signed_up, count(*) FILTER (WHERE r[2]) AS visited, count(*) FILTER (WHERE r[3]) AS later
FROM (SELECT pganalytics.retention(event_type = 'signup', event_type = 'visit', occurred_at >= '2024-01-15') AS r
      FROM visits GROUP BY aggregate_id) u;
-- NULL is false; no rows are nothing known; without the first condition nothing is met.
SELECT pganalytics.retention(true, NULL, x > 1, x < 1) FROM generate_series(1, 2) x;
SELECT pganalytics.retention(true, false) FROM visits WHERE false;
SELECT pganalytics.retention(x > 2, x = 1) FROM generate_series(1, 2) x;
SELECT x, pganalytics.retention(x = 2, x = 1, x = 3) OVER (ORDER BY x) FROM generate_series(1, 3) x;
SELECT pganalytics.retention(VARIADIC array_fill(true, ARRAY[32])) = array_fill(true, ARRAY[32]) AS "32";
-- Rows with fewer conditions, in an array, do not meet the others.
SELECT pganalytics.retention(VARIADIC c) FROM (VALUES ('{t}'::boolean[]), ('{f,t,f}'), (NULL)) v (c);
SELECT pganalytics.retention(VARIADIC array_fill(true, ARRAY[33]));
\echo :SQLSTATE
SELECT pganalytics.retention(VARIADIC '{}');
\echo :SQLSTATE

-- Cohorts by the week of the first signup, and who has any event in each week after it.
-- What is not over as_of is not known: NULL.
SELECT * FROM pganalytics.cohort_retention('visits', 'signup', periods => 4, as_of => '2024-02-05');
SELECT cohort::date, size, period, rate FROM pganalytics.cohort_retention('visits', 'signup', periods => 4, as_of => '2024-01-31')
\crosstabview cohort period rate
-- A return is not before the entry: bob's visit of the 4th is not. At the same instant it
-- is: dan's of the 16th.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', 'signup', 'visit', periods => 1);
-- Rolling: bob's second week begins on the 12th at 20:00. A microsecond before is his first.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', 'signup', 'visit', mode => 'rolling', periods => 3);
-- Unbounded: in that week, or later.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', 'signup', 'visit', periods => 4, unbounded => true);
-- A cohort of everybody active in a week, instead of those who were for the first time.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', periods => 1, first_time => false);
-- "from" and "to" choose whole periods; the first time ever is looked for before them, too.
SELECT cohort::date, size FROM pganalytics.cohort_retention('visits', 'visit', periods => 0, "from" => '2024-01-10', "to" => '2024-01-16 00:01+00');
-- In Berlin, cat signed up on Monday the 8th. January ends after 31 days, February after 29.
SET TimeZone = 'Europe/Berlin';
SELECT cohort, size, period, retained FROM pganalytics.cohort_retention('visits', 'signup', periods => 0, timezone => 'Europe/Berlin');
SELECT period::date, active FROM pganalytics.active_users('visits', '1 week', timezone => 'Europe/Berlin', condition => $$event_type = 'visit'$$);
SET TimeZone = 'UTC';
SELECT cohort, size, period, retained FROM pganalytics.cohort_retention('visits', period => '1 month', periods => 1, as_of => '2024-02-29 12:00+00');
-- Conditions are expressions over the columns.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', period => '1 day', periods => 2,
    cohort_condition => $$event_type = 'signup' AND aggregate_id <> 'cat'$$, return_condition => 'extract(hour FROM occurred_at) < 12 -- mornings');
-- Any other expression can be the entity.
SELECT cohort::date, size, period, retained FROM pganalytics.cohort_retention('visits', periods => 1,
    entity => $$CASE WHEN aggregate_id < 'c' THEN 'a to b' END$$);

-- Day 1, day 7 and day 30: calendar days, all cohorts together.
SELECT period AS day, sum(size) AS entered, sum(retained) AS came FROM pganalytics.cohort_retention('visits', period => '1 day', periods => 30)
WHERE period IN (1, 7, 30) GROUP BY 1 ORDER BY 1;

-- Active users of each day, of the last seven, and how many of these come on a day.
SELECT * FROM pganalytics.active_users('visits', rolling => 7, "from" => '2024-01-06', "to" => '2024-01-18');
SELECT count(*), min(period), max(period), sum(active) FROM pganalytics.active_users('visits', '6 hours');

-- Who is new, returns, is back and has gone: what was active in a week returns or is dormant
-- in the next.
SELECT * FROM pganalytics.lifecycle('visits', as_of => '2024-01-31');
SELECT * FROM pganalytics.lifecycle('visits', "from" => '2024-01-15', "to" => '2024-02-12');
SELECT bool_and(active = new + "returning" + resurrecting) AS is_active, bool_and(before = "returning" + dormant) AS was_active
FROM pganalytics.lifecycle('visits', '2 days') l JOIN (
    SELECT period, active, lag(active) OVER (ORDER BY period) AS before FROM pganalytics.active_users('visits', '2 days')) a USING (period);

-- Nothing, and times that lie in no period.
SELECT * FROM pganalytics.cohort_retention('visits', 'nothing');
SELECT * FROM pganalytics.lifecycle('visits', "from" => 'infinity');
SELECT period::date, active, rolling, stickiness FROM pganalytics.active_users('visits', rolling => 2, condition => 'false', "from" => '2024-01-01', "to" => '2024-01-03');
CREATE TEMP TABLE odd AS SELECT 'eve' AS aggregate_id, unnest('{-infinity,infinity,0001-01-01,0001-01-02,9999-12-31 23:59:59.999999,10000-01-01}'::timestamptz[]) AS occurred_at;
SELECT cohort::date, size, period, retained, rate FROM pganalytics.cohort_retention('odd', period => '1 month', periods => 0, first_time => false);
SELECT * FROM pganalytics.lifecycle('odd', '100 years') WHERE new + dormant > 0;

-- A projection without GROUP BY, a view or a table is asked like the log. Of a projection
-- with a row for each user and day, the answers by days, weeks or months are the same, and read less.
SELECT pganalytics.create_projection('signups', $$
    SELECT aggregate_id, occurred_at FROM visits WHERE event_type = 'signup' $$);
SELECT pganalytics.create_projection('active_days', $$
    SELECT aggregate_id, date_trunc('day', occurred_at, 'UTC') AS occurred_at, count(*) AS events FROM visits GROUP BY 1, 2 $$);
SELECT cohort::date, size FROM pganalytics.cohort_retention('signups', periods => 0);
SELECT count(*) AS different FROM (
    (SELECT * FROM pganalytics.cohort_retention('active_days') EXCEPT ALL SELECT * FROM pganalytics.cohort_retention('visits'))
    UNION ALL (SELECT * FROM pganalytics.cohort_retention('visits') EXCEPT ALL SELECT * FROM pganalytics.cohort_retention('active_days'))) d;
SELECT count(*) AS different FROM (
    (SELECT * FROM pganalytics.active_users('active_days', rolling => 7) EXCEPT ALL SELECT * FROM pganalytics.active_users('visits', rolling => 7))
    UNION ALL (SELECT * FROM pganalytics.active_users('visits', rolling => 7) EXCEPT ALL SELECT * FROM pganalytics.active_users('active_days', rolling => 7))) d;

-- retention() in a projection: what each user has done, kept up to date.
SELECT pganalytics.create_projection('habits', $$
    SELECT aggregate_id, pganalytics.retention(event_type = 'signup', event_type = 'visit', occurred_at >= '2024-01-15') AS met,
           pganalytics.retention(occurred_at < '2024-01-10') FILTER (WHERE event_type = 'visit') AS early
    FROM visits GROUP BY 1 $$);
CREATE FUNCTION differences() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE (SELECT format('SELECT count(*) FROM ((TABLE %1$s EXCEPT ALL TABLE habits) UNION ALL (TABLE habits EXCEPT ALL TABLE %1$s)) d',
        definition) FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
        WHERE p.relation = 'habits'::regclass) INTO n;
    RETURN n;
END $$;
SELECT *, differences() FROM habits ORDER BY 1;
CALL visit('cat', 'visit', '2024-01-02 10:00+00');
CALL visit('eve', 'visit', '2024-02-02 10:00+00');
SELECT tail, differences() AS with_a_tail FROM pganalytics.projections WHERE name = 'habits';
SELECT pganalytics.refresh_projection('habits'), differences() AS folded;
CALL visit('ann', 'visit', '2023-01-02 10:00+00');
CALL visit('eve', 'signup', '2023-02-02 10:00+00');
SELECT *, differences() AS late FROM habits ORDER BY 1;
SELECT pganalytics.refresh_projection('habits'), differences() AS folded;

-- In parallel: the aggregate, and what the functions run.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE UNLOGGED TABLE log AS
SELECT 'user ' || i % 700 AS aggregate_id, CASE WHEN i % 11 = 0 THEN 'signup' ELSE 'visit' END AS event_type,
       timestamptz '2024-01-01 00:00+00' + (i::bigint * 7919 % 100000) * interval '1 minute' AS occurred_at FROM generate_series(1, 20000) i;
ANALYZE log;
EXPLAIN (COSTS OFF) SELECT pganalytics.retention(event_type = 'signup', aggregate_id = 'user 7') FROM log;
SELECT pganalytics.retention(event_type = 'signup', aggregate_id = 'user 7', false, aggregate_id = 'x') FROM log;
CREATE FUNCTION plan(query text) RETURNS TABLE (line text) LANGUAGE plpgsql AS $$
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Gather|Parallel|Workers' THEN RETURN NEXT; END IF;
    END LOOP;
END $$;
SELECT * FROM plan(pganalytics.cohort_retention_query('log', 'signup', 'visit'));
SELECT * FROM plan(pganalytics.active_users_query('log'));
CREATE TEMP TABLE parallel AS SELECT * FROM pganalytics.cohort_retention('log', 'signup', 'visit', mode => 'rolling');
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS rows, (SELECT count(*) FROM (TABLE parallel EXCEPT ALL SELECT * FROM pganalytics.cohort_retention('log', 'signup', 'visit', mode => 'rolling')) d) AS different
FROM parallel;

-- Whoever asks needs SELECT, on what is asked for alone; a stranger sees nothing.
CREATE ROLE regress_stranger;
GRANT SELECT (aggregate_id, occurred_at) ON visits TO regress_stranger;
SET ROLE regress_stranger;
SELECT count(*) FROM pganalytics.active_users('visits');
SELECT count(*) FROM pganalytics.cohort_retention('visits', 'signup');
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.lifecycle('log');
\echo :SQLSTATE
RESET ROLE;
DROP OWNED BY regress_stranger;
DROP ROLE regress_stranger;

-- Functions and operators of the same names earlier in the search_path are not called.
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.wrong(anyelement, anyelement) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END';
CREATE OPERATOR hostile.= (FUNCTION = hostile.wrong, LEFTARG = anyelement, RIGHTARG = anyelement);
CREATE FUNCTION hostile.count(x bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END';
CREATE FUNCTION hostile.timezone(x text, y timestamptz) RETURNS timestamp LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END';
CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (VALUE = 'hostile');
SET search_path = hostile, pg_catalog, public;
SELECT sum(retained) FROM pganalytics.cohort_retention('visits', 'signup', mode => 'rolling');
SELECT sum(active), sum(rolling) FROM pganalytics.active_users('visits', rolling => 3);
RESET search_path;
DROP SCHEMA hostile CASCADE;

-- What is refused.
SELECT pganalytics.cohort_retention('visits', period => '1 month 1 day');
\echo :SQLSTATE
SELECT pganalytics.active_users('visits', '-1 day');
SELECT pganalytics.active_users('visits', '1 millisecond');
SELECT pganalytics.lifecycle('visits', '1000 years');
SELECT pganalytics.active_users('visits', rolling => 0);
\echo :SQLSTATE
SELECT pganalytics.cohort_retention('visits', periods => 100000);
SELECT pganalytics.cohort_retention('visits', mode => 'weekly');
\echo :SQLSTATE
SELECT pganalytics.cohort_retention('visits', timezone => 'Nowhere');
\echo :SQLSTATE
SELECT pganalytics.cohort_retention('visits', as_of => NULL);
\echo :SQLSTATE
SELECT pganalytics.lifecycle(NULL);
SELECT pganalytics.active_users('visits', condition => 'true) OR (true');
\echo :SQLSTATE
SELECT pganalytics.active_users('visits', entity => 'aggregate_id AS who');
\echo :SQLSTATE
SELECT pganalytics.active_users('visits', condition => 'no_such_column > 0');
\echo :SQLSTATE
SELECT pganalytics.lifecycle('visits', condition => 'event_type');
\echo :SQLSTATE
SELECT pganalytics.active_users('pg_stats');
\echo :SQLSTATE

SELECT pganalytics.drop_projection(name) FROM pganalytics.projections \g /dev/null
DROP TABLE visits, log, odd, parallel;
DROP FUNCTION differences, plan;
DROP PROCEDURE visit;
