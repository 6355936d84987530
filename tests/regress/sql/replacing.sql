-- Changing a projection: pause, resume, rebuild, replace. What reads it never sees a gap.
\set VERBOSITY sqlstate
SELECT pganalytics.create_event_table('sales');
INSERT INTO sales (event_type, aggregate_id, occurred_at, payload)
SELECT 'sold', 'shop' || i % 3, timestamptz '2026-05-01 00:00Z' + i * interval '7 hours',
       jsonb_build_object('amount', i, 'country', (ARRAY['DE','FR',NULL])[1 + i % 3])
FROM generate_series(1, 20) AS i;

CREATE VIEW by_shop AS SELECT aggregate_id AS shop, count(*) AS sales, sum((payload->>'amount')::int) AS amount FROM sales GROUP BY 1;
SELECT pganalytics.create_projection('shops', 'SELECT * FROM by_shop'); -- not from a view
SELECT pganalytics.create_projection('shops', $$
    SELECT aggregate_id AS shop, count(*) AS sales, sum((payload->>'amount')::int) AS amount FROM sales GROUP BY aggregate_id
$$);

-- Paused: not folded by the worker. It is read as exactly as ever.
SELECT pganalytics.pause_projection('shops'), pganalytics.pause_projection('shops') AS again;
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop1', '{"amount": 100}');
CALL pganalytics.run_maintenance();
SELECT status, tail FROM pganalytics.projections WHERE name = 'shops';
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_shop) UNION ALL (TABLE by_shop EXCEPT ALL TABLE shops)) d;
SELECT pganalytics.resume_projection('shops'), pganalytics.resume_projection('shops') AS again;
CALL pganalytics.run_maintenance();
SELECT status, tail FROM pganalytics.projections WHERE name = 'shops';

-- What depends on it, who may read it and how stays when it is replaced.
CREATE ROLE regress_reader;
GRANT SELECT ON shops TO regress_reader;
ALTER VIEW shops SET (security_barrier);
CREATE VIEW big_shops AS SELECT shop FROM shops WHERE sales > 7;

-- Rebuilt from the log: the state is another, the answer the same.
SELECT state AS state_before FROM pganalytics_data.generation JOIN pganalytics_data.projection p ON p.generation = generation.id
WHERE relation = 'shops'::regclass \gset
SELECT pganalytics.rebuild_projection('shops');
SELECT state::text = :'state_before' AS same_state, to_regclass(:'state_before') AS state_before
FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.generation = g.id WHERE relation = 'shops'::regclass;
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_shop) UNION ALL (TABLE by_shop EXCEPT ALL TABLE shops)) d;
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop2', '{"amount": 5, "country": "DE"}');
SELECT pganalytics.refresh_projection('shops');
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_shop) UNION ALL (TABLE by_shop EXCEPT ALL TABLE shops)) d;

-- Another query with the same columns and one more, and other groups.
SELECT pganalytics.replace_projection('shops', $$
    SELECT aggregate_id AS shop, count(*) AS sales, sum((payload->>'amount')::int) AS amount, payload->>'country' AS country
    FROM sales WHERE occurred_at >= '2026-05-03Z' GROUP BY aggregate_id, payload->>'country'
$$);
TABLE shops ORDER BY shop, country;
SELECT count(*) FROM big_shops;
SELECT has_table_privilege('regress_reader', 'shops', 'SELECT'), reloptions FROM pg_class WHERE oid = 'shops'::regclass;
SELECT query LIKE '%country%' AS shows_the_new_query, status FROM pganalytics.projections WHERE name = 'shops';
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop2', '{"amount": 5, "country": "DE"}');
CREATE VIEW by_country AS SELECT aggregate_id AS shop, count(*) AS sales, sum((payload->>'amount')::int) AS amount, payload->>'country' AS country
    FROM sales WHERE occurred_at >= '2026-05-03Z' GROUP BY aggregate_id, payload->>'country';
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_country) UNION ALL (TABLE by_country EXCEPT ALL TABLE shops)) d;
SET ROLE regress_reader;
SELECT count(*) > 0 AS may_read FROM shops;
RESET ROLE;

-- A column renamed on the view keeps its name when it is rebuilt, and is known by it.
ALTER VIEW shops RENAME COLUMN sales TO number_of_sales;
SELECT pganalytics.rebuild_projection('shops');
SELECT shop, number_of_sales FROM shops ORDER BY shop, country LIMIT 1;
ALTER VIEW shops RENAME COLUMN number_of_sales TO sales;

