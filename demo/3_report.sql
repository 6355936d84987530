-- What an analyst reads. The totals must be those of the file, or the demo fails.

\set QUIET on
\pset footer off
\pset null ''

\echo :b'3. Reading: projections are read like tables':o
\echo '-- Revenue by month (a block is 15,000); how many customers bought, estimated and exact'
SELECT to_char(r.month, 'YYYY-MM') AS month,
       to_char(r.revenue, '999,990.00') AS revenue,
       rpad(repeat('█', round(r.revenue / 15000)::integer), 26) AS " ",
       to_char(r.orders, '99,990') AS orders,
       to_char(r.average, '990.00') AS average,
       to_char(a.customers, '99,990') AS "customers ≈",
       to_char(e.customers, '99,990') AS "exact"
FROM monthly_revenue r
JOIN monthly_active_customers a USING (month)
JOIN (SELECT month, count(*) AS customers FROM monthly_customers GROUP BY month) e USING (month)
ORDER BY r.month;

\echo '-- The best customers'
SELECT customer, orders, to_char(revenue, '99,990.00') AS revenue,
       first_purchase::date, last_purchase::date
FROM customer_value ORDER BY customer_value.revenue DESC LIMIT 3;

\echo '-- Do the totals agree?'
CREATE TEMPORARY VIEW totals (place, total, orders, customers, revenue) AS
SELECT 1, 'the log, read from end to end', count(*), count(DISTINCT aggregate_id),
       sum((payload->>'amount')::numeric)
FROM events
UNION ALL
SELECT 2, 'projection monthly_revenue', sum(orders), NULL, sum(revenue) FROM monthly_revenue
UNION ALL
SELECT 3, 'projection customer_value', sum(orders), count(*), sum(revenue) FROM customer_value
UNION ALL
SELECT 4, 'the file, added up in Python', 69659, 23570, 2500315.63;

SELECT total, to_char(orders, '999,990') AS orders, to_char(customers, '999,990') AS customers,
       to_char(revenue, '9,999,990.00') AS revenue
FROM totals ORDER BY place;

SELECT count(DISTINCT (orders, revenue)) = 1 AND count(DISTINCT customers) = 1 AS agree
FROM totals \gset
\if :agree
\else
    DO $$ BEGIN RAISE EXCEPTION 'the totals do not agree'; END $$;
\endif
