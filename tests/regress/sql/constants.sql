-- Constants in a projection's query mean what they meant when it was created, whatever
-- the settings of the session that reads or folds first: dates, intervals, numbers.
SELECT pganalytics.create_event_table('orders');
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload)
SELECT 'order', 'o' || i, timestamptz '2024-01-01 00:00Z' + i * interval '1 day', jsonb_build_object('amount', i)
FROM generate_series(1, 60) i;
SELECT pganalytics.create_projection('recent', $$
    SELECT count(*) AS orders, count(*) FILTER (WHERE occurred_at >= timestamptz '2024-02-01 00:00Z') AS since_february,
           count(*) FILTER (WHERE (occurred_at AT TIME ZONE 'UTC')::date >= date '2024-02-01') AS by_day,
           max((payload->>'amount')::float8 * float8 '0.123456789012345') AS weighed,
           max(occurred_at + interval '-1 month 3 days -2 hours') AS due
    FROM orders$$);
CREATE VIEW expected AS
    SELECT count(*) AS orders, count(*) FILTER (WHERE occurred_at >= timestamptz '2024-02-01 00:00Z') AS since_february,
           count(*) FILTER (WHERE (occurred_at AT TIME ZONE 'UTC')::date >= date '2024-02-01') AS by_day,
           max((payload->>'amount')::float8 * float8 '0.123456789012345') AS weighed,
           max(occurred_at + interval '-1 month 3 days -2 hours') AS due
    FROM orders;
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload) VALUES ('order', 'late', '2024-01-25', '{"amount": 100}');

-- Sessions that have not met the projection yet: one reads, another folds.
\c -
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = sql_standard;
SET extra_float_digits = -9;
SELECT count(*) AS wrong FROM ((TABLE recent EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE recent)) d;
\c -
SET DateStyle = 'German';
SET TimeZone = 'America/New_York';
SET IntervalStyle = iso_8601;
SELECT pganalytics.refresh_projection('recent');
RESET ALL;
SELECT count(*) AS wrong FROM ((TABLE recent EXCEPT ALL TABLE expected) UNION ALL (TABLE expected EXCEPT ALL TABLE recent)) d;

-- One that is created under them.
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = sql_standard;
SET extra_float_digits = -9;
SELECT pganalytics.create_projection('first_week', $$
    SELECT count(*) AS orders, max(occurred_at - interval '-1 2:00:00') AS due, max((payload->>'amount')::float8 / 3) AS third
    FROM orders WHERE occurred_at < '08/01/2024 00:00 UTC'$$);
\c -
INSERT INTO orders (event_type, aggregate_id, occurred_at, payload) VALUES ('order', 'later', '2024-01-07 12:00', '{"amount": 100}');
SELECT orders, due, third FROM first_week;
SELECT pganalytics.refresh_projection('first_week');
SELECT orders, due, third FROM first_week;

DROP VIEW expected;
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP TABLE orders;