-- Refused, and nothing changes: what reads it would not find its columns.
\set VERBOSITY default
SELECT pganalytics.replace_projection('shops', 'SELECT aggregate_id AS shop, count(*) AS sales FROM sales GROUP BY 1');
SELECT pganalytics.replace_projection('shops', 'SELECT aggregate_id AS store, count(*) AS sales, 1 AS amount, event_type AS country FROM sales GROUP BY 1, 4');
SELECT pganalytics.replace_projection('shops', $$SELECT aggregate_id AS shop, count(*) AS sales,
    sum((payload->>'amount')::numeric) AS amount, payload->>'country' AS country FROM sales GROUP BY 1, 4$$);
SELECT pganalytics.replace_projection('shops', 'SELECT aggregate_id FROM sales LIMIT 1');
SELECT pganalytics.replace_projection('nothing', 'SELECT count(*) FROM sales');
SET ROLE regress_reader;
SELECT pganalytics.replace_projection('shops', 'SELECT count(*) FROM sales');
SELECT pganalytics.rebuild_projection('shops');
SELECT pganalytics.pause_projection('shops');
SELECT pganalytics.resume_projection('shops');
RESET ROLE;
\set VERBOSITY sqlstate
SELECT count(*) AS generations FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON g.projection = p.id WHERE relation = 'shops'::regclass;
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_country) UNION ALL (TABLE by_country EXCEPT ALL TABLE shops)) d;

-- A rename of what the query reads: a rebuild follows it.
ALTER TABLE sales RENAME TO purchases;
SELECT pganalytics.rebuild_projection('shops');
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_country) UNION ALL (TABLE by_country EXCEPT ALL TABLE shops)) d;
ALTER TABLE purchases RENAME TO sales;

-- In a transaction that keeps its snapshot it is left to the worker: read as it was meanwhile.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pganalytics.rebuild_projection('shops');
SELECT status FROM pganalytics.projections WHERE name = 'shops';
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_country) UNION ALL (TABLE by_country EXCEPT ALL TABLE shops)) d;
COMMIT;
SELECT pganalytics.wait_for_projection('shops', '0');
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop3', '{"amount": 7}');
CALL pganalytics.run_maintenance();
SELECT pganalytics.wait_for_projection('shops', '0');
SELECT status, tail FROM pganalytics.projections WHERE name = 'shops';
SELECT count(*) AS differences FROM ((TABLE shops EXCEPT ALL TABLE by_country) UNION ALL (TABLE by_country EXCEPT ALL TABLE shops)) d;

-- Replaced twice before the worker comes to it: the first successor goes.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pganalytics.rebuild_projection('shops');
SELECT pganalytics.rebuild_projection('shops');
COMMIT;
SELECT count(*) AS generations FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON g.projection = p.id WHERE relation = 'shops'::regclass;
CALL pganalytics.run_maintenance();

-- From now on: nothing of what was there before, also when it is rebuilt.
SELECT pganalytics.create_projection('new_sales', 'SELECT count(*) AS n, sum((payload->>''amount'')::int) AS amount FROM sales', with_data => false);
TABLE new_sales;
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop3', '{"amount": 7}'), ('sold', 'shop4', '{"amount": 8}');
TABLE new_sales;
SELECT pganalytics.rebuild_projection('new_sales');
TABLE new_sales;
-- The rest of a transaction counts, too.
BEGIN;
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop3', '{"amount": 1}');
SELECT pganalytics.create_projection('newer_sales', 'SELECT count(*) AS n FROM sales', with_data => false);
INSERT INTO sales (event_type, aggregate_id, payload) VALUES ('sold', 'shop3', '{"amount": 2}');
TABLE newer_sales;
COMMIT;
TABLE newer_sales;
SELECT name, status FROM pganalytics.projections ORDER BY name;
SELECT pganalytics.drop_projection('newer_sales');

-- Nothing is left of them.
DROP VIEW big_shops, by_shop, by_country;
SELECT pganalytics.drop_projection('shops'), pganalytics.drop_projection('new_sales');
DROP TABLE sales;
CALL pganalytics.run_maintenance();
SELECT count(*) FROM pganalytics_data.projection;
SELECT count(*) FROM pganalytics_data.generation;
SELECT count(*) FROM pganalytics_data.checkpoint;
SELECT relname FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '^(state|definition|access)_[0-9]';
DROP ROLE regress_reader;
