#!/usr/bin/env bash
# Money: recency, frequency and monetary value of 23,570 real customers with their scores,
# and what they paid in all, per month and type, from projections; compared with figures that
# other programs computed. Half of the purchases come after the first fold, in any order.
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/truth.sh"
load_truth

run() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# The log anew, to come in two parts.
run > /dev/null <<'SQL'
CREATE TABLE rfm_file (customer text, recency integer, frequency bigint, monetary numeric);
\copy rfm_file FROM PROGRAM 'gzip -dc tests/data/cdnow_rfm.csv.gz' (FORMAT csv, HEADER)

SELECT pganalytics.create_event_table('sales', versions => 'optional', dedup_window => NULL);

-- 8 of docs/recipes.md.
SELECT pganalytics.create_projection('customer_value', $$
    SELECT aggregate_id AS customer, max(occurred_at::date) AS last_day,
           count(DISTINCT occurred_at::date) AS days, sum((payload->>'amount')::numeric) AS revenue
    FROM sales GROUP BY 1 $$);
SELECT pganalytics.create_projection('money', $$
    SELECT date_trunc('month', occurred_at)::date AS month, event_type, sum((payload->>'amount')::numeric) AS revenue, count(*) AS purchases
    FROM sales GROUP BY 1, 2 $$);
SELECT pganalytics.create_projection('monthly_customers', $$
    SELECT date_trunc('month', occurred_at)::date AS month, aggregate_id AS customer, count(*) AS purchases FROM sales GROUP BY 1, 2 $$);
-- What was written twice: equal in everything that producers give.
SELECT pganalytics.create_projection('written', $$
    SELECT aggregate_id AS customer, event_type, occurred_at, payload, count(*) AS times FROM sales GROUP BY 1, 2, 3, 4 $$);

INSERT INTO sales (event_type, aggregate_id, occurred_at, payload)
SELECT event_type, aggregate_id, occurred_at, payload FROM purchases WHERE position % 2 = 0 ORDER BY position;
SELECT pganalytics.refresh_projection(name) FROM pganalytics.projections;
INSERT INTO sales (event_type, aggregate_id, occurred_at, payload)
SELECT event_type, aggregate_id, occurred_at, payload FROM purchases WHERE position % 2 = 1 ORDER BY md5(position::text);

CREATE VIEW figure AS SELECT key, value FROM truth, jsonb_each(figures) WHERE dataset = 'cdnow';
CREATE VIEW rfm AS
SELECT customer, date '1998-07-01' - last_day AS recency, days AS frequency, revenue AS monetary FROM customer_value;
SQL

# The scores and segments of the page, of the projection and of the figures.
scored=$(awk '/^SELECT customer, recency, days, revenue, concat/, /LIMIT/' docs/recipes.md |
  sed "s/2024-06-01/1998-07-01/; s/^ORDER BY .* LIMIT .*//")
run -c "CREATE VIEW scored AS $scored" -c "CREATE VIEW scored_file AS ${scored/"FROM (SELECT *, date '1998-07-01' - last_day AS recency FROM customer_value) AS c"/"FROM (SELECT customer, recency, frequency AS days, monetary AS revenue FROM rfm_file) AS c"}"

check() {
  now "recency, frequency and monetary value of each customer ($1)" "SELECT count(*) = 0 FROM (
    (TABLE rfm EXCEPT ALL TABLE rfm_file) UNION ALL (TABLE rfm_file EXCEPT ALL TABLE rfm)) AS d"
  now "their scores and segments ($1)" "SELECT count(*) = 23570 AND count(DISTINCT segment) = 4 FROM scored
    WHERE (customer, score, segment) IN (SELECT customer, score, segment FROM scored_file)"
  now "quarters of equal size, the best with the most money ($1)" "
    SELECT array_agg(n ORDER BY quarter) = '{5893,5893,5892,5892}' AND bool_and(rises) IS NOT FALSE
    FROM (SELECT quarter, count(*) AS n, min(monetary) >= lag(max(monetary)) OVER (ORDER BY quarter) AS rises
          FROM (SELECT monetary, ntile(4) OVER (ORDER BY monetary, customer) AS quarter FROM rfm) AS c GROUP BY quarter) AS q"
  now "amount_total ($1)" "SELECT sum(revenue) = (SELECT (value#>>'{}')::numeric FROM figure WHERE key = 'amount_total') FROM money"
  now "purchase_amount_known_entities, purchasing_entities ($1)" "
    SELECT sum(revenue) = (SELECT (value#>>'{}')::numeric FROM figure WHERE key = 'purchase_amount_known_entities')
       AND count(*) = (SELECT value::bigint FROM figure WHERE key = 'purchasing_entities') FROM customer_value"
  now "amount_by_month ($1)" "
    SELECT jsonb_object_agg(to_char(month, 'YYYY-MM'), revenue::text) = (SELECT value FROM figure WHERE key = 'amount_by_month')
    FROM (SELECT month, sum(revenue) AS revenue FROM money GROUP BY 1) AS m"
  now "amount_by_type ($1)" "
    SELECT jsonb_object_agg(event_type, revenue::text) = (SELECT value FROM figure WHERE key = 'amount_by_type')
    FROM (SELECT event_type, sum(revenue) AS revenue FROM money GROUP BY 1) AS t"
  now "top5_purchase_amount ($1)" "
    SELECT jsonb_agg(jsonb_build_array(customer, revenue::text) ORDER BY revenue DESC) = (SELECT value FROM figure WHERE key = 'top5_purchase_amount')
    FROM (SELECT customer, revenue FROM customer_value ORDER BY revenue DESC LIMIT 5) AS t"
  now "monthly_cohorts_purchases ($1)" "
    WITH first AS (SELECT customer, min(month) AS cohort FROM monthly_customers GROUP BY 1),
         active AS (SELECT cohort, month, count(*) AS n FROM monthly_customers JOIN first USING (customer) GROUP BY 1, 2),
         cohort AS (SELECT to_char(cohort, 'YYYY-MM') AS cohort, jsonb_agg(n ORDER BY month) AS months FROM active GROUP BY 1)
    SELECT jsonb_object_agg(cohort, months) = (SELECT value FROM figure WHERE key = 'monthly_cohorts_purchases') FROM cohort"
  now "after_exact_dedup ($1)" "
    SELECT jsonb_build_object('events', count(*), 'events_with_entity', count(customer), 'amount_total', sum((payload->>'amount')::numeric)::text,
             'purchase_amount_known_entities', sum((payload->>'amount')::numeric) FILTER (WHERE event_type = 'purchase')::text)
        = (SELECT value FROM figure WHERE key = 'after_exact_dedup')
       AND sum(times) = (SELECT value::bigint FROM figure WHERE key = 'total_events') FROM written"
}
check "half folded"
run -c "SELECT pganalytics.refresh_projection(name) FROM pganalytics.projections" > /dev/null
check "folded"
