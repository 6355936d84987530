-- What an analyst reads. The totals must be those of the file, or the demo fails.

\set QUIET on
\pset footer off
\pset null ''

\echo :b'3. Reading: projections are read like tables':o
\echo '-- Revenue by month; how many customers bought, exact and estimated'
SELECT to_char(r.month, 'YYYY-MM') AS month,
       to_char(r.revenue, '999,990.00') AS revenue,
       pganalytics.bar(r.revenue, 400000, 26) AS " ",
       to_char(r.orders, '99,990') AS orders,
       to_char(r.average, '990.00') AS average,
       to_char(r.customers, '99,990') AS customers,
       to_char(r.estimate, '99,990') AS estimate
FROM monthly_revenue r ORDER BY r.month;

\echo '-- The best customers: recency, frequency, value'
SELECT customer, orders, to_char(revenue, '99,990.00') AS revenue,
       first_purchase::date, last_purchase::date, last_amount
FROM customer_value ORDER BY customer_value.revenue DESC LIMIT 3;

\echo '-- Asked of the log: those who first bought in a month (0), and how many bought again 1 to 6 months later'
SELECT to_char(cohort, 'YYYY-MM') AS cohort, period, retained
FROM pganalytics.cohort_retention('events', 'purchase', period => '1 month', periods => 6)
\crosstabview cohort period retained

\echo '-- Asked of the log: how many bought again within 90 days, and again, and how long that took'
SELECT step, name, entities, of_first, of_previous, median_time, p90_time
FROM pganalytics.funnel('events', ARRAY['purchase', 'purchase', 'purchase'], '90 days', mode => 'strict_once');

\echo '-- The largest purchases'
SELECT customer, day, cds, amount FROM purchases ORDER BY amount DESC LIMIT 3;

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
