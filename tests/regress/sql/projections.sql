-- Projections: exact in every isolation level, before and after a fold, to the
-- last uncommitted row.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
SELECT CASE i % 3 WHEN 0 THEN 'refund' ELSE 'order' END, 'customer ' || i % 4, timestamptz '2024-01-30' + i * interval '1 hour',
       CASE i % 5 WHEN 0 THEN '{}' ELSE jsonb_build_object('amount', i * 1.25, 'country', (ARRAY['de', 'fr'])[i % 3]) END
FROM generate_series(1, 60) i;

\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences

SELECT pganalytics.create_projection('daily', $$
    SELECT date_trunc('day', occurred_at) AS day, event_type, count(*) AS events,
           sum((payload->>'amount')::numeric) AS amount, avg((payload->>'amount')::numeric) AS mean,
           count(*) FILTER (WHERE payload ? 'country') AS known
    FROM events GROUP BY 1, 2$$);
SELECT * FROM daily ORDER BY 1, 2;
SELECT name, source, events_folded, tail, folds, last_error FROM pganalytics.projections;

-- An event is in the projection as soon as it is in the log, folded or not.
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
VALUES ('order', 'new', '2024-01-30 05:00', '{"amount": 100}'), ('gift', 'new', '2023-12-31', '{}');
SELECT * FROM daily WHERE day < '2024-01-31' ORDER BY 1, 2;
SELECT events_folded, tail FROM pganalytics.projections;
SELECT pganalytics.refresh_projection('daily');
SELECT events_folded, tail, differences(name) FROM pganalytics.projections;
SELECT pganalytics.refresh_projection('daily') AS nothing_new;
SELECT events_folded, folds FROM pganalytics.projections;

-- Every kind of aggregate, NULL keys, expressions over keys and aggregates.
SELECT pganalytics.create_projection('everything', $$
    SELECT payload->>'country' AS country, upper(event_type) AS kind, position % 2 = 0 AS even,
           count(*) AS n, count(payload->'amount') AS amounts, sum(version::int2) AS s2, sum(version::int4) AS s4,
           sum(version) AS s8, sum(version::float4) AS f4, sum(version::float8) AS f8, sum(version::numeric / 3) AS num,
           sum(version * interval '1 min') AS si, sum(version::int::money) AS sm,
           avg(version::int2) AS a2, avg(version::int4) AS a4, avg(version) AS a8, avg(version::float4) AS af4,
           avg(version::float8) AS af8, avg(version::numeric) AS an, avg(version * interval '1 min') AS ai,
           min(occurred_at) AS first_at, max(aggregate_id) AS top, min(aggregate_id COLLATE "POSIX") AS bottom,
           max(ARRAY[version, position]) AS pair, bool_and(version < 30) AS all_low, bool_or(version > 30) AS some_high,
           every(payload ? 'amount') FILTER (WHERE event_type = 'order') AS orders_have_amount,
           bit_or(version::int) AS bits,
           pganalytics.approx_count_distinct(aggregate_id) AS aggregates, sum(version) / count(*) + max(version) AS mixed
    FROM events
    WHERE event_type <> 'gift'
    GROUP BY payload->>'country', event_type, position % 2 = 0
    HAVING count(*) > 1 AND max(version) IS NOT NULL$$);
SELECT country, kind, even, n, amounts, a4, all_low FROM everything ORDER BY 1, 2, 3;
SELECT differences('everything');

-- Without GROUP BY there is one group, also when there are no events.
SELECT pganalytics.create_projection('totals',
    'SELECT count(*), sum(version), max(occurred_at) FROM events WHERE aggregate_id = ''nobody''');
SELECT * FROM totals;
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('order', 'nobody', '2024-05-01');
SELECT * FROM totals;
SELECT pganalytics.refresh_projection('totals');
SELECT count, sum, differences('totals') FROM totals;
-- A list of keys without aggregates; HAVING alone.
SELECT pganalytics.create_projection('kinds', 'SELECT event_type FROM events GROUP BY event_type');
SELECT * FROM kinds ORDER BY 1;
SELECT pganalytics.create_projection('busy', 'SELECT aggregate_id FROM events GROUP BY 1 HAVING count(*) > 2');
SELECT * FROM busy ORDER BY 1;

