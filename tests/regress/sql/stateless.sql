-- Without GROUP BY and aggregates a projection is a table derived from the log:
-- filtered, reshaped, enriched; a row for each row of its query, only ever added to.
SELECT pganalytics.create_event_table('events');
CREATE TABLE users (id text PRIMARY KEY, name text);
INSERT INTO users VALUES ('1', 'Ada'), ('2', 'Grace');
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
SELECT (ARRAY['viewed', 'paid'])[1 + i % 2], (1 + i % 3)::text, timestamptz '2024-01-01' + i * interval '1 hour',
       jsonb_build_object('amount', i * 1.5, 'tags', to_jsonb((ARRAY['a', 'b', 'c'])[1:i % 4]))
FROM generate_series(1, 20) i;

-- The oracle: the rows in which a projection differs from its query; the event's
-- own columns at the end are left out.
CREATE FUNCTION differences(projection regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    of_definition regclass;
    shown text;
    n bigint;
BEGIN
    SELECT g.definition INTO STRICT of_definition FROM pganalytics_data.projection p
    JOIN pganalytics_data.generation g ON g.id = p.generation WHERE p.relation = $1;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown FROM pg_attribute WHERE attrelid = of_definition AND attnum > 0;
    EXECUTE format('SELECT count(*) FROM ((SELECT %3$s FROM %1$s EXCEPT ALL TABLE %2$s) UNION ALL (TABLE %2$s EXCEPT ALL SELECT %3$s FROM %1$s)) d',
                   projection, of_definition, shown) INTO n;
    RETURN n;
END $$;

SELECT pganalytics.create_projection('payments', $$
    SELECT e.aggregate_id AS user_id, u.name, (payload->>'amount')::numeric(10,1) AS amount,
           to_char(occurred_at, 'Dy HH24:MI') AS at, event_type COLLATE "C" AS kind
    FROM events e LEFT JOIN users u ON u.id = e.aggregate_id
    WHERE event_type = 'paid'$$);
\d payments
SELECT user_id, name, amount, at, kind FROM payments ORDER BY position LIMIT 4;

-- The event's own columns come last, unless the query has columns of their names.
SELECT pganalytics.create_projection('own_columns', 'SELECT position, event_id AS id, position AS again, event_type FROM events');
SELECT pganalytics.create_projection('other_columns', 'SELECT payload->>''amount'' AS event_id, position::text FROM events');
SELECT pganalytics.create_projection('tags', $$
    SELECT t.tag, t.place, name FROM users JOIN events e ON id = e.aggregate_id, unnest(ARRAY['x', payload->>'amount']) WITH ORDINALITY AS t (tag, place)
    WHERE tag <> '3.0'$$);
SELECT c.relname, string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE attrelid = ANY ('{own_columns,other_columns,tags}'::regclass[]) AND attnum > 0 GROUP BY 1 ORDER BY 1;
SELECT count(*) = count(DISTINCT (id, position)) AND bool_and(again = position) AS right FROM own_columns;

-- Rows are there with the event, folded or not, each once.
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('paid', '1', '{"amount": 99}'), ('viewed', '9', '{}');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
BEGIN;
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('paid', '2', '{"amount": 100}');
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
ROLLBACK;
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('paid', '2', '2023-01-01', '{"amount": 7}');
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

-- Values are computed when an event is folded, with the settings of the creation.
SET timezone = 'Asia/Tokyo';
SET DateStyle = 'German';
INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES ('paid', '1', '2024-01-01 00:00+00', '{"amount": 0}');
SELECT at FROM payments WHERE amount = 0;
SELECT pganalytics.refresh_projection('payments');
SELECT at FROM payments WHERE amount = 0;
RESET timezone;
RESET DateStyle;
UPDATE users SET name = 'Ada L.' WHERE id = '1';
INSERT INTO events (event_type, aggregate_id, payload) VALUES ('paid', '1', '{"amount": 1}');
SELECT name, count(*) FROM payments GROUP BY 1 ORDER BY 1;

-- A rebuild computes them anew.
SELECT pganalytics.rebuild_projection('payments');
SELECT name, count(*) FROM payments GROUP BY 1 ORDER BY 1;
ALTER VIEW payments RENAME COLUMN position TO place;
SELECT pganalytics.rebuild_projection('payments');
SELECT user_id, name, place FROM payments WHERE event_id IS NOT NULL ORDER BY place LIMIT 2;
ALTER VIEW payments RENAME COLUMN place TO position;

-- Another query keeps the columns that there are; more follow them.
SELECT pganalytics.replace_projection('own_columns', 'SELECT position, event_id AS id, position AS again, event_type, aggregate_id FROM events');
\echo :SQLSTATE
SELECT pganalytics.replace_projection('own_columns', 'SELECT position, event_id AS id, position AS again, event_type, event_id, aggregate_id FROM events');
SELECT differences('own_columns'), count(aggregate_id) = count(*) AS all FROM own_columns;

-- Conditions on position and event_id reach the indexes of the state.
SET enable_seqscan = off;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(line, '_[0-9]+', '_N', 'g');
    END LOOP;
END $$;
SELECT plan('SELECT amount FROM payments WHERE position BETWEEN 5 AND 10');
SELECT plan('SELECT event_type FROM own_columns WHERE id = ''00000000-0000-0000-0000-000000000000''');
DROP FUNCTION plan;
RESET enable_seqscan;

-- A stream of random batches, folds and rollbacks: always equal to the query.
UPDATE users SET name = 'Ada' WHERE id = '1';
SELECT pganalytics.rebuild_projection('payments');
SELECT setseed(0.42);
DO $$
DECLARE
    names text[] := ARRAY['payments', 'own_columns', 'tags'];
    wrong bigint := 0;
BEGIN
    FOR round IN 1..40 LOOP
        INSERT INTO events (event_type, aggregate_id, payload)
        SELECT (ARRAY['viewed', 'paid'])[1 + floor(random() * 2)::int], floor(random() * 5)::text, jsonb_build_object('amount', floor(random() * 900) / 100)
        FROM generate_series(1, floor(random() * 30)::int);
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.5 THEN
            PERFORM pganalytics.refresh_projection(names[1 + floor(random() * 3)::int]);
        END IF;
        IF random() < 0.15 THEN ROLLBACK; ELSE COMMIT; END IF;
        SELECT wrong + sum(differences(name)) INTO wrong FROM pganalytics.projections WHERE name = ANY (names);
    END LOOP;
    RAISE NOTICE 'rows that differ: %', wrong;
END $$;

SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '^(definition|state|access)_[0-9]+';
DROP TABLE events, users;
DROP FUNCTION differences;
