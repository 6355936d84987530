-- Functions for analysis can be called by everybody, with whatever they like, and from
-- functions that run with other rights.
CREATE ROLE regress_owner;
CREATE ROLE regress_stranger;
CREATE SCHEMA shop AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
SET search_path = shop;
SET timezone = 'UTC';
SET ROLE regress_owner;
CREATE TABLE visits (aggregate_id text, event_type text, occurred_at timestamptz, day date, amount int);
INSERT INTO visits SELECT 'v' || i % 3, 'e' || i % 2, '2024-01-01'::timestamptz + i * interval '12 hours', '2024-01-01', i
FROM generate_series(1, 6) i;
-- Functions of an owner who has named schemas, if not pg_temp.
CREATE FUNCTION active() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT active FROM pganalytics.active_users('shop.visits') $$;
CREATE FUNCTION retained() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT retained FROM pganalytics.cohort_retention('shop.visits', period => '1 day', periods => 1) $$;
CREATE FUNCTION lives() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT new FROM pganalytics.lifecycle('shop.visits', '1 day') $$;
CREATE FUNCTION filled() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$ SELECT count(*) FROM pganalytics.fill_gaps(NULL::shop.visits, 'occurred_at', '1 hour') $$;
CREATE FUNCTION others() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT (SELECT count(*) FROM pganalytics.funnel('shop.visits', ARRAY['e0', 'e1']))
    + (SELECT count(*) FROM pganalytics.sessions('shop.visits'))
    + (SELECT count(*) FROM pganalytics.paths('shop.visits', 'e0', gap => '1 hour'))
    + (SELECT count(*) FROM pganalytics.directly_follows('shop.visits'))
$$;
RESET ROLE;
SET ROLE regress_stranger;
\set VERBOSITY terse
SELECT count(*) FROM pganalytics.funnel('visits', ARRAY['e0']);
\echo :SQLSTATE
-- Types of the stranger's with checks of theirs: nobody else runs these.
CREATE FUNCTION pg_temp.trap(anyelement) RETURNS boolean LANGUAGE plpgsql
AS $$ BEGIN RAISE NOTICE 'trapped %', current_user; RETURN true; END $$;
CREATE DOMAIN pg_temp.date AS pg_catalog.date CHECK (pg_temp.trap(VALUE));
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.trap(VALUE));
SELECT * FROM active();
SELECT * FROM retained();
SELECT * FROM lives();
SELECT filled(), others();
DROP DOMAIN pg_temp.date, pg_temp.text;
RESET ROLE;
GRANT SELECT ON visits TO regress_stranger;
SET ROLE regress_stranger;
-- A condition means the tables that it would mean elsewhere.
CREATE TEMP TABLE event (id text);
INSERT INTO event VALUES ('v1');
SELECT DISTINCT mode, size FROM unnest(ARRAY['calendar', 'rolling']) AS mode,
    pganalytics.cohort_retention('visits', cohort_condition => 'aggregate_id IN (SELECT id FROM event)', mode => mode)
ORDER BY mode;
SELECT DISTINCT size FROM pganalytics.cohort_retention(
    'visits', mode => 'rolling', return_condition => 'aggregate_id IN (SELECT id FROM event)');
