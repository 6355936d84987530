-- Verify: a projection beside what the log gives.
\set VERBOSITY sqlstate
SELECT pganalytics.create_event_table('purchases');
CREATE TABLE products (sku text PRIMARY KEY, category text);
INSERT INTO products VALUES ('pen', 'office'), ('ink', 'office'), ('tea', 'kitchen');
INSERT INTO purchases (event_type, aggregate_id, occurred_at, payload)
SELECT 'bought', 'customer ' || i % 4, timestamptz '2026-05-01 00:00Z' + i * interval '5 hours',
       jsonb_build_object('sku', (ARRAY['pen','ink','tea'])[1 + i % 3], 'amount', i)
FROM generate_series(1, 24) AS i;

SELECT pganalytics.create_projection('daily', $$
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS purchases, sum((payload->>'amount')::float8) AS amount,
           count(DISTINCT aggregate_id) AS customers, pganalytics.last(aggregate_id, occurred_at) AS last_customer,
           round(avg((payload->>'amount')::numeric), 2) AS mean, max(occurred_at) - min(occurred_at) AS span
    FROM purchases GROUP BY 1
$$);
SELECT pganalytics.create_projection('by_category', $$
    SELECT p.category, sum((e.payload->>'amount')::int) AS amount
    FROM purchases e JOIN products p ON p.sku = e.payload->>'sku' GROUP BY p.category
$$);
SELECT pganalytics.create_projection('enriched', $$
    SELECT e.aggregate_id AS customer, p.category, (e.payload->>'amount')::int AS amount
    FROM purchases e LEFT JOIN products p ON p.sku = e.payload->>'sku'
$$);

-- Nothing differs, with and without a tail.
SELECT * FROM pganalytics.verify_projection('daily');
INSERT INTO purchases (event_type, aggregate_id, occurred_at, payload)
VALUES ('bought', 'customer 1', '2026-05-02 12:00Z', '{"sku": "pen", "amount": 100}');
SELECT name, (SELECT count(*) FROM pganalytics.verify_projection(name)) FROM pganalytics.projections ORDER BY name;
SELECT sum(pganalytics.refresh_projection(name)) FROM pganalytics.projections;
SELECT name, (SELECT count(*) FROM pganalytics.verify_projection(name)) FROM pganalytics.projections ORDER BY name;

-- A lookup table has changed: what was folded before has the old value, and a rebuild is due.
UPDATE products SET category = 'writing' WHERE sku = 'ink';
SELECT * FROM pganalytics.verify_projection('by_category') ORDER BY "group";
SELECT "group"->'position' AS position, expected, found FROM pganalytics.verify_projection('enriched')
ORDER BY "group"->'position', found LIMIT 4;
SELECT count(*) FROM pganalytics.verify_projection('daily');
SELECT count(*) AS mended FROM pganalytics.verify_projection('by_category', repair => true);
SELECT count(*) FROM pganalytics.verify_projection('by_category');
TABLE by_category ORDER BY 1;
SELECT pganalytics.rebuild_projection('enriched');
SELECT count(*) FROM pganalytics.verify_projection('enriched');

-- A state that somebody has meddled with: a group changed, one gone, one too many.
SELECT state FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.generation = g.id
WHERE relation = 'daily'::regclass \gset
UPDATE :state SET c1 = c1 + 1 WHERE k1 = '2026-05-02';
DELETE FROM :state WHERE k1 = '2026-05-03';
UPDATE :state SET k1 = '2020-01-01' WHERE k1 = '2026-05-04';
\set VERBOSITY default
SELECT * FROM pganalytics.verify_projection('daily') ORDER BY "group";
\set VERBOSITY sqlstate
SELECT count(*) AS mended FROM pganalytics.verify_projection('daily', repair => true);
SELECT count(*) FROM pganalytics.verify_projection('daily');

-- Equal values may look different, and which of them is kept depends on the order of commits: 2.5 and 2.50, a month and 30 days.
SELECT pganalytics.create_projection('extremes', $$
    SELECT event_type, max((payload->>'price')::numeric) AS dearest, array_agg(DISTINCT (payload->>'price')::numeric) AS prices,
           min((payload->>'term')::interval) AS term
    FROM purchases WHERE payload ? 'price' GROUP BY 1$$);
BEGIN;
INSERT INTO purchases (event_type, aggregate_id, payload) VALUES ('leased', 'customer 1', '{"price": 2.5, "term": "1 month"}');
PREPARE TRANSACTION 'regress_late';
INSERT INTO purchases (event_type, aggregate_id, payload) VALUES ('leased', 'customer 2', '{"price": 2.50, "term": "30 days"}');
SELECT pganalytics.refresh_projection('extremes');
COMMIT PREPARED 'regress_late';
SELECT pganalytics.refresh_projection('extremes');
TABLE extremes;
SELECT count(*) FROM pganalytics.verify_projection('extremes');

-- Of the events from its creation on, if it was created so.
SELECT pganalytics.create_projection('since', 'SELECT count(*) AS n FROM purchases', with_data => false);
INSERT INTO purchases (event_type, aggregate_id, payload) VALUES ('bought', 'customer 1', '{"sku": "pen", "amount": 1}');
SELECT count(*) FROM pganalytics.verify_projection('since');
SELECT pganalytics.refresh_projection('since');
SELECT count(*) FROM pganalytics.verify_projection('since');

-- Only its owner may.
CREATE ROLE regress_stranger;
GRANT SELECT ON daily TO regress_stranger;
SET ROLE regress_stranger;
SELECT * FROM pganalytics.verify_projection('daily');
RESET ROLE;
SELECT * FROM pganalytics.verify_projection('nothing');
DROP OWNED BY regress_stranger;
DROP ROLE regress_stranger;
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP TABLE purchases, products;
CALL pganalytics.run_maintenance();
