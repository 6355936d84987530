-- Charts of text: a line of eight heights, and bars.
SET search_path = public, pganalytics;

-- sparkline(value): a character for each row, from the least value to the greatest.
SELECT sparkline(x ORDER BY x) FROM generate_series(1, 8) AS x;
CREATE TABLE sales AS
SELECT country, month, (ARRAY[3, 5, 8, 13, 21, 13, 8, 5, 3, 2, 1, NULL])[1 + (month + offs) % 12] AS orders
FROM (VALUES ('de', 0), ('fr', 4), ('it', 8)) AS c (country, offs), generate_series(0, 11) AS month;
SELECT country, sparkline(orders ORDER BY month), sparkline(orders, 0, NULL ORDER BY month) AS from_zero,
       sparkline(orders, 0, 50 ORDER BY month) AS to_50
FROM sales GROUP BY country ORDER BY country;
-- Null and NaN are gaps. What is beyond the scale is drawn at its end, infinities too.
SELECT '[' || sparkline(x ORDER BY i) || ']' AS line FROM unnest('{NULL,1,NaN,2,Infinity,3,-Infinity,NULL}'::float8[]) WITH ORDINALITY AS v (x, i);
SELECT sparkline(x, 3, 6 ORDER BY x) FROM generate_series(1, 8) AS x;
-- One value, or all the same: the middle. No value: nothing but gaps; no row: NULL.
SELECT sparkline(7) AS one, sparkline(0) AS zero, '[' || sparkline(NULL) || ']' AS gap;
SELECT sparkline(x), sparkline(x, 0, 1) AS scaled FROM generate_series(1, 5) AS x WHERE false;
SELECT sparkline(7), sparkline(7, 7, 7) AS scaled FROM generate_series(1, 5);
SELECT sparkline(1, 2, 1);
SELECT sparkline(1, 'NaN', NULL);
SELECT sparkline(1, NULL, 'Infinity');
-- So far, as a window function.
SELECT month, orders, sparkline(orders) OVER (ORDER BY month) FROM sales WHERE country = 'it' ORDER BY month LIMIT 5;

-- bar(value, max, width): in eighths of a cell.
SELECT month, orders, bar(orders, 21, 10) || '|' AS bar FROM sales WHERE country = 'de' ORDER BY month;
SELECT x, bar(x, 2, 2) FROM generate_series(0, 2, 0.125) AS x;
SELECT length(bar(1, 1)) AS default_width;
-- Above zero there is something to see, and only what is max is full.
SELECT x, max, bar(x::float8, max::float8, 4)
FROM (VALUES ('0.0001', '1'), ('0.9999', '1'), ('1', '1'), ('7', '1'), ('0', '1'), ('-1', '1'), (NULL, '1'), ('1', NULL), ('NaN', '1'),
             ('Infinity', '1'), ('1', 'Infinity'), ('1', 'NaN'), ('1', '0'), ('0', '0'), ('1', '-1')) AS v (x, max);
SELECT bar(1, 1, 0);
SELECT bar(1, 1, 1001);

-- In a query on a projection.
SELECT create_event_table('orders');
SELECT create_projection('daily_orders', $$
    SELECT payload->>'country' AS country, occurred_at::date AS day, count(*) AS orders FROM orders GROUP BY 1, 2 $$);
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload)
SELECT 'placed', 'order ' || i, timestamptz '2024-05-01' + sqrt(i) * interval '1 day', jsonb_build_object('country', (ARRAY['de', 'fr'])[1 + i % 3 / 2])
FROM generate_series(0, 99) AS i;
SELECT refresh_projection('daily_orders');
SELECT country, sum(orders) AS orders, sparkline(orders ORDER BY day) AS by_day, bar(sum(orders), max(sum(orders)) OVER (), 20)
FROM daily_orders GROUP BY country ORDER BY country;
SELECT create_projection('refused', 'SELECT sparkline((payload->>''n'')::float8) FROM orders');
SET client_min_messages = warning;
DROP TABLE orders CASCADE;
DROP TABLE sales;
