-- Functions in FROM: the items of an order, the tags of a page. Each event gives rows
-- of its own, so what they add up to is kept up to date like anything else.
SELECT pganalytics.create_event_table('purchases');
ALTER TABLE purchases ADD COLUMN tags text[];
CREATE TABLE products (sku text PRIMARY KEY, category text);
INSERT INTO products VALUES ('tea', 'drinks'), ('bread', 'food');
CREATE FUNCTION purchase(who text, items jsonb, VARIADIC tags text[] DEFAULT '{}') RETURNS void LANGUAGE sql AS
    $$ INSERT INTO purchases (event_type, aggregate_id, payload, tags) VALUES ('purchased', who, jsonb_build_object('items', items), tags) $$;
SELECT purchase('ada', '[{"sku": "tea", "qty": 2}, {"sku": "bread", "qty": 1}]', 'online', 'gift');
SELECT purchase('grace', '[{"sku": "tea", "qty": 5}]', 'online');
SELECT purchase('nobody', '[]');
CREATE FUNCTION differences(projection text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    definition regclass;
    shown text;
    n bigint;
BEGIN
    SELECT g.definition INTO STRICT definition FROM pganalytics_data.projection p
    JOIN pganalytics_data.generation g ON g.id = p.generation WHERE p.relation = $1::regclass;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO shown FROM pg_attribute WHERE attrelid = definition AND attnum > 0;
    EXECUTE format('SELECT count(*) FROM ((SELECT %3$s FROM %1$s EXCEPT ALL TABLE %2$s) UNION ALL (TABLE %2$s EXCEPT ALL SELECT %3$s FROM %1$s)) d',
                   projection, definition, shown) INTO n;
    RETURN n;
END $$;

-- The items of all purchases, added up.
SELECT pganalytics.create_projection('sold', $$
    SELECT i.sku, sum(i.qty) AS sold, count(*) AS lines
    FROM purchases e, jsonb_to_recordset(e.payload->'items') AS i (sku text, qty int)
    GROUP BY i.sku$$);
SELECT * FROM sold ORDER BY 1;

-- A row for each item, enriched.
SELECT pganalytics.create_projection('lines', $$
    SELECT e.aggregate_id AS who, item->>'sku' AS sku, (item->>'qty')::int AS qty, line, category
    FROM purchases e CROSS JOIN jsonb_array_elements(e.payload->'items') WITH ORDINALITY AS i (item, line)
    LEFT JOIN products p ON p.sku = item->>'sku'$$);
SELECT who, sku, qty, line, category FROM lines ORDER BY position, line;

-- LEFT JOIN keeps events that give no row.
SELECT pganalytics.create_projection('tagged', $$
    SELECT coalesce(tag, 'none') AS tag, count(*) AS purchases
    FROM purchases e LEFT JOIN unnest(e.tags) AS tag ON true GROUP BY 1$$);
SELECT * FROM tagged ORDER BY 1;

-- Several functions, of columns of the event, of each other's, or of none.
SELECT pganalytics.create_projection('combined', $$
    SELECT n, key, tag, number, count(*) AS rows, sum(value::int) AS total
    FROM generate_series(1, 2) AS n, purchases e, jsonb_array_elements(e.payload->'items') AS i (item),
         jsonb_each_text(item - 'sku') AS pair, ROWS FROM (unnest(e.tags), generate_series(1, n)) AS pairs (tag, number)
    GROUP BY 1, 2, 3, 4$$);
SELECT * FROM combined ORDER BY 1, 2, 3, 4;

-- As a group key. Two of them go side by side, as PostgreSQL has it.
SELECT pganalytics.create_projection('keyed', 'SELECT unnest(tags) AS tag, count(*) AS n FROM purchases GROUP BY 1');
SELECT pganalytics.create_projection('side_by_side', $$
    SELECT upper(unnest(tags)) AS tag, generate_series(1, 2) AS number, count(*) AS n FROM purchases GROUP BY unnest(tags), 2$$);
SELECT * FROM side_by_side ORDER BY 1, 2;

-- The tail gives rows too. A fold counts events, not rows.
SELECT purchase('ada', '[{"sku": "tea", "qty": 1}, {"sku": "tea", "qty": 1}, {"sku": "jam", "qty": 3}]', 'gift');
SELECT purchase('grace', '[{"sku": "bread", "qty": 1}]', 'shop', 'gift', 'card');
INSERT INTO purchases (event_type, aggregate_id) VALUES ('purchased', 'no payload');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, pganalytics.refresh_projection(name) AS folded FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, events_folded, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

-- Renaming what they read does not disturb them.
ALTER TABLE purchases RENAME tags TO labels;
ALTER TABLE products RENAME category TO kind;
INSERT INTO purchases (event_type, aggregate_id, payload, labels) VALUES ('purchased', 'x', '{"items": [{"sku": "tea", "qty": 9}]}', '{gift}');
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";

SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP TABLE purchases, products;
DROP FUNCTION purchase, differences;
