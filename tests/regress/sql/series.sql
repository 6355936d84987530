-- Series of numbers: how far one has moved and how fast, its moving average, and whether the
-- newest value is out of the ordinary.
SET search_path = public, pganalytics;

-- delta() and rate(): from the first value to the last, by time. A meter is read now and then.
CREATE TABLE readings (meter text, at timestamptz, kwh float8, paid numeric);
INSERT INTO readings VALUES
    ('a', '2024-05-01 12:00', 130, 13.00), ('a', '2024-05-01 10:00', 100, 10.00), ('a', '2024-05-01 11:00', 180, 18.00),
    ('b', '2024-05-01 10:00', 7, 0.7),
    ('c', NULL, 1, 1), ('c', '2024-05-01 10:00', NULL, NULL);
SELECT meter, delta(kwh, at), rate(kwh, at) * 3600 AS per_hour, delta(paid, at) AS paid, rate(paid, at) AS paid_per_second
FROM readings GROUP BY meter ORDER BY meter;
SELECT delta(kwh, at), rate(paid, at) FROM readings WHERE false;

-- Of several values at one time the greatest counts, whatever the order of rows. A moment has
-- no length, and what has no end has no rate.
SELECT delta(x, ts ORDER BY x), delta(x, ts ORDER BY x DESC) AS same, delta(x::numeric, ts) AS exact
FROM (VALUES (1, timestamptz '2024-05-01'), (3, '2024-05-01'), (5, '2024-05-02'), (2, '2024-05-02')) AS v (x, ts);
SELECT delta(x, '2024-05-01'), rate(x, '2024-05-01') FROM generate_series(1, 3) AS x;
SELECT delta(x, ts), rate(x, ts), rate(x::numeric, ts) AS exact
FROM (VALUES (1, timestamptz '2024-05-01'), (3, 'infinity')) AS v (x, ts);
SELECT delta(x, ts), rate(x, ts) FROM (VALUES (1, timestamptz '0001-01-01 BC'), (3, '9999-12-31 23:59:59.999999')) AS v (x, ts);
SELECT delta(x, ts), delta(x::numeric, ts) AS exact
FROM (VALUES ('NaN'::float8, timestamptz '2024-05-01'), (1, '2024-05-02')) AS v (x, ts);
SELECT delta(x, ts ORDER BY x::text), delta(x, ts ORDER BY x::text DESC) AS same
FROM (VALUES (1.0, timestamptz '2024-05-01'), (1.00, '2024-05-01'), (2, '2024-05-02')) AS v (x, ts);
SELECT delta(x, to_timestamp(i)) FROM unnest('{-1e308,1e308}'::float8[]) WITH ORDINALITY AS v (x, i);

-- As a window function: what each reading has added to the one before it.
SELECT at, kwh, delta(kwh, at) OVER (ORDER BY at ROWS 1 PRECEDING) AS added FROM readings WHERE meter = 'a' ORDER BY at;

-- counter_delta() and counter_rate(): a counter that begins at 0 again when its process does.
-- What is below the reading before it tells of that, and adds all of itself.
CREATE TABLE requests (at timestamptz, served bigint);
INSERT INTO requests VALUES ('2024-05-01 13:00', 4), ('2024-05-01 10:00', 10), ('2024-05-01 12:00', 3), ('2024-05-01 11:00', 15), ('2024-05-01 11:00', 2), (NULL, 99), ('2024-05-01 11:30', NULL);
SELECT delta(served, at), counter_delta(served, at), counter_rate(served, at) * 3600 AS an_hour FROM requests;
SELECT at, served, counter_delta(served, at) OVER (ORDER BY at) AS so_far FROM requests WHERE at IS NOT NULL ORDER BY at, served;
SELECT counter_delta(7, '2024-05-01'), counter_rate(7, '2024-05-01'), counter_delta(NULL, now()) AS none;
SELECT counter_delta(served, at), counter_rate(served, at) FROM requests WHERE false;

-- ewma(value, alpha): each row moves the average by alpha of what it is away. Nulls are left out.
SELECT day, x, ewma(x, 0.5) OVER (ORDER BY day) AS average
FROM (VALUES (1, 10), (2, 20), (3, NULL), (4, 20), (5, 0)) AS v (day, x);
SELECT ewma(x, 1 ORDER BY x) AS last, ewma(x, 0.5) FILTER (WHERE x > 9) AS none FROM generate_series(1, 9) AS x;
SELECT ewma(1, 0);
SELECT ewma(1, 1.5);
SELECT ewma(1, 'NaN');
SELECT ewma(1, NULL);

