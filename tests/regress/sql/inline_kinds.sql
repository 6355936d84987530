-- Every kind of projection can be inline: joined to lookup tables, with the first and last
-- value, with distinct values, with a row for each event, with sessions, and without
-- GROUP BY.
CREATE SCHEMA kinds;
SET search_path = kinds;
SELECT pganalytics.create_event_table('orders');
CREATE TABLE product (sku text PRIMARY KEY, family text NOT NULL);
INSERT INTO product VALUES ('tea', 'drinks'), ('mate', 'drinks'), ('bun', 'food');
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload)
SELECT 'ordered', 'o' || i % 3, timestamptz '2026-01-01' + i * interval '1 hour', jsonb_build_object('sku', (ARRAY['tea', 'mate', 'bun'])[1 + i % 3], 'n', i)
FROM generate_series(1, 10) i;

SELECT pganalytics.create_projection('per_family', $$
    SELECT p.family, count(*) AS orders, sum((o.payload->>'n')::int) AS pieces
    FROM orders o JOIN product p ON p.sku = o.payload->>'sku' GROUP BY p.family
$$, mode => 'inline');
SELECT pganalytics.create_projection('latest', $$
    SELECT aggregate_id, pganalytics.last(payload->>'sku', occurred_at) AS sku, count(DISTINCT payload->>'sku') AS skus
    FROM orders GROUP BY aggregate_id
$$, mode => 'inline');
SELECT pganalytics.create_projection('big', $$
    SELECT aggregate_id, payload->>'sku' AS sku, (payload->>'n')::int AS n FROM orders WHERE (payload->>'n')::int > 5
$$, mode => 'inline');
SELECT pganalytics.create_projection('total', 'SELECT count(*) AS orders, max(occurred_at) AS last FROM orders', mode => 'inline');

SELECT pganalytics.create_projection('visits', $$
    SELECT aggregate_id, pganalytics.session(occurred_at, '2 hours') AS visit, count(*) AS orders, stddev((payload->>'n')::int) AS spread
    FROM orders GROUP BY 1, 2
$$, mode => 'inline');

-- What each holds less what its query gives, and the reverse.
CREATE VIEW differences AS
SELECT 'per_family' AS projection, count(*) FROM (
    (TABLE per_family EXCEPT ALL SELECT p.family, count(*), sum((o.payload->>'n')::int) FROM orders o JOIN product p ON p.sku = o.payload->>'sku' GROUP BY 1)
    UNION ALL (SELECT p.family, count(*), sum((o.payload->>'n')::int) FROM orders o JOIN product p ON p.sku = o.payload->>'sku' GROUP BY 1 EXCEPT ALL TABLE per_family)) d
UNION ALL SELECT 'latest', count(*) FROM (
    (TABLE latest EXCEPT ALL SELECT aggregate_id, (array_agg(payload->>'sku' ORDER BY occurred_at DESC))[1], count(DISTINCT payload->>'sku') FROM orders GROUP BY 1)
    UNION ALL (SELECT aggregate_id, (array_agg(payload->>'sku' ORDER BY occurred_at DESC))[1], count(DISTINCT payload->>'sku') FROM orders GROUP BY 1 EXCEPT ALL TABLE latest)) d
UNION ALL SELECT 'big', count(*) FROM (
    (SELECT aggregate_id, sku, n FROM big EXCEPT ALL SELECT aggregate_id, payload->>'sku', (payload->>'n')::int FROM orders WHERE (payload->>'n')::int > 5)
    UNION ALL (SELECT aggregate_id, payload->>'sku', (payload->>'n')::int FROM orders WHERE (payload->>'n')::int > 5 EXCEPT ALL SELECT aggregate_id, sku, n FROM big)) d
UNION ALL SELECT 'total', count(*) FROM (TABLE total EXCEPT ALL SELECT count(*), max(occurred_at) FROM orders) d;
TABLE differences;

BEGIN;
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload) VALUES
    ('ordered', 'o1', '2026-02-01', '{"sku": "tea", "n": 20}'), ('ordered', 'o9', '2026-02-01', '{"sku": "bun", "n": 1}');
TABLE differences;
SAVEPOINT s;
SET CONSTRAINTS ALL IMMEDIATE;
TABLE differences;
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload) VALUES ('ordered', 'o1', '2025-01-01', '{"sku": "bun", "n": 30}');
TABLE differences;
SELECT name, (SELECT count(*) FROM pganalytics.verify_projection(name)) FROM pganalytics.projections ORDER BY name;
ROLLBACK TO s;
TABLE differences;
COMMIT;
SELECT name, tail FROM pganalytics.projections ORDER BY name;
TABLE differences;
SELECT pganalytics.rebuild_projection(name) FROM pganalytics.projections;
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload) VALUES ('ordered', 'o2', '2026-03-01', '{"sku": "mate", "n": 7}');
SELECT name, mode, status, tail FROM pganalytics.projections ORDER BY name;
TABLE differences;

SELECT name, (SELECT count(*) FROM pganalytics.verify_projection(name)) FROM pganalytics.projections ORDER BY name;

SET client_min_messages = warning;
DROP SCHEMA kinds CASCADE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
