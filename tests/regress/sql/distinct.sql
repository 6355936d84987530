-- DISTINCT in aggregates: exact, by a table of the values that each group has seen.
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
SELECT (ARRAY['view', 'order'])[1 + i % 2], 'customer ' || i % 7, timestamptz '2024-03-01' + i % 3 * interval '1 day',
       CASE WHEN i % 5 > 0 THEN jsonb_build_object('product', 'p' || i % 4, 'price', (i % 6) * 0.5) ELSE '{}' END
FROM generate_series(1, 60) AS i;

\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences
-- The tables of a projection's values, and the values in each.
CREATE FUNCTION seen(projection regclass) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    number integer;
    seen regclass;
    n bigint;
BEGIN
    SELECT p.id INTO STRICT number FROM pganalytics_data.projection p WHERE p.relation = projection;
    FOR seen IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname ~ ('^seen_' || number || '_') ORDER BY relname LOOP
        EXECUTE format('SELECT count(*) FROM %s', seen) INTO n;
        RETURN NEXT n;
    END LOOP;
END $$;

-- Customers a day, and what they looked at.
SELECT pganalytics.create_projection('daily', $$
    SELECT date_trunc('day', occurred_at) AS day, count(*) AS events, count(DISTINCT aggregate_id) AS customers,
           count(DISTINCT aggregate_id) FILTER (WHERE event_type = 'order') AS buyers,
           array_agg(DISTINCT payload->>'product') AS products,
           string_agg(DISTINCT payload->>'product', ', ') AS names
    FROM events GROUP BY 1$$);
SELECT * FROM daily ORDER BY 1;
-- The same values with the same FILTER are kept once: customers, buyers, products.
SELECT seen('daily');

-- An event counts as soon as it is in the log; a value that was seen counts no more.
INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
VALUES ('order', 'customer 1', '2024-03-01', '{"product": "p1"}'), ('order', 'customer 99', '2024-03-01', '{"product": "a new one"}'),
       ('view', 'customer 99', '2024-03-09', '{}');
SELECT * FROM daily WHERE day <> '2024-03-02' ORDER BY 1;
SELECT pganalytics.refresh_projection('daily'), differences('daily');
SELECT * FROM daily WHERE day <> '2024-03-02' ORDER BY 1;
SELECT seen('daily');