-- ewma(value, ts, half_life): what is a half-life older than the newest value weighs half as much.
SELECT ts::date, x, ewma(x, ts, '1 day') OVER (ORDER BY ts) AS average
FROM (VALUES (timestamptz '2024-05-01', 10), ('2024-05-02', 40), ('2024-05-02', 40), ('2024-05-09', 0)) AS v (ts, x);
SELECT round(ewma(x, ts, '1 day' ORDER BY ts)::numeric, 12) = round(ewma(x, ts, '1 day' ORDER BY ts DESC)::numeric, 12) AS in_any_order
FROM (VALUES (timestamptz '2024-05-01', 10), ('2024-05-02', 40), ('2024-05-02', 40), ('2024-05-09', 0)) AS v (ts, x);
SELECT ewma(x, now(), '1 day') FROM generate_series(1, 9) AS x;
SELECT ewma(1, now(), '1 month');
SELECT ewma(1, now(), '-1 hours');
SELECT ewma(1, now(), NULL);
SELECT ewma(x, now(), x * interval '1 day') FROM generate_series(1, 2) AS x;

-- z_score() and anomaly_score(): the last row of the frame, judged by the rows before it.
CREATE TABLE daily AS
SELECT date '2024-05-01' + i AS day, (ARRAY[20, 23, 19, 21, 22, 20, 95, 21, 22, 20, 60, 21])[i + 1] AS orders
FROM generate_series(0, 11) AS i;
SELECT day, orders, round(z_score(orders) OVER w::numeric, 2) AS z, round(anomaly_score(orders) OVER w::numeric, 2) AS anomaly
FROM daily WINDOW w AS (ORDER BY day ROWS 7 PRECEDING);
-- The 95 hides the 60 from the mean, not from the median.

-- The oracle: the definition, spelled out.
CREATE TABLE noise AS
SELECT i, CASE WHEN i % 17 > 0 THEN ((i * 7919) % 23)::float8 + CASE i % 41 WHEN 0 THEN 1e6 ELSE 0 END END AS x FROM generate_series(1, 600) AS i;
SELECT width, count(*) FILTER (WHERE z IS NOT NULL) AS scores,
       count(*) FILTER (WHERE abs(z - expected_z) > 1e-9 * (1 + abs(z)) OR (z IS NULL) <> (expected_z IS NULL)) AS wrong_z,
       count(*) FILTER (WHERE abs(a - expected_a) > 1e-9 * (1 + abs(a)) OR (a IS NULL) <> (expected_a IS NULL)) AS wrong_anomaly
FROM (SELECT n.i, 3 AS width, n.x, z_score(n.x) OVER w AS z, anomaly_score(n.x) OVER w AS a FROM noise n WINDOW w AS (ORDER BY n.i ROWS 3 PRECEDING)
      UNION ALL SELECT n.i, 30, n.x, z_score(n.x) OVER w, anomaly_score(n.x) OVER w FROM noise n WINDOW w AS (ORDER BY n.i ROWS 30 PRECEDING)
      UNION ALL SELECT n.i, 600, n.x, z_score(n.x) OVER w, anomaly_score(n.x) OVER w FROM noise n WINDOW w AS (ORDER BY n.i)) AS ours
CROSS JOIN LATERAL (
    SELECT (ours.x - avg(o.x)) / nullif(stddev_samp(o.x), 0) AS expected_z, percentile_cont(0.5) WITHIN GROUP (ORDER BY o.x) AS median
    FROM noise o WHERE o.i BETWEEN ours.i - width AND ours.i - 1) AS m
CROSS JOIN LATERAL (
    SELECT CASE WHEN count(o.x) >= 2 THEN (ours.x - median) / CASE
               WHEN percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(o.x - median)) > 0
               THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(o.x - median)) / 0.6745
               ELSE 1.253314 * avg(abs(o.x - median)) END END AS expected_a
    FROM noise o WHERE o.i BETWEEN ours.i - width AND ours.i - 1) AS d
GROUP BY width ORDER BY width;

