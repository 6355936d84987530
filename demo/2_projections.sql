-- The read models. Creating one folds what the log holds.

\set QUIET on
\o /dev/null
\echo :b'2. Projections: a SELECT, kept up to date':o
\set ECHO queries
SELECT pganalytics.create_projection('monthly_revenue', $$
    SELECT pganalytics.tumble(occurred_at, '1 month') AS month, count(*) AS orders,
           sum((payload->>'amount')::numeric) AS revenue,
           avg((payload->>'amount')::numeric) AS average,
           count(DISTINCT aggregate_id) AS customers,
           pganalytics.approx_count_distinct(aggregate_id) AS estimate
    FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('customer_value', $$
    SELECT aggregate_id AS customer, count(*) AS orders,
           sum((payload->>'amount')::numeric) AS revenue,
           min(occurred_at) AS first_purchase, max(occurred_at) AS last_purchase,
           pganalytics.last((payload->>'amount')::numeric, occurred_at) AS last_amount
    FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('purchases', $$
    SELECT aggregate_id AS customer, occurred_at::date AS day, (payload->>'cds')::integer AS cds,
           (payload->>'amount')::numeric AS amount
    FROM events $$);
\set ECHO none
\echo