-- Every aggregate that merges; values, keys and filters of any type that can be hashed; rows;
-- several arguments.
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FUNCTION dot_step(numeric, numeric, numeric) RETURNS numeric IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1 + $2 * $3';
CREATE AGGREGATE dot(numeric, numeric) (SFUNC = dot_step, STYPE = numeric, COMBINEFUNC = numeric_add, INITCOND = 0);
SELECT pganalytics.create_projection('everything', $$
    SELECT payload->'product' AS product, lower(aggregate_id COLLATE folded) AS customer,
           count(DISTINCT (event_type, occurred_at)) AS moments, count(DISTINCT payload) AS payloads,
           count(DISTINCT event_id) AS ids, count(DISTINCT (payload->>'mood')::mood) AS moods,
           count(DISTINCT int8range(version, version + 3)) AS ranges, count(DISTINCT ARRAY[version % 2, version % 3]) AS arrays,
           count(DISTINCT event_type COLLATE folded) AS types, array_agg(DISTINCT event_type COLLATE "C") AS type_names,
           sum(DISTINCT (payload->>'price')::numeric) AS price, avg(DISTINCT (payload->>'price')::numeric) AS mean_price,
           avg(DISTINCT (version % 3)::float4) AS f4, sum(DISTINCT version::int % 7) AS i4, count(DISTINCT version % 7) - 1 AS i8,
           min(DISTINCT event_type) AS lowest, max(DISTINCT event_type) AS highest, bool_or(DISTINCT version > 2) AS often,
           pganalytics.approx_count_distinct(DISTINCT version) AS approximate,
           dot(DISTINCT version % 3, (payload->>'price')::numeric) AS dotted,
           array_agg(DISTINCT version % 5 ORDER BY version % 5) AS versions, array_agg(DISTINCT (payload->>'mood')::mood) AS mood_list,
           string_agg(DISTINCT event_type, NULL) AS glued, string_agg(DISTINCT event_type, '{0}''\') AS odd,
           string_agg(DISTINCT convert_to(event_type, 'UTF8'), '\xff') AS bytes,
           count(DISTINCT event_type) > 1 AND sum(DISTINCT version % 7) > 3 AS mixed
    FROM events
    WHERE event_type <> 'gift'
    GROUP BY 1, 2
    HAVING count(DISTINCT version) FILTER (WHERE version > 1) >= 0$$);
SELECT customer, moments, types, type_names, price, versions, glued, odd, bytes, mixed
FROM everything WHERE product = '"p1"' ORDER BY customer LIMIT 3;
SELECT differences('everything');
-- Without GROUP BY: 0 of nothing, at once and after a fold.
SELECT pganalytics.create_projection('totals', $$
    SELECT count(DISTINCT aggregate_id) AS n, sum(DISTINCT version) AS s, array_agg(DISTINCT version) AS a,
           count(DISTINCT payload->>'text') AS texts
    FROM events WHERE aggregate_id = 'nobody'$$);
SELECT * FROM totals;
INSERT INTO events (event_type, aggregate_id, payload)
SELECT 'said', 'nobody', jsonb_build_object('text', (SELECT string_agg(md5((i * n)::text), '') FROM generate_series(1, 9000) AS n))
FROM generate_series(1, 3) AS i;
SELECT * FROM totals;
SELECT pganalytics.refresh_projection('totals'), differences('totals'), seen('totals');

-- A stream of random batches, folds and rollbacks, own uncommitted events included.
SELECT setseed(0.3);
DO $$
DECLARE
    names text[] := ARRAY['daily', 'everything', 'totals'];
    wrong bigint := 0;
BEGIN
    FOR round IN 1..40 LOOP
        INSERT INTO events (event_type, aggregate_id, occurred_at, payload)
        SELECT (ARRAY['order', 'view', 'gift', 'Order', 'VIEW'])[1 + floor(random() * 5)::int],
               (ARRAY['nobody', 'Customer 1', 'customer 2', 'CUSTOMER 2'])[1 + floor(random() * 4)::int],
               timestamptz '2024-03-01' + floor(random() * 9) * interval '1 day',
               CASE WHEN random() < 0.2 THEN '{}' ELSE jsonb_build_object('product', 'p' || floor(random() * 5),
                   'price', (ARRAY['1', '1.0', '2.50', '2.5', NULL])[1 + floor(random() * 5)::int],
                   'mood', (ARRAY['calm', 'busy'])[1 + floor(random() * 2)::int]) END
        FROM generate_series(1, floor(random() * 12)::int);
        SELECT wrong + sum(differences(name)) INTO wrong FROM pganalytics.projections;
        IF random() < 0.2 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.6 THEN
            PERFORM pganalytics.refresh_projection(names[1 + floor(random() * 3)::int]);
            SELECT wrong + sum(differences(name)) INTO wrong FROM pganalytics.projections;
        END IF;
        IF random() < 0.2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
    SELECT wrong + sum(differences(name)) INTO wrong FROM pganalytics.projections;
    RAISE NOTICE 'groups that differ: %', wrong;
END $$;
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('order', 'mine', '2024-03-01');
SELECT sum(differences(name)) FROM pganalytics.projections;
ROLLBACK;

-- An owner with no special rights; whoever reads the projection reads none of the values.
CREATE ROLE regress_distinct_owner;
CREATE ROLE regress_distinct_reader;
CREATE SCHEMA app AUTHORIZATION regress_distinct_owner;
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT SELECT ON events TO regress_distinct_owner;
SET ROLE regress_distinct_owner;
SELECT pganalytics.create_projection('app.types', 'SELECT count(DISTINCT event_type) AS n FROM events');
GRANT SELECT ON app.types TO regress_distinct_reader;
RESET ROLE;
INSERT INTO events (event_type, aggregate_id) VALUES ('new', 'x');
SET ROLE regress_distinct_reader;
SELECT n FROM app.types;
RESET ROLE;
SELECT pganalytics.refresh_projection('app.types');
SELECT differences('app.types');
SELECT format('SELECT 1 FROM %s', max(oid)::regclass) AS read_values, format('DELETE FROM %s', max(oid)::regclass) AS lose_values
FROM pg_class WHERE relkind = 'r' AND relname LIKE 'seen\_%' \gset
\set VERBOSITY sqlstate
SET ROLE regress_distinct_reader;
:read_values;
SET ROLE regress_distinct_owner;
:lose_values;
RESET ROLE;
\set VERBOSITY default

-- A name that somebody has taken is passed over.
SELECT 'seen_' || nextval('pganalytics_data.projection_id') + 1 || '_2' AS taken \gset
CREATE TABLE pganalytics_data.:taken ();
SELECT pganalytics.create_projection('after', 'SELECT count(DISTINCT event_type) AS types, count(DISTINCT version) AS versions FROM events');
SELECT differences('after');
DROP TABLE pganalytics_data.:taken;

-- What is refused.
SELECT pganalytics.create_projection('refused', 'SELECT count(DISTINCT payload::json) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT count(DISTINCT version::int::money) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT array_agg(DISTINCT ARRAY[version]) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT string_agg(DISTINCT event_type, aggregate_id) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT array_agg(DISTINCT event_type ORDER BY event_type DESC) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT jsonb_agg(DISTINCT version) FROM events');
SELECT pganalytics.create_projection('refused', 'SELECT array_agg(event_type) FROM events');

-- They go with their projection.
SELECT pganalytics.drop_projection('totals');
SELECT pganalytics.drop_projection('everything');
SET client_min_messages = warning;
DROP TABLE events CASCADE;
SELECT count(*) FROM pg_class WHERE relname LIKE 'seen\_%';
DROP SCHEMA app;
DROP ROLE regress_distinct_owner, regress_distinct_reader;
DROP FUNCTION differences, seen;
DROP AGGREGATE dot(numeric, numeric);
DROP FUNCTION dot_step;
DROP TYPE mood;
DROP COLLATION folded;
CALL pganalytics.run_maintenance();