-- Own uncommitted rows, before and after a refresh in the same transaction.
BEGIN;
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('order', 'own', '2024-06-01', '{"amount": 1}');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT pganalytics.refresh_projection('everything');
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('order', 'own', '2024-06-01', '{"amount": 2}');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
COMMIT;
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('order', 'own', '2024-06-01', '{"amount": 3}');
SELECT name, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT pganalytics.refresh_projection('daily');
\echo :SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT sum(differences(name)) FROM pganalytics.projections;
COMMIT;

-- Conditions on keys reach the index of the state.
SET enable_seqscan = off;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(line, '_[0-9]+', '_N', 'g');
    END LOOP;
END $$;
SELECT plan('SELECT events FROM daily WHERE day = ''2024-01-31'' AND event_type = ''order''');
DROP FUNCTION plan;
RESET enable_seqscan;

-- The settings of creation hold, not those of whoever reads or folds.
SET timezone = 'America/New_York';
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('order', 'z', '2024-03-01 00:30+00');
SELECT day AT TIME ZONE 'UTC' AS day, events FROM daily WHERE event_type = 'order' AND day > '2024-02-15' ORDER BY 1;
SELECT pganalytics.refresh_projection('daily');
SELECT day AT TIME ZONE 'UTC' AS day, events FROM daily WHERE event_type = 'order' AND day > '2024-02-15' ORDER BY 1;
SET timezone = 'UTC';

-- Renaming and adding columns does not disturb them.
ALTER TABLE events RENAME TO happenings;
ALTER TABLE happenings ADD COLUMN extra integer DEFAULT 7;
ALTER VIEW daily RENAME TO per_day;
INSERT INTO happenings (event_type, aggregate_id, extra) VALUES ('order', 'z', 8);
SELECT sum(differences(name)) FROM pganalytics.projections;
SELECT pganalytics.refresh_projection('per_day') > 0 AS folded;
SELECT sum(differences(name)) FROM pganalytics.projections;

-- A stream of random batches, folds and rollbacks: always equal to the query.
SELECT setseed(0.42);
DO $$
DECLARE
    names text[] := ARRAY['per_day', 'everything', 'totals', 'kinds', 'busy'];
    wrong bigint := 0;
BEGIN
    FOR round IN 1..60 LOOP
        INSERT INTO happenings (event_type, aggregate_id, occurred_at, payload)
        SELECT (ARRAY['order', 'refund', 'gift'])[1 + floor(random() * 3)::int], 'r' || floor(random() * 9)::int,
               timestamptz '2024-02-01' + random() * interval '20 days',
               CASE WHEN random() < 0.2 THEN '{}' ELSE jsonb_build_object('amount', floor(random() * 900) / 100) END
        FROM generate_series(1, floor(random() * 30)::int);
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.5 THEN
            PERFORM pganalytics.refresh_projection(names[1 + floor(random() * 5)::int]);
        END IF;
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        SELECT wrong + sum(differences(name)) INTO wrong FROM pganalytics.projections;
    END LOOP;
    RAISE NOTICE 'groups that differ: %', wrong;
END $$;

-- Drop.
SELECT pganalytics.drop_projection('totals');
SELECT pganalytics.drop_projection('totals');
\echo :SQLSTATE
SELECT pganalytics.refresh_projection('happenings');
\echo :SQLSTATE
\set VERBOSITY terse
CREATE VIEW ordered AS SELECT * FROM per_day ORDER BY day;
SELECT pganalytics.drop_projection('per_day');
\echo :SQLSTATE
DROP TABLE happenings;
\echo :SQLSTATE
SET client_min_messages = warning;
DROP TABLE happenings CASCADE;
SELECT count(*) FROM pganalytics.projections;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
DROP FUNCTION differences;
