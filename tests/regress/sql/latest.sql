-- first(value, by) and last(value, by): the value of the first or last row of a group. In a
-- projection they answer "where does each order stand?".

-- In any query. The oracle: array_agg(value ORDER BY by, position).
CREATE TABLE readings AS
SELECT i AS position, i % 7 AS sensor,
       CASE WHEN i % 11 > 0 THEN (i * 7919) % 50 END AS at,
       CASE WHEN i % 5 > 0 THEN i * 1.5 END AS value
FROM generate_series(1, 1000) AS i;
SELECT count(*) AS sensors,
       count(*) FILTER (WHERE last IS DISTINCT FROM last_expected) AS wrong_last,
       count(*) FILTER (WHERE first IS DISTINCT FROM first_expected) AS wrong_first
FROM (SELECT sensor,
             pganalytics.last(value, at, position) AS last,
             (array_agg(value ORDER BY at DESC, position DESC) FILTER (WHERE at IS NOT NULL))[1] AS last_expected,
             pganalytics.first(value, at, position) AS first,
             (array_agg(value ORDER BY at, position) FILTER (WHERE at IS NOT NULL))[1] AS first_expected
      FROM readings GROUP BY sensor) AS r;

-- The row that wins may have a NULL value; a row without a time never wins. Of rows with
-- the same time and no position, the one that came first or last.
SELECT pganalytics.last(value, at), pganalytics.first(value, at)
FROM (VALUES ('a', 1), ('b', 2), (NULL, 3), ('d', NULL)) AS v (value, at);
SELECT pganalytics.last(value, at), pganalytics.first(value, at)
FROM (VALUES ('a', 1), ('b', 1), ('c', 1)) AS v (value, at);
SELECT pganalytics.last(value, at, position), pganalytics.first(value, at, position)
FROM (VALUES ('none', 1, NULL), ('late', 1, 30), ('early', 1, 10), ('same', 1, 30)) AS v (value, at, position);
SELECT pganalytics.last(1, at), pganalytics.last(1, at) FILTER (WHERE at > 5) FROM (VALUES (NULL::int), (NULL)) AS v (at);
SELECT pganalytics.last(value, at) FROM readings WHERE false;

-- The other columns of the row that won.
SELECT pganalytics.last(value, at, position), pganalytics.last_by(value, at, position), pganalytics.last_position(value, at, position),
       pganalytics.first(value, at, position), pganalytics.first_by(value, at, position), pganalytics.first_position(value, at, position)
FROM readings WHERE sensor = 3;

-- Values of any type, ordered by any type that has an order, in the collation of the call.
SELECT pganalytics.last(x, x), pganalytics.first(x, x) FROM unnest('{NaN,1,-Infinity,2}'::float8[]) AS x;
SELECT pganalytics.last(x, x), pganalytics.first(x, x) FROM unnest('{10,9.5,1e30,-3}'::numeric[]) AS x;
SELECT pganalytics.last(x, ARRAY[x, 1]), pganalytics.first(x, ROW(x, 'a')) FROM unnest('{3,1,2}'::int[]) AS x;
SELECT pganalytics.last(x, x), pganalytics.first(x, x) FROM unnest('{"{\"a\": 1}","[1]","2"}'::jsonb[]) AS x;
SELECT pganalytics.last(x, x COLLATE "C") AS c, pganalytics.last(x, x COLLATE "en-x-icu") AS english FROM unnest('{b,B,a,A}'::text[]) AS x;
SELECT pganalytics.last(at, x) FROM (VALUES (1, '1'::json)) AS v (at, x);
\echo :SQLSTATE

-- As a window function, and over groups and grouping sets.
SELECT i, pganalytics.last('v' || i, -abs(i - 3)) OVER (ORDER BY i) FROM generate_series(1, 5) AS i;
SELECT sensor, pganalytics.last(value, position), pganalytics.first('at ' || at, position)
FROM readings WHERE sensor < 2 GROUP BY ROLLUP (sensor) ORDER BY sensor;

-- A million rows that each win leave nothing behind in memory.
SELECT pganalytics.last(used, i) - pganalytics.last(used, i) FILTER (WHERE i <= 1000) < 1000000 AS flat
FROM (SELECT i, repeat('x', 500 + i % 100) AS long,
             CASE WHEN i IN (1000, 1000000) THEN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE i > 0) END AS used
      FROM generate_series(1, 1000000) AS i OFFSET 0) AS s
HAVING pganalytics.last(long || '.', i) LIKE 'x%' AND pganalytics.last(i, long, i) > 0;
DROP TABLE readings;

-- As projections: the current state of each order, the latest profile of each user.
SELECT pganalytics.create_event_table('events');
CREATE TYPE mood AS ENUM ('calm', 'busy', 'angry');
SELECT pganalytics.create_projection('orders', $$
    SELECT aggregate_id AS order_id, pganalytics.last(event_type, occurred_at) AS status,
           pganalytics.last(payload, occurred_at) AS payload, pganalytics.first(event_type, occurred_at) AS began_as,
           count(*) AS events
    FROM events GROUP BY 1$$);
SELECT pganalytics.create_projection('totals', $$
    SELECT pganalytics.last(aggregate_id, version) FILTER (WHERE event_type = 'paid') AS last_paid,
           pganalytics.first(event_id, aggregate_id COLLATE "C") AS by_name,
           pganalytics.last((payload->>'amount')::numeric, (payload->>'amount')::numeric) AS dearest,
           pganalytics.last(position, (payload->>'mood')::mood) AS moodiest,
           pganalytics.last(position, payload, position) AS by_payload,
           upper(pganalytics.last(event_type COLLATE "C", recorded_at - occurred_at)) || '!' AS slowest
    FROM events HAVING count(*) > 0$$);