-- Nor does it end where it should not.
SELECT pganalytics.paths_query('visits', entity => 'aggregate_id) FROM shop.visits --');
SELECT pganalytics.active_users_query('visits', condition => 'true) OR (true');
SELECT pganalytics.lifecycle_query('visits', condition => 'true UNION SELECT true');
SET standard_conforming_strings = off;
SELECT count(*) FROM pganalytics.paths('visits', start => $$\' OR true --$$);
RESET standard_conforming_strings;
-- Patterns that leave too many ranges of time.
SELECT pganalytics.sequence_match('1{0=1,1000000=1}', '(?1)' || repeat('(?t!=2)', 100000) || '(?1)');
SELECT pganalytics.sequence_match(
    '1{0=1,1000000=1}', '(?1)' || (SELECT string_agg('(?t!=' || i || ')', '') FROM generate_series(2, 200) i) || '(?1)');
SELECT pganalytics.sequence_match(
    '1{0=1,1000000=1}', '(?1)' || (SELECT string_agg('(?t!=' || 2 * i || ')', '') FROM generate_series(1, 256) i) || '(?1)');
\echo :SQLSTATE
-- Support functions, called as they are not meant to be.
SELECT pganalytics.timeline_transition(NULL, now(), '{t}');
SELECT pganalytics.timeline_combine('1{0=1}', '1{1=1}');
SELECT pganalytics.hll_transition(NULL, 1);
SELECT pganalytics.retention(VARIADIC array_fill(true, ARRAY[33]));
SELECT pganalytics.timeline(now(), VARIADIC array_fill(true, ARRAY[65]));
SELECT pganalytics.timeline(now(), VARIADIC NULL);
SELECT pganalytics.timeline('epoch', VARIADIC '{{t,f},{NULL,t}}');
SELECT pganalytics.window_funnel_final('2[ff]{0=1}');
SELECT pganalytics.sequence_match_final('2[ff]{0=1}');
SELECT pganalytics.counter_rate_final('2{0=1}');
SELECT pganalytics.delta_final('{{1,2},{3,NULL}}'::bigint []);
SELECT pganalytics.delta_final('{}'::numeric []);
SELECT pganalytics.ewma_final('{0,0,0,0}');
CREATE AGGREGATE pg_temp.strange(float8, timestamptz) (
    SFUNC = pganalytics.delta_transition, STYPE = bigint [], INITCOND = '{1,2}');
SELECT pg_temp.strange(1, now());
CREATE AGGREGATE pg_temp.raw(anyelement) (SFUNC = pganalytics.hll_transition, STYPE = pganalytics.hyperloglog);
SELECT pganalytics.cardinality(pg_temp.raw(i)), pganalytics.cardinality(pganalytics.hll_final(pg_temp.raw(i)))
FROM generate_series(1, 100) i;
-- A value is not changed by what is made of it.
DO $$
DECLARE a pganalytics.timeline := '1{0=1}'; b pganalytics.timeline := a; total pganalytics.timeline;
BEGIN
    FOR i IN 1..3 LOOP
        a := pganalytics.merge_state(a, a, 'pganalytics.rollup(pganalytics.timeline)');
        total := (SELECT pganalytics.rollup(x) FROM unnest(ARRAY[a, b, a]) x);
    END LOOP;
    RAISE NOTICE '%, %, %', b, pganalytics.events(a), pganalytics.events(total);
END $$;
RESET ROLE;
-- Texts of another encoding, of which the last characters must not be read as those of UTF-8:
-- they come out as they went in.
SELECT current_database() AS regression \gset
CREATE DATABASE regress_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\connect regress_latin
CREATE EXTENSION pg_analytics;
CREATE TABLE visits (aggregate_id text, event_type text, occurred_at timestamptz);
GRANT SELECT ON visits TO regress_stranger;
SET ROLE regress_stranger;
SELECT pganalytics.funnel_query('visits', ARRAY[chr(240)]) LIKE '%''' || chr(240) || '''%' AS is_whole;
\set VERBOSITY sqlstate
SELECT pganalytics.funnel('visits', conditions => ARRAY[chr(191)]);
SELECT pganalytics.fill_gaps_query('visits', 'occurred_at', '1 hour', by => ARRAY[chr(191)]);
\set VERBOSITY terse
\connect :regression
DROP DATABASE regress_latin WITH (FORCE);
DROP SCHEMA shop CASCADE;
RESET search_path;
RESET timezone;
DROP OWNED BY regress_owner, regress_stranger;
DROP ROLE regress_owner, regress_stranger;
