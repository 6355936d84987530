#!/usr/bin/env bash
# Ten read models over real events (tests/data), each one create_projection, compared with
# figures that other programs computed from the same files, or with plain SQL. The events
# come as they do in life: late, in any order, twice, in transactions that overlap, before
# and after the projections; with folds in between, a rebuild, a replacement, and segments
# that roll.
source "$(dirname "$0")/lib/psql.sh"
cd "$(dirname "$0")/../.."

run() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

run <<'SQL'
CREATE EXTENSION pg_analytics;

-- The files, and what is known of them.
CREATE TABLE purchases_file (seq integer, entity_id text, event_type text, ts timestamptz, amount numeric, props jsonb);
CREATE TABLE activity_file (LIKE purchases_file);
CREATE TABLE purchases_daily (day date, orders bigint, customers bigint);
CREATE TABLE purchases_monthly (month date, revenue numeric);
CREATE TABLE purchases_cohorts (cohort date, month integer, customers bigint);
CREATE TABLE purchases_rfm (customer text, recency integer, frequency bigint, monetary numeric);
CREATE TABLE activity_daily (day date, events bigint, users bigint);
\copy purchases_file FROM PROGRAM 'gzip -dc demo/cdnow.csv.gz' (FORMAT csv, HEADER)
\copy activity_file FROM PROGRAM 'gzip -dc tests/data/conlang_se.csv.gz' (FORMAT csv, HEADER)
\copy purchases_daily FROM PROGRAM 'gzip -dc tests/data/cdnow_daily.csv.gz' (FORMAT csv, HEADER)
\copy purchases_monthly FROM 'tests/data/cdnow_monthly.csv' (FORMAT csv, HEADER)
\copy purchases_cohorts FROM 'tests/data/cdnow_cohorts.csv' (FORMAT csv, HEADER)
\copy purchases_rfm FROM PROGRAM 'gzip -dc tests/data/cdnow_rfm.csv.gz' (FORMAT csv, HEADER)
\copy activity_daily FROM PROGRAM 'gzip -dc tests/data/conlang_se_daily.csv.gz' (FORMAT csv, HEADER)

-- (Whose events have versions waits for others that append to the same aggregate.)
SELECT pganalytics.create_event_table('purchases', versions => 'optional', segment_size => '2 MB', dedup_window => NULL) \g /dev/null
SELECT pganalytics.create_event_table('activity', versions => 'optional', dedup_window => NULL) \g /dev/null

-- The order of arrival: eight parts by time, the fifth of them shuffled, and a ninth with
-- events of all times, which come last.
CREATE VIEW arrivals AS
SELECT *, CASE WHEN seq % 20 = 7 THEN 9 ELSE ntile(8) OVER (PARTITION BY source ORDER BY ts, seq) END AS part
FROM (SELECT 'purchases' AS source, *, md5('purchases' || seq)::uuid AS id FROM purchases_file
      UNION ALL SELECT 'activity', *, md5('activity' || seq)::uuid FROM activity_file) f;