-- Rows are the same for the same "by" and FILTER: their columns are kept once.
SELECT count(*) AS state_columns
FROM pg_attribute
WHERE attrelid = (SELECT g.state FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.id = g.projection
                  WHERE p.relation = 'orders'::regclass) AND attname ~ '^c[0-9]';
-- The oracle: the same by array_agg.
CREATE VIEW expected_orders AS
SELECT aggregate_id AS order_id, (array_agg(event_type ORDER BY occurred_at DESC, position DESC))[1] AS status,
       (array_agg(payload ORDER BY occurred_at DESC, position DESC))[1] AS payload,
       (array_agg(event_type ORDER BY occurred_at, position))[1] AS began_as, count(*) AS events
FROM events GROUP BY 1;
CREATE VIEW expected_totals AS
SELECT (array_agg(aggregate_id ORDER BY version DESC, position DESC) FILTER (WHERE event_type = 'paid' AND version IS NOT NULL))[1] AS last_paid,
       (array_agg(event_id ORDER BY aggregate_id COLLATE "C", position))[1] AS by_name,
       max((payload->>'amount')::numeric) AS dearest,
       (array_agg(position ORDER BY (payload->>'mood')::mood DESC, position DESC) FILTER (WHERE payload->>'mood' IS NOT NULL))[1] AS moodiest,
       (array_agg(position ORDER BY payload DESC, position DESC) FILTER (WHERE payload IS NOT NULL))[1] AS by_payload,
       upper((array_agg(event_type ORDER BY recorded_at - occurred_at DESC, position DESC))[1]) || '!' AS slowest
FROM events HAVING count(*) > 0;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM ((TABLE orders EXCEPT ALL TABLE expected_orders) UNION ALL (TABLE expected_orders EXCEPT ALL TABLE orders)) AS o)
         + (SELECT count(*) FROM ((TABLE totals EXCEPT ALL TABLE expected_totals) UNION ALL (TABLE expected_totals EXCEPT ALL TABLE totals)) AS t)
$$;
SELECT differences();
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES
    ('placed', 'order 1', '2024-05-01 10:00', '{"amount": 10, "mood": "busy"}'),
    ('placed', 'order 2', '2024-05-01 10:01', '{"amount": 20}'),
    ('paid', 'order 1', '2024-05-01 10:05', '{"amount": 10, "mood": "calm"}');
SELECT order_id, status, payload, began_as, events FROM orders ORDER BY 1;
SELECT pganalytics.refresh_projection('orders'), pganalytics.refresh_projection('totals'), differences();
-- A late event changes nothing; one at the same moment as the last comes after it.
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES
    ('noted', 'order 1', '2024-05-01 10:03', '{}'),
    ('shipped', 'order 1', '2024-05-01 10:05', '{}'), ('noted', 'order 1', '2024-05-01 09:00', '{"amount": 3}');
SELECT order_id, status, payload, began_as, events FROM orders ORDER BY 1;
SELECT differences();
SELECT pganalytics.refresh_projection('orders'), pganalytics.refresh_projection('totals'), differences();

-- A stream of random batches and folds, full of ties.
SELECT setseed(0.4);
DO $$
DECLARE
    wrong bigint := 0;
BEGIN
    FOR round IN 1..50 LOOP
        INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
        SELECT (ARRAY['placed', 'paid', 'shipped'])[1 + floor(random() * 3)::int], 'order ' || floor(random() * 9)::int,
               timestamptz '2024-05-01' + floor(random() * 6) * interval '1 hour',
               jsonb_build_object('amount', floor(random() * 9), 'mood', (ARRAY['calm', 'busy', 'angry', NULL])[1 + floor(random() * 4)::int])
        FROM generate_series(1, floor(random() * 20)::int);
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.5 THEN
            PERFORM pganalytics.refresh_projection((ARRAY['orders', 'totals'])[1 + floor(random() * 2)::int]);
        END IF;
        COMMIT;
        wrong := wrong + differences();
    END LOOP;
    RAISE NOTICE 'groups that differ: %', wrong;
END $$;

-- Values that lie outside of their row.
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
SELECT 'large', 'order 1', '2024-06-01', jsonb_build_object('text', string_agg(md5(i::text), '')) FROM generate_series(1, 10000) AS i;
SELECT length(payload::text), differences() AS different FROM orders WHERE order_id = 'order 1';
SELECT pganalytics.refresh_projection('orders') > 0 AS folded, differences();

-- A time without an order, a position of one's own, an order without a collation.
SELECT pganalytics.create_projection('refused', 'SELECT pganalytics.last(event_type, payload::json) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT pganalytics.last(event_type, occurred_at, version) FROM events');
ALTER TABLE events ADD COLUMN label text COLLATE "C", ADD COLUMN tag text COLLATE "POSIX";
SELECT pganalytics.create_projection('refused', 'SELECT pganalytics.last(version, label || tag) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT pganalytics.last_by(event_type, occurred_at, position) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT pganalytics.last(event_type, ROW(occurred_at, version)) FROM events');
SELECT differences();

SET client_min_messages = warning;
DROP TABLE events CASCADE;
DROP FUNCTION differences;
DROP TYPE mood;