-- Fewer than two before it: NULL. All the same before it: 0, or infinitely unusual. Not finite: NaN.
SELECT i, x, z_score(x) OVER w AS z, anomaly_score(x) OVER w AS anomaly
FROM unnest('{5,5,5,6,NULL,5,NaN,5,Infinity}'::float8[]) WITH ORDINALITY AS v (x, i) WINDOW w AS (ORDER BY i ROWS 4 PRECEDING) ORDER BY i;
-- More than half of those before it are the same: their mean distance counts.
SELECT anomaly_score(x ORDER BY i) FROM unnest('{0,0,0,0,0,4,0,2}'::float8[]) WITH ORDINALITY AS v (x, i);
-- What has left the frame leaves nothing behind.
SELECT i, z_score(x) OVER (ORDER BY i ROWS 3 PRECEDING) AS z FROM unnest('{1e24,2,4,3,5}'::float8[]) WITH ORDINALITY AS v (x, i);
SELECT z_score(x ORDER BY i) FROM unnest('{1e300,-1e300,1}'::float8[]) WITH ORDINALITY AS v (x, i);
-- Of a group: is its last value unusual?
SELECT meter, z_score(kwh ORDER BY at), anomaly_score(kwh ORDER BY at) FROM readings GROUP BY meter ORDER BY meter;
SELECT z_score(x) OVER w, anomaly_score(x) OVER w FROM (VALUES (1), (2)) AS v (x) WHERE false WINDOW w AS (ROWS 2 PRECEDING);

-- In parallel, where the order of rows does not matter.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE TABLE many AS
SELECT i % 10 AS k, (i * 7919) % 1000 AS x, timestamptz '2024-05-01' + (i % 9973 * 7919 % 9973) * interval '1 minute' AS ts FROM generate_series(1, 50000) AS i;
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT k, delta(x, ts), rate(x::numeric, ts), counter_rate(x, ts), ewma(x, ts, '1 day') FROM many GROUP BY k;
CREATE TEMP TABLE in_parallel AS
SELECT k, delta(x, ts), rate(x, ts), delta(x::numeric, ts) AS exact, counter_delta(x, ts), round(ewma(x, ts, '1 day')::numeric, 6) AS average FROM many GROUP BY k;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS different FROM (TABLE in_parallel EXCEPT ALL
    SELECT k, delta(x, ts), rate(x, ts), delta(x::numeric, ts), counter_delta(x, ts), round(ewma(x, ts, '1 day')::numeric, 6) FROM many GROUP BY k) AS d;
RESET max_parallel_workers_per_gather;
EXPLAIN (COSTS OFF) SELECT k, ewma(x, 0.5), z_score(x) FROM many GROUP BY k;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- As a projection: late events count where they belong.
SELECT create_event_table('metering');
SELECT create_projection('meters', $$
    SELECT aggregate_id AS meter, delta((payload->>'kwh')::float8, occurred_at) AS used, rate((payload->>'kwh')::float8, occurred_at) * 3600 AS kw,
           delta((payload->>'paid')::numeric, occurred_at) AS paid, rate((payload->>'paid')::numeric, occurred_at) AS paid_per_second,
           counter_delta((payload->>'kwh')::float8, occurred_at) AS counted, counter_rate((payload->>'kwh')::float8, occurred_at) AS counted_per_second
    FROM metering GROUP BY 1 $$);
SELECT create_projection('levels', $$
    SELECT aggregate_id AS meter, ewma((payload->>'kwh')::float8, occurred_at, '2 hours') AS level FROM metering GROUP BY 1 $$);
CREATE VIEW expected AS
SELECT aggregate_id AS meter, delta((payload->>'kwh')::float8, occurred_at) AS used, rate((payload->>'kwh')::float8, occurred_at) * 3600 AS kw,
       delta((payload->>'paid')::numeric, occurred_at) AS paid, rate((payload->>'paid')::numeric, occurred_at) AS paid_per_second,
       counter_delta((payload->>'kwh')::float8, occurred_at) AS counted, counter_rate((payload->>'kwh')::float8, occurred_at) AS counted_per_second
FROM metering GROUP BY 1;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM ((TABLE meters EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE meters)) AS d)
         -- Sums of float8 depend on order in their last digits.
         + (SELECT count(*) FROM levels FULL JOIN (
                SELECT aggregate_id AS meter, ewma((payload->>'kwh')::float8, occurred_at, '2 hours') AS level FROM metering GROUP BY 1) AS e USING (meter)
            WHERE abs(levels.level - e.level) > 1e-9 OR num_nulls(levels.level, e.level) = 1)