-- How many of a part went in.
CREATE FUNCTION arrive(which integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint := (SELECT count(*) FROM purchases) + (SELECT count(*) FROM activity);
BEGIN
    INSERT INTO purchases (event_id, event_type, aggregate_id, occurred_at, payload)
    SELECT id, event_type, entity_id, ts, props || jsonb_build_object('amount', amount) FROM arrivals
    WHERE source = 'purchases' AND part = which ORDER BY CASE which WHEN 5 THEN md5(seq::text) END, ts, seq;
    INSERT INTO activity (event_id, event_type, aggregate_id, occurred_at, payload)
    SELECT id, event_type, entity_id, ts, props FROM arrivals
    WHERE source = 'activity' AND part = which ORDER BY CASE which WHEN 5 THEN md5(seq::text) END, ts, seq;
    RETURN (SELECT count(*) FROM purchases) + (SELECT count(*) FROM activity) - before;
END $$;

-- What else is known of customers: a lookup table.
CREATE TABLE customers AS
SELECT entity_id AS customer, date_trunc('month', min(ts))::date AS cohort FROM purchases_file GROUP BY 1;
SQL

roll() {
  run -c "SELECT pganalytics.roll_segment('activity')" > /dev/null
  run -c "CALL pganalytics.run_maintenance()"
}
# Folds these; maintenance folds all that have a tail.
fold() { run -c "SELECT pganalytics.refresh_projection(name) FROM unnest('{$1}'::text[]) AS name" > /dev/null; }

echo "--- five read models of an empty log, and its first part"
run > /dev/null <<'SQL'
-- 1. Events and active users, per day and type
SELECT pganalytics.create_projection('daily_activity', $$
    SELECT occurred_at::date AS day, event_type, count(*) AS events, count(DISTINCT aggregate_id) AS users
    FROM activity GROUP BY 1, 2 $$);

-- 2. Revenue, per day
SELECT pganalytics.create_projection('daily_revenue', $$
    SELECT occurred_at::date AS day, count(*) AS orders, count(DISTINCT aggregate_id) AS customers,
           sum((payload->>'amount')::numeric) AS revenue, avg((payload->>'amount')::numeric) AS average
    FROM purchases GROUP BY 1 $$);

-- 3. Revenue, per month and customer
SELECT pganalytics.create_projection('monthly_customers', $$
    SELECT date_trunc('month', occurred_at)::date AS month, aggregate_id AS customer,
           count(*) AS orders, sum((payload->>'amount')::numeric) AS revenue
    FROM purchases GROUP BY 1, 2 $$);

-- 4. Activity per user and hour
SELECT pganalytics.create_projection('hourly_activity', $$
    SELECT date_trunc('hour', occurred_at) AS hour, aggregate_id AS user_id, count(*) AS events,
           count(*) FILTER (WHERE event_type IN ('question', 'answer', 'comment')) AS posts
    FROM activity GROUP BY 1, 2 $$);

-- 5. Unique users per day, exact and estimated
SELECT pganalytics.create_projection('daily_users', $$
    SELECT occurred_at::date AS day, count(DISTINCT aggregate_id) AS users,
           pganalytics.approx_count_distinct(aggregate_id) AS estimate
    FROM activity GROUP BY 1 $$);
SELECT arrive(1);
SQL
fold daily_activity,daily_revenue
run -c "SELECT arrive(2)" > /dev/null
fold monthly_customers,daily_users
roll
run -c "SELECT arrive(3), arrive(4)" > /dev/null
roll

echo "--- three more, of half a log"
run > /dev/null <<'SQL'
-- 6. Sessions: what a user did without a pause of more than half an hour, and for how long
SELECT pganalytics.create_projection('user_sessions', $$
    SELECT aggregate_id AS user_id, pganalytics.session(occurred_at, '30 minutes') AS session,
           count(*) AS events, max(occurred_at) - min(occurred_at) AS length
    FROM activity GROUP BY 1, 2 $$);

-- 7. First and last activity of each user
SELECT pganalytics.create_projection('user_history', $$
    SELECT aggregate_id AS user_id, min(occurred_at) AS first_seen, max(occurred_at) AS last_seen,
           pganalytics.first(event_type, occurred_at) AS first_event,
           pganalytics.last(event_type, occurred_at) AS last_event
    FROM activity GROUP BY 1 $$);

-- 8. Recency, frequency and monetary value of each customer
SELECT pganalytics.create_projection('customer_value', $$
    SELECT aggregate_id AS customer, '1998-07-01' - max(occurred_at::date) AS recency,
           count(DISTINCT occurred_at::date) AS frequency, sum((payload->>'amount')::numeric) AS monetary
    FROM purchases GROUP BY 1 $$);
SQL

echo "--- writers that overlap, repeated parts, folds meanwhile"
run > /dev/null <<'SQL' &
BEGIN;
SELECT arrive(5);
SELECT pg_sleep(4);
COMMIT;
SQL
slow=$!
eventually 60 "a transaction stays open" "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
run -c "SELECT arrive(6)" > /dev/null
fold daily_activity,customer_value,user_history
now "repeated parts add nothing" "SELECT arrive(3) = 0"
run > /dev/null <<'SQL'
BEGIN;
SELECT arrive(7);
SAVEPOINT s;
SELECT arrive(8);
ROLLBACK TO s;
COMMIT;
SQL
wait "$slow"
roll

echo "--- two more, of what has come; one is rebuilt, one replaced"
run > /dev/null <<'SQL'
-- 9. What is popular: badges, how many were awarded, to how many users, to whom first
SELECT pganalytics.create_projection('badges', $$
    SELECT payload->>'name' AS badge, count(*) AS awarded, count(DISTINCT aggregate_id) AS users,
           pganalytics.first(aggregate_id, occurred_at) AS first_user
    FROM activity WHERE event_type = 'badge' GROUP BY 1 $$);

-- 10. An enriched copy: a row for each purchase
SELECT pganalytics.create_projection('enriched_purchases', $$
    SELECT p.aggregate_id AS customer, c.cohort, p.occurred_at::date AS day,
           (p.payload->>'amount')::numeric AS amount, (p.payload->>'cds')::integer AS cds
    FROM purchases p LEFT JOIN customers c ON c.customer = p.aggregate_id $$);

SELECT arrive(8);
SELECT pganalytics.rebuild_projection('monthly_customers');
SELECT pganalytics.replace_projection('customer_value', $$
    SELECT aggregate_id AS customer, '1998-07-01' - max(occurred_at::date) AS recency,
           count(DISTINCT occurred_at::date) AS frequency, sum((payload->>'amount')::numeric) AS monetary,
           count(*) AS orders, avg((payload->>'amount')::numeric) AS mean
    FROM purchases GROUP BY 1 $$);
SQL
roll
run -c "SELECT arrive(9)" > /dev/null

# What each must be, from the files alone, and what others say of them.
run <<'SQL'
CREATE TABLE truth (what text, found text, expected text);
INSERT INTO truth VALUES
-- Each projection, and the same in plain SQL
('daily_activity', 'TABLE daily_activity',
 'SELECT ts::date, event_type, count(*), count(DISTINCT entity_id) FROM activity_file GROUP BY 1, 2'),
('daily_revenue', 'TABLE daily_revenue',
 'SELECT ts::date, count(*), count(DISTINCT entity_id), sum(amount), avg(amount) FROM purchases_file GROUP BY 1'),
('monthly_customers', 'TABLE monthly_customers',
 'SELECT date_trunc(''month'', ts)::date, entity_id, count(*), sum(amount) FROM purchases_file GROUP BY 1, 2'),
('hourly_activity', 'TABLE hourly_activity',
 'SELECT date_trunc(''hour'', ts), entity_id, count(*), sum((event_type IN (''question'', ''answer'', ''comment''))::int)
  FROM activity_file GROUP BY 1, 2'),
('daily_users', 'TABLE daily_users',
 'SELECT ts::date, count(DISTINCT entity_id), pganalytics.approx_count_distinct(entity_id) FROM activity_file GROUP BY 1'),
('user_sessions', 'TABLE user_sessions',
 'SELECT entity_id, tstzrange(min(ts), max(ts), ''[]''), count(*), max(ts) - min(ts)
  FROM (SELECT *, count(*) FILTER (WHERE opens) OVER (PARTITION BY entity_id ORDER BY ts, seq) AS nth
        FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY entity_id ORDER BY ts, seq) > ''30 minutes'' AS opens
              FROM activity_file) f) f GROUP BY entity_id, nth'),
-- (Of events at the same time the position decides, which the file does not have.)
('user_history', 'TABLE user_history',
 'SELECT aggregate_id, min(occurred_at), max(occurred_at), (array_agg(event_type ORDER BY occurred_at, position))[1],
         (array_agg(event_type ORDER BY occurred_at DESC, position DESC))[1] FROM activity GROUP BY 1'),
('customer_value', 'TABLE customer_value',
 'SELECT r.*, count(*), avg(amount) FROM purchases_rfm r JOIN purchases_file ON entity_id = customer GROUP BY 1, 2, 3, 4'),
('badges', 'TABLE badges',
 'SELECT payload->>''name'', count(*), count(DISTINCT aggregate_id), (array_agg(aggregate_id ORDER BY occurred_at, position))[1]
  FROM activity WHERE event_type = ''badge'' GROUP BY 1'),
('enriched_purchases', 'SELECT event_id, customer, cohort, day, amount, cds FROM enriched_purchases',
 'SELECT md5(''purchases'' || seq)::uuid, entity_id, cohort, ts::date, amount, (props->>''cds'')::int
  FROM purchases_file JOIN customers ON customer = entity_id'),
-- The figures of others
('events per type', 'SELECT event_type, sum(events)::int FROM daily_activity GROUP BY 1',
 'VALUES (''badge'', 612), (''signup'', 271), (''comment'', 216), (''answer'', 109), (''question'', 53), (''other_post'', 2)'),
('events per day', 'SELECT day, sum(events)::bigint FROM daily_activity GROUP BY 1', 'SELECT day, events FROM activity_daily'),
('active users per day', 'SELECT day, users FROM daily_users', 'SELECT day, users FROM activity_daily'),
('orders and customers per day', 'SELECT day, orders, customers FROM daily_revenue', 'TABLE purchases_daily'),
('revenue', 'SELECT sum(revenue), sum(orders) FROM daily_revenue', 'SELECT 2500315.63, 69659'),
('revenue per month', 'SELECT month, sum(revenue) FROM monthly_customers GROUP BY 1', 'TABLE purchases_monthly'),
('best customers', 'SELECT customer, sum(revenue) FROM monthly_customers GROUP BY 1 ORDER BY 2 DESC LIMIT 5',
 'VALUES (''07592'', 13990.93), (''14048'', 8976.33), (''07983'', 6973.07), (''19339'', 6552.70), (''07931'', 6497.18)'),
('sessions', 'SELECT count(*), sum(extract(epoch FROM length)), max(extract(epoch FROM length)), max(events), round(avg(events), 6),
         sum((events = 1)::int), sum((length = ''0'')::int) FROM user_sessions',
 'SELECT 938, 161900.209, 3767.106, 9, 1.346482, 738, 756'),
('recency, frequency, value', 'SELECT customer, recency, frequency, monetary FROM customer_value', 'TABLE purchases_rfm'),
('customers of each cohort, month by month',
 'SELECT cohort, 12 * extract(year FROM age(day, cohort))::int + extract(month FROM age(day, cohort))::int, count(DISTINCT customer)
  FROM enriched_purchases GROUP BY 1, 2', 'TABLE purchases_cohorts');

CREATE FUNCTION check_truth() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE t record; wrong bigint; one text;
BEGIN
    FOR t IN TABLE truth LOOP
        EXECUTE format('WITH found AS (%s), expected AS (%s),
            differ AS ((TABLE found EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE found))
            SELECT count(*), min(d::text) FROM differ d', t.found, t.expected) INTO wrong, one;
        ASSERT wrong = 0, format('%s: %s rows differ, %s among them', t.what, wrong, one);
        RETURN NEXT 'ok: ' || t.what;
    END LOOP;
    ASSERT (SELECT bool_and(abs(estimate - users) <= 1 + users * 0.03) FROM daily_users), 'an estimate is far off';
END $$;
SQL

check() { # when
  echo "--- $1"
  run -c "SELECT check_truth()"
  run <<'SQL'
DO $$
DECLARE p regclass; differences bigint;
BEGIN
    FOR p IN SELECT name FROM pganalytics.projections LOOP
        SELECT count(*) INTO differences FROM pganalytics.verify_projection(p::text);
        ASSERT differences = 0, format('%s: verify finds %s differences', p, differences);
    END LOOP;
END $$;
SQL
  echo "ok: verified"
}

now "both logs have rolled" "SELECT min(segments) >= 4 FROM (
  SELECT count(*) AS segments FROM pganalytics.segments WHERE state <> 'spare' GROUP BY event_table) s"
now "each has a tail" "SELECT bool_and(tail > 0) FROM pganalytics.projections"
check "with a tail"
fold "$(run -c "SELECT string_agg(name, ',') FROM pganalytics.projections")"
now "nothing is left to fold" "SELECT bool_and(tail = 0) FROM pganalytics.projections"
check "folded"
