-- Enrichment: events joined to lookup tables. What a lookup table holds when an
-- event is folded is what counts.
SELECT pganalytics.create_event_table('purchases');
ALTER TABLE purchases ADD COLUMN gone integer, ADD COLUMN sku text, ADD COLUMN country text, ADD COLUMN amount numeric;
ALTER TABLE purchases DROP COLUMN gone;
CREATE TABLE products (sku text PRIMARY KEY, category text, price numeric, event_type text DEFAULT 'a namesake');
INSERT INTO products VALUES ('tea', 'drinks', 3), ('coffee', 'drinks', 5), ('bread', 'food', 2);
CREATE TABLE countries (country varchar(2), region text) PARTITION BY LIST (region);
CREATE TABLE countries_eu PARTITION OF countries FOR VALUES IN ('Europe');
CREATE TABLE countries_other PARTITION OF countries DEFAULT;
INSERT INTO countries VALUES ('de', 'Europe'), ('fr', 'Europe'), ('jp', 'Asia');
CREATE MATERIALIZED VIEW taxes AS SELECT * FROM (VALUES ('drinks', 0.19), ('food', 0.07)) AS t (category, rate);
CREATE FUNCTION buy(first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO purchases (event_type, aggregate_id, occurred_at, sku, country, amount)
    SELECT 'bought', 'customer ' || i % 3, timestamptz '2024-01-01' + i * interval '5 hours',
           (ARRAY['tea', 'coffee', 'bread', 'unknown'])[1 + i % 4], (ARRAY['de', 'fr', 'jp', NULL])[1 + i % 7 % 4], i
    FROM generate_series(first, last) i $$;
SELECT buy(1, 40);

\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences

SELECT pganalytics.create_projection('per_category', $$
    SELECT p.category, count(*) AS purchases, sum(e.amount * p.price) AS revenue
    FROM purchases e JOIN products p ON p.sku = e.sku
    GROUP BY p.category$$);
SELECT * FROM per_category ORDER BY 1;

-- Events that match nothing are kept by LEFT JOIN (or RIGHT JOIN, with the events on the right).
SELECT pganalytics.create_projection('with_unknown', $$
    SELECT coalesce(category, 'unknown') AS category, count(*) AS purchases, count(price) AS priced
    FROM purchases LEFT JOIN products USING (sku)
    GROUP BY 1$$);
SELECT * FROM with_unknown ORDER BY 1;
SELECT pganalytics.create_projection('from_the_right', $$
    SELECT p.category, sku, e.sku AS same, sum(amount) AS amount
    FROM products p RIGHT JOIN purchases e USING (sku)
    GROUP BY p.category, e.sku HAVING sum(amount) > 0$$);

-- Several lookups: a table, a partitioned table, a materialised view. By comma,
-- ON, USING, NATURAL; a column that both sides have is the events' one or merged.
SELECT pganalytics.create_projection('taxes_per_region', $$
    SELECT region, date_trunc('week', occurred_at) AS week, e.country, sum(amount * price * t.rate) AS tax, max(p.event_type) AS namesake
    FROM purchases e JOIN products p USING (sku) NATURAL JOIN countries CROSS JOIN taxes t
    WHERE t.category = p.category AND e.event_type = 'bought'
    GROUP BY 1, 2, 3$$);
SELECT * FROM taxes_per_region ORDER BY 1, 2, 3 LIMIT 3;
SELECT pganalytics.create_projection('by_comma', $$
    SELECT a.sku, b.sku AS other, count(*) AS n FROM products a, purchases e, products b
    WHERE a.sku = e.sku AND b.price < a.price GROUP BY 1, 2$$);
SELECT pganalytics.create_projection('nested', $$
    SELECT p.category, rate, count(*) AS n, avg(rate) AS mean
    FROM purchases e LEFT JOIN (products p LEFT JOIN taxes t USING (category)) ON p.sku = e.sku AND e.amount > 5
    GROUP BY 1, 2$$);
SELECT pganalytics.create_projection('renamed', $$
    SELECT j.sku, count(*) AS n FROM purchases e (id, kind) JOIN products p (sku, event_type) USING (sku) AS j
    WHERE kind = 'bought' AND id IS NOT NULL GROUP BY 1$$);
CREATE TABLE notes (about uuid, event_type text, note text);
INSERT INTO notes SELECT event_id, 'a namesake', 'note ' || position % 3 FROM purchases WHERE position % 2 = 0;
SELECT pganalytics.create_projection('merged_alias', $$
    SELECT note, kind, id IS NULL AS no_id, count(*) AS n
    FROM purchases e (id, kind) NATURAL JOIN notes AS n (id) WHERE n.id = e.id GROUP BY 1, 2, 3$$);
SELECT count(*) FROM pganalytics.projections WHERE differences(name) > 0;

-- The tail is joined too; a fold counts events, however many rows they make.
SELECT buy(41, 70);
INSERT INTO purchases (event_type, aggregate_id, occurred_at, sku, country) VALUES ('bought', 'late', '2023-12-01', 'tea', 'de');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

-- What has been folded stays as it was; the tail sees what the table holds now. A
-- rebuild sees nothing else.
UPDATE products SET category = 'hot drinks' WHERE sku = 'tea';
SELECT * FROM per_category ORDER BY 1;
INSERT INTO purchases (event_type, aggregate_id, sku, amount) VALUES ('bought', 'x', 'tea', 100);
SELECT * FROM per_category ORDER BY 1;
SELECT pganalytics.rebuild_projection('per_category');
SELECT * FROM per_category ORDER BY 1;
UPDATE products SET category = 'drinks' WHERE sku = 'tea';
SELECT pganalytics.rebuild_projection('per_category');

-- Columns and tables are followed by number, whatever they are called later.
ALTER TABLE products RENAME TO articles;
ALTER TABLE articles RENAME category TO kind;
ALTER TABLE articles RENAME sku TO article;
ALTER TABLE articles ADD COLUMN occurred_at timestamptz, ADD COLUMN sku text DEFAULT 'another';
ALTER TABLE taxes RENAME TO duties;
ALTER TABLE notes RENAME event_type TO event_id;
ALTER TABLE purchases RENAME amount TO quantity;
ALTER TABLE purchases RENAME country TO "to country";
ALTER TABLE purchases ADD COLUMN category text DEFAULT 'another', ADD COLUMN region text;
SELECT name, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
INSERT INTO purchases (event_type, aggregate_id, sku, quantity, "to country") VALUES ('bought', 'y', 'bread', 7, 'jp');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

-- A projection is gone with a lookup table, and only on demand.
\set VERBOSITY terse
DROP TABLE articles;
\echo :SQLSTATE
ALTER TABLE articles DROP COLUMN kind;
\echo :SQLSTATE
SET client_min_messages = warning;
DROP MATERIALIZED VIEW duties CASCADE;
DROP TABLE articles, notes CASCADE;
SELECT count(*) FROM pganalytics.projections;
SELECT relname FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '^(definition|state|access)_[0-9]+';
DROP TABLE purchases, countries;
CALL pganalytics.run_maintenance();
SELECT count(*) FROM pganalytics_data.projection;
SELECT count(*) FROM pganalytics_data.generation;
DROP FUNCTION differences, buy;

-- A projection reads with the rights of its owner, who must be able to read every lookup table, all of it.
CREATE ROLE regress_owner;
CREATE ROLE regress_reader;
CREATE TABLE secrets (id text, label text);
INSERT INTO secrets VALUES ('a', 'hidden');
CREATE SCHEMA app AUTHORIZATION regress_owner;
SET search_path = app, public;
SET ROLE regress_owner;
SELECT pganalytics.create_event_table('events');
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
SELECT pganalytics.create_projection('labels', 'SELECT label, count(*) AS n FROM events JOIN secrets ON id = aggregate_id GROUP BY 1');
\echo :SQLSTATE
RESET ROLE;
-- The columns that it reads are enough.
GRANT SELECT (id) ON secrets TO regress_owner;
SET ROLE regress_owner;
SELECT pganalytics.create_projection('labels', 'SELECT label, count(*) AS n FROM events JOIN secrets ON id = aggregate_id GROUP BY 1');
\echo :SQLSTATE
SELECT pganalytics.create_projection('ids', 'SELECT id, count(*) AS n FROM events JOIN secrets ON id = aggregate_id GROUP BY 1');
GRANT SELECT ON ids TO regress_reader;
GRANT USAGE ON SCHEMA app TO regress_reader;
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'a');
-- A reader needs no rights but those on the projection.
SET ROLE regress_reader;
SELECT * FROM ids;
SELECT id FROM secrets;
\echo :SQLSTATE
-- Row-level security that would hide rows of a lookup table from the owner is an error, not another result.
RESET ROLE;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY most ON secrets USING (id > 'a');
SELECT pganalytics.refresh_projection('ids');
\echo :SQLSTATE
SELECT * FROM ids;
\echo :SQLSTATE
ALTER ROLE regress_owner BYPASSRLS;
SELECT * FROM ids;
SELECT pganalytics.refresh_projection('ids');
REVOKE SELECT (id) ON secrets FROM regress_owner;
SELECT * FROM ids;
\echo :SQLSTATE
DROP SCHEMA app CASCADE;
DROP TABLE secrets;
RESET search_path;
DROP OWNED BY regress_owner;
DROP ROLE regress_owner, regress_reader;
