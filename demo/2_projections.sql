-- The read models. Creating one folds what the log holds.

\set QUIET on
\o /dev/null
\echo :b'2. Projections: a SELECT, kept up to date':o
\set ECHO queries
SELECT pganalytics.create_projection('monthly_revenue', $$
    SELECT pganalytics.tumble(occurred_at, '1 month') AS month, count(*) AS orders,
           sum((payload->>'amount')::numeric) AS revenue,
           avg((payload->>'amount')::numeric) AS average
    FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('monthly_active_customers', $$
    SELECT pganalytics.tumble(occurred_at, '1 month') AS month,
           pganalytics.approx_count_distinct(aggregate_id) AS customers
    FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('monthly_customers', $$
    SELECT pganalytics.tumble(occurred_at, '1 month') AS month, aggregate_id AS customer
    FROM events GROUP BY 1, 2 $$);
SELECT pganalytics.create_projection('customer_value', $$
    SELECT aggregate_id AS customer, count(*) AS orders,
           sum((payload->>'amount')::numeric) AS revenue,
           min(occurred_at) AS first_purchase, max(occurred_at) AS last_purchase
    FROM events GROUP BY 1 $$);
\set ECHO none
\echo
