-- Any aggregate that PostgreSQL could run in parallel can be kept in a projection: by
-- its state, which is merged as the states of parallel workers are.
SELECT pganalytics.create_event_table('readings');
ALTER TABLE readings ADD sensor text, ADD celsius numeric, ADD humidity float8, ADD flags integer, ADD took interval;
CREATE PROCEDURE measure(first integer, last integer) LANGUAGE sql AS $$
    INSERT INTO readings (event_type, aggregate_id, sensor, celsius, humidity, flags, took)
    SELECT (ARRAY['indoor', 'outdoor'])[1 + i % 2], 'station ' || i % 5, (ARRAY['a', 'B', 'c', NULL])[1 + i % 4],
           CASE WHEN i % 7 > 0 THEN 20 + (i * 37 % 100) / 10.0 END, 40 + (i * 53 % 400) / 10.0,
           i % 16, i % 90 * interval '1 second'
    FROM generate_series(first, last) i $$;
CALL measure(1, 200);

-- The oracle: rows in which a projection differs from its query. Floating-point results
-- depend on the order of addition: they are compared to nine digits.
CREATE FUNCTION differences(projection text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    definition regclass;
    columns text;
    n bigint;
BEGIN
    SELECT g.definition INTO STRICT definition FROM pganalytics_data.projection p
    JOIN pganalytics_data.generation g ON g.id = p.generation WHERE p.relation = $1::regclass;
    SELECT string_agg(CASE WHEN atttypid = 'float8'::regtype THEN format('round(%I::numeric, 9)', attname)
                           ELSE quote_ident(attname) END, ', ' ORDER BY attnum)
    INTO columns FROM pg_attribute WHERE attrelid = projection::regclass AND attnum > 0;
    EXECUTE format('SELECT count(*) FROM ((SELECT %1$s FROM %2$s EXCEPT ALL SELECT %1$s FROM %3$s)
                    UNION ALL (SELECT %1$s FROM %3$s EXCEPT ALL SELECT %1$s FROM %2$s)) d', columns, projection, definition) INTO n;
    RETURN n;
END $$;
-- Before and after folds, with a tail and with late events.
CREATE FUNCTION check_all() RETURNS TABLE (projection text, created bigint, tail bigint, folded bigint, merged bigint)
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE checked ON COMMIT DROP AS
        SELECT name, differences(name) AS created, 0::bigint AS tail, 0::bigint AS folded, 0::bigint AS merged FROM pganalytics.projections;
    CALL measure(150, 260);
    UPDATE checked SET tail = differences(name);
    PERFORM pganalytics.refresh_projection(c.name) FROM checked c;
    UPDATE checked c SET folded = differences(c.name);
    CALL measure(90, 130);
    PERFORM pganalytics.refresh_projection(c.name) FROM checked c;
    CALL measure(1000, 1003);
    UPDATE checked c SET merged = differences(c.name);
    RETURN QUERY SELECT * FROM checked ORDER BY checked.name COLLATE "C";
END $$;
CREATE FUNCTION state_columns(projection text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
    JOIN pg_attribute a ON a.attrelid = g.state WHERE p.relation = $1::regclass AND a.attname ~ '^c[0-9]+$' $$;

SELECT pganalytics.create_projection('statistics', $$
    SELECT sensor, stddev(celsius) AS deviation, variance(celsius) AS variance, stddev_pop(celsius) AS of_all,
           stddev(humidity) AS f8, var_pop(humidity::float4) AS f4, stddev(flags) AS i4, var_samp(position) AS i8, variance(flags::int2) AS i2,
           corr(humidity, flags) AS correlation, regr_slope(humidity, flags) AS slope, regr_count(humidity, flags) AS n,
           covar_pop(humidity, flags) AS covar, regr_r2(humidity, celsius::float8) AS r2,
           bit_and(flags) AS bits_and, bit_or(flags) AS bits_or, bit_xor(flags) AS bits_xor,
           avg(celsius) AS mean, avg(humidity) FILTER (WHERE flags > 7) AS mean_f8, avg(took) FILTER (WHERE event_type = 'indoor') AS mean_time
    FROM readings GROUP BY sensor$$);
SELECT sensor, round(deviation, 4) AS deviation, round(variance, 4) AS variance, n, bits_or, round(mean, 4) AS mean
FROM statistics ORDER BY sensor;

-- Aggregates that differ in their final functions only share a state.
SELECT pganalytics.create_projection('shared', $$
    SELECT event_type, stddev(celsius), variance(celsius), var_pop(celsius), stddev_pop(celsius),
           corr(humidity, flags), regr_slope(humidity, flags), covar_samp(humidity, flags)
    FROM readings GROUP BY 1$$);
SELECT state_columns('shared');
-- Not with another FILTER or argument, or where the type of the argument makes it another aggregate.
SELECT pganalytics.create_projection('not_shared', $$
    SELECT stddev(celsius), stddev(celsius) FILTER (WHERE flags > 3) AS b, stddev(celsius + 1) AS c, stddev(flags) AS d, stddev(humidity) AS e
    FROM readings$$);
SELECT state_columns('not_shared');
-- Expressions over several, and HAVING.
SELECT pganalytics.create_projection('expressions', $$
    SELECT event_type || '!' AS kind, stddev(celsius) / nullif(avg(celsius), 0) AS variation,
           sqrt(var_pop(humidity)) - stddev_pop(humidity) < 1e-9 AS agrees
    FROM readings GROUP BY event_type HAVING stddev(celsius) > 0.1$$);
-- Whatever the collation of the reader.
SELECT pganalytics.create_projection('collated', $$
    SELECT event_type, max(sensor COLLATE "C") AS c, max(sensor COLLATE "POSIX") AS posix, min(sensor) AS plain FROM readings GROUP BY 1$$);

-- Aggregates of one's own. Without final function: the result is the state.
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric, COMBINEFUNC = numeric_mul);
-- With one, and an initial state.
CREATE FUNCTION add_log(state float8[], x float8) RETURNS float8[] IMMUTABLE STRICT LANGUAGE sql
    AS 'SELECT ARRAY[state[1] + 1, state[2] + ln(x)]';
CREATE FUNCTION add_logs(a float8[], b float8[]) RETURNS float8[] IMMUTABLE STRICT LANGUAGE sql
    AS 'SELECT ARRAY[a[1] + b[1], a[2] + b[2]]';
CREATE FUNCTION mean_of_logs(state float8[]) RETURNS float8 IMMUTABLE LANGUAGE sql
    AS 'SELECT CASE WHEN state[1] > 0 THEN exp(state[2] / state[1]) ELSE 0 END';
CREATE AGGREGATE geometric_mean(x float8)
    (SFUNC = add_log, STYPE = float8[], INITCOND = '{0,0}', COMBINEFUNC = add_logs, FINALFUNC = mean_of_logs);
-- Not strict: one NULL makes the result NULL, which is not the NULL of no rows.
CREATE FUNCTION add_or_null(a bigint, b bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
CREATE AGGREGATE sum_or_null(bigint) (SFUNC = add_or_null, STYPE = bigint, INITCOND = '0', COMBINEFUNC = add_or_null);
-- Polymorphic, with a final function that is told the types.
CREATE FUNCTION keep_longest(state anyarray, x anyelement) RETURNS anyarray IMMUTABLE LANGUAGE sql
    AS 'SELECT CASE WHEN state IS NULL OR (length(x::text), x::text) > (length(state[1]::text), state[1]::text) THEN ARRAY[x] ELSE state END';
CREATE FUNCTION longer(a anyarray, b anyarray) RETURNS anyarray IMMUTABLE STRICT LANGUAGE sql
    AS 'SELECT CASE WHEN (length(b[1]::text), b[1]::text) > (length(a[1]::text), a[1]::text) THEN b ELSE a END';
CREATE FUNCTION only_one(state anyarray, x anyelement) RETURNS anyelement IMMUTABLE LANGUAGE sql AS 'SELECT state[1]';
CREATE AGGREGATE longest(anyelement)
    (SFUNC = keep_longest, STYPE = anyarray, COMBINEFUNC = longer, FINALFUNC = only_one, FINALFUNC_EXTRA);
-- Of any number of arguments, of none, and in PL/pgSQL.
CREATE FUNCTION add_all(state numeric, VARIADIC numbers numeric[]) RETURNS numeric IMMUTABLE LANGUAGE sql
    AS 'SELECT state + coalesce((SELECT sum(n) FROM unnest(numbers) n), 0)';
CREATE AGGREGATE sum_all(VARIADIC numeric[]) (SFUNC = add_all, STYPE = numeric, INITCOND = '0', COMBINEFUNC = numeric_add);
CREATE FUNCTION count_one(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 + 1; END';
CREATE FUNCTION as_text(bigint) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN $1 || ' rows'; END$$;
CREATE AGGREGATE row_count(*) (SFUNC = count_one, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, FINALFUNC = as_text);
-- With an internal state.
CREATE AGGREGATE exact_mean(numeric) (SFUNC = numeric_avg_accum, STYPE = internal, COMBINEFUNC = numeric_avg_combine,
    SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize, FINALFUNC = numeric_avg);

SELECT pganalytics.create_projection('own_aggregates', $$
    SELECT sensor, round(product(1 + celsius / 1000), 9) AS product, geometric_mean(humidity) AS geometric, sum_or_null(flags::bigint) AS total,
           sum_or_null(CASE WHEN flags <> 9 THEN flags::bigint END) AS spoilt, longest(aggregate_id || repeat('!', flags)) AS longest,
           longest(flags * flags * 1000003) AS longest_number, sum_all(celsius, flags, 1) AS sums, sum_all(VARIADIC ARRAY[flags]) AS sums_of_array,
           row_count(*) AS rows, exact_mean(celsius) AS mean
    FROM readings GROUP BY sensor$$);
SELECT sensor, total, spoilt, longest_number, sums_of_array, rows, round(mean, 4) AS mean FROM own_aggregates ORDER BY sensor;

-- Of no events: what the aggregate returns for no rows. One group without FILTERed rows, too.
SELECT pganalytics.create_projection('nothing', $$
    SELECT stddev(celsius), geometric_mean(humidity), row_count(*), sum_or_null(flags), exact_mean(celsius), corr(humidity, flags), regr_count(humidity, flags)
    FROM readings WHERE aggregate_id = 'nowhere'$$);
SELECT pganalytics.create_projection('filtered', $$
    SELECT event_type, stddev(celsius) FILTER (WHERE flags > 99), geometric_mean(humidity) FILTER (WHERE flags > 99) AS geometric,
           exact_mean(celsius) FILTER (WHERE position > 400) AS late, longest(sensor) FILTER (WHERE flags > 99) AS longest
    FROM readings GROUP BY 1$$);
SELECT * FROM nothing;

SELECT * FROM check_all();

-- A long tail is aggregated by parallel workers (in a session that knows nothing yet).
INSERT INTO readings (event_type, aggregate_id, sensor, celsius, flags) SELECT 'indoor', 'x', 'p', i % 100, i % 8 FROM generate_series(1, 20000) i;
ANALYZE readings;
\c -
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT differences('statistics'), differences('own_aggregates');
SELECT pganalytics.refresh_projection('statistics');
SELECT differences('statistics');
RESET ALL;

-- A projection that is built anew has derived aggregates of its own; DISTINCT is no other.
SELECT pganalytics.rebuild_projection('own_aggregates');
CALL measure(20, 30);
SELECT differences('own_aggregates');
SELECT pganalytics.refresh_projection('own_aggregates') > 0 AS folded;
SELECT count(*) AS wrong FROM pganalytics.verify_projection('own_aggregates');
SELECT count(*) AS wrong FROM pganalytics.verify_projection('statistics');
SELECT pganalytics.create_projection('of_distinct', $$
    SELECT event_type, stddev(DISTINCT celsius) AS celsius, exact_mean(DISTINCT celsius) FILTER (WHERE flags > 3) AS mean,
           geometric_mean(DISTINCT flags + 1) AS flags, pganalytics.last(sensor, occurred_at) IS NOT NULL AS last, variance(celsius) AS of_all
    FROM readings GROUP BY 1$$);
CALL measure(20, 90);
SELECT differences('of_distinct');
SELECT pganalytics.refresh_projection('of_distinct') > 0 AS folded;
CALL measure(1010, 1020);
SELECT differences('of_distinct');

-- States can be merged and finished by hand: many with merge_states, two with merge_state.
SELECT g.state FROM pganalytics_data.projection p JOIN pganalytics_data.generation g ON g.id = p.generation
WHERE p.relation = 'shared'::regclass \gset
SELECT pganalytics.refresh_projection('shared') > 0 AS folded;
SELECT pganalytics.finish_state(pganalytics.merge_states(c1, 'stddev(numeric)'), 'stddev(numeric)', NULL::numeric)
         = (SELECT stddev(celsius) FROM readings) AS many,
       pganalytics.finish_state(pganalytics.merge_state((array_agg(c1))[1], (array_agg(c1))[2], 'variance(numeric)'), 'variance(numeric)', NULL::numeric)
         = (SELECT variance(celsius) FROM readings) AS two,
       abs(pganalytics.finish_state(pganalytics.merge_states(c2, 'corr(float8, float8)'), 'corr(float8, float8)', NULL::float8)
         - (SELECT corr(humidity, flags) FROM readings)) < 1e-9 AS plain
FROM :state;
-- Of no states, and of NULL.
SELECT pganalytics.merge_states(c1, 'stddev(numeric)') IS NULL AS none FROM :state WHERE false;
SELECT pganalytics.merge_state(NULL::bytea, NULL, 'stddev(numeric)') IS NULL AS none,
       pganalytics.merge_state(2, NULL, 'max(integer)') AS one, pganalytics.merge_state(2, 3, 'max(integer)') AS two,
       pganalytics.merge_state('b'::text COLLATE "C", 'A', 'max(text)') AS text;
SELECT pganalytics.finish_state(NULL::float8[], 'geometric_mean(float8)', NULL::float8) AS initial,
       pganalytics.finish_state(NULL::bytea, 'stddev(numeric)', NULL::numeric) AS internal,
       pganalytics.finish_state('{2,6}'::bigint[], 'avg(integer)', NULL::numeric) AS mean,
       pganalytics.finish_state(7, 'max(integer)', NULL::integer) AS itself,
       pganalytics.finish_state(ARRAY['x'], 'longest(anyelement)', NULL::text) AS polymorphic;
SELECT pganalytics.merge_state('{2,6}'::bigint[], '{3,4}', 'avg(integer)') AS in_place;

-- The aggregate is what the projection depends on, and its twin goes with it.
\set VERBOSITY sqlstate
DROP AGGREGATE geometric_mean(float8);
\set VERBOSITY default
ALTER AGGREGATE geometric_mean(float8) RENAME TO geo_mean;
CALL measure(300, 310);
SELECT differences('own_aggregates');
SELECT count(*) > 0 AS there FROM pg_proc WHERE proname ~ '^partial_[0-9]+_[0-9]+$';
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections WHERE name <> 'statistics' ORDER BY name;
SET client_min_messages = warning;
DROP TABLE readings CASCADE;
SELECT count(*) FROM pg_proc WHERE proname ~ '^partial_';
DROP AGGREGATE product(numeric), geo_mean(float8), sum_or_null(bigint), longest(anyelement), sum_all(VARIADIC numeric[]), row_count(*), exact_mean(numeric);
DROP FUNCTION add_log, add_logs, mean_of_logs, add_or_null, keep_longest, longer, only_one, add_all, count_one, as_text, differences, check_all, state_columns;
DROP PROCEDURE measure;