$$;
INSERT INTO metering (event_type, aggregate_id, occurred_at, payload)
SELECT 'read', 'meter ' || i % 3, timestamptz '2024-05-01' + i * interval '1 hour', jsonb_build_object('kwh', i * i, 'paid', i * 1.50) FROM generate_series(1, 20) AS i;
SELECT meter, used, round(kw::numeric, 3) AS kw, paid, counted, differences() FROM meters ORDER BY meter;
SELECT refresh_projection('meters'), refresh_projection('levels'), differences();
INSERT INTO metering (event_type, aggregate_id, occurred_at, payload) VALUES
    ('read', 'meter 1', '2024-04-01', '{"kwh": -5, "paid": 0.001}'), ('read', 'meter 1', '2024-05-01 19:00', '{"kwh": 1000, "paid": 99}'),
    ('read', 'meter 2', '2024-05-01 15:30', '{"kwh": 1, "paid": 1}'), ('read', 'meter 4', '2024-05-01 15:30', '{"kwh": 1}'), ('noted', 'meter 5', '2024-05-01', '{}');
SELECT meter, used, round(kw::numeric, 3) AS kw, paid, counted, differences() FROM meters ORDER BY meter;
SELECT refresh_projection('meters'), refresh_projection('levels'), differences();
SELECT meter, used, round(kw::numeric, 3) AS kw, paid, counted FROM meters ORDER BY meter;
SELECT * FROM verify_projection('meters');
-- A stream of random batches and folds.
SELECT setseed(0.7);
DO $$
DECLARE
    wrong bigint := 0;
BEGIN
    FOR round IN 1..40 LOOP
        INSERT INTO metering (event_type, aggregate_id, occurred_at, payload)
        SELECT 'read', 'meter ' || floor(random() * 5)::int, timestamptz '2024-05-01' + floor(random() * 40) * interval '1 hour',
               jsonb_build_object('kwh', floor(random() * 9), 'paid', round(random()::numeric, floor(random() * 3)::int))
        FROM generate_series(1, floor(random() * 20)::int);
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.5 THEN
            PERFORM pganalytics.refresh_projection((ARRAY['meters', 'levels'])[1 + floor(random() * 2)::int]);
        END IF;
        COMMIT;
        wrong := wrong + differences();
    END LOOP;
    RAISE NOTICE 'groups that differ: %', wrong;
END $$;
-- What needs all rows in order is no projection, but reads from one.
SELECT create_projection('refused', 'SELECT aggregate_id, ewma((payload->>''kwh'')::float8, 0.5) FROM metering GROUP BY 1');
SELECT create_projection('refused', 'SELECT aggregate_id, z_score((payload->>''kwh'')::float8) FROM metering GROUP BY 1');

-- Support functions refuse what is no state of theirs, and to be called from SQL.
SELECT delta_final('{1,2,3}'::bigint[]);
SELECT delta_final('{1,2,3,NULL}'::bigint[]);
SELECT rate_final('{NaN,1,2,3}'::numeric[]);
SELECT delta_combine('{1,2,3}'::numeric[], '{1,2,3,4}');
SELECT ewma_final('{0,0,0,0}');
SELECT delta_combine('{1,2,3,4}'::bigint[], '{1,2,3,4}');
SELECT counter_delta_final(timeline(now(), true));
CREATE AGGREGATE forged(float8, timestamptz) (SFUNC = pganalytics.counter_transition, STYPE = pganalytics.timeline, INITCOND = '1{}');
SELECT forged(1, now());
DROP AGGREGATE forged(float8, timestamptz);
CREATE AGGREGATE forged(bigint []) (SFUNC = pganalytics.delta_combine, STYPE = bigint [], INITCOND = '{1,2,3}');
SELECT forged('{1,2,3,4}');
CREATE OR REPLACE AGGREGATE forged(bigint []) (SFUNC = pganalytics.delta_combine, STYPE = bigint [], INITCOND = '{1,2,NULL,4}');
SELECT forged('{1,2,3,4}');
CREATE OR REPLACE AGGREGATE forged(bigint []) (SFUNC = pganalytics.ewma_combine, STYPE = bigint []);
SELECT forged(x) FROM (VALUES ('{1,2,3,4}'::bigint[]), ('{5,6,7}'), (NULL)) AS v (x);
DROP AGGREGATE forged(bigint []);

SET client_min_messages = warning;
DROP TABLE metering CASCADE;
DROP FUNCTION differences;
DROP TABLE readings, requests, daily, noise, many;
