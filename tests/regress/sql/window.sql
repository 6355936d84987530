-- Tumbling windows: tumble(ts, width) is the start of the window that holds ts.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_analytics;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';

-- Any width of days or time. Weeks begin on Monday.
SELECT width, pganalytics.tumble('2024-05-17 13:47:21+00', width)
FROM unnest(ARRAY['10 seconds', '15 minutes', '1 hour', '36 hours', '1 day', '7 days']::interval[]) AS width;

-- Any width of whole months, aligned on January 2001.
SELECT width, pganalytics.tumble('2024-05-17 13:47:21+00', width)
FROM unnest(ARRAY['1 month', '3 months', '1 year', '10 years', '1 century']::interval[]) AS width;

-- Events per hour.
CREATE TEMP TABLE clicks (occurred_at timestamptz);
INSERT INTO clicks VALUES
    ('2024-05-17 09:05+00'), ('2024-05-17 09:59:59.999999+00'),
    ('2024-05-17 10:00+00'), ('2024-05-17 12:30+00');
SELECT pganalytics.tumble(occurred_at, '1 hour') AS hour, count(*)
FROM clicks GROUP BY hour ORDER BY hour;

-- A window is the same in every time zone: it is aligned in UTC.
SET TimeZone = 'Asia/Kolkata';
SELECT pganalytics.tumble('2024-05-17 13:47+00', '1 day');
SET TimeZone = 'UTC';

-- Timestamps without time zone.
SELECT pganalytics.tumble(timestamp '2024-05-17 13:47', '7 days');
SELECT pg_typeof(pganalytics.tumble(timestamp '2024-05-17 13:47', '7 days'));

-- Before 2001 windows are whole as well.
SELECT pganalytics.tumble('2000-12-31 23:59:59+00', '7 days'),
       pganalytics.tumble('1969-07-20 20:17:40+00', '1 month'),
       pganalytics.tumble('0044-03-15 12:00:00+00 BC', '1 year');

-- Every instant of five hundred years agrees with date_trunc.
SELECT unit, count(*) FILTER (WHERE pganalytics.tumble(ts, width) <> date_trunc(unit, ts)) AS different
FROM (VALUES ('hour', '1 hour'::interval), ('day', '1 day'), ('week', '7 days'),
             ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS w (unit, width),
     generate_series('1700-01-01'::timestamptz, '2200-01-01', '8 days 05:07:11') AS ts
GROUP BY unit ORDER BY unit;

-- Infinity is a window of its own; NULL gives NULL.
SELECT pganalytics.tumble('infinity'::timestamptz, '1 day'),
       pganalytics.tumble('-infinity'::timestamptz, '1 month'),
       pganalytics.tumble(NULL::timestamptz, '1 day') IS NULL AS "null";

-- It is immutable, so it can be indexed.
CREATE INDEX ON clicks (pganalytics.tumble(occurred_at, '1 day'));

-- Months have no length in days.
SELECT pganalytics.tumble(now(), '1 month 1 day');
\echo :SQLSTATE
SELECT pganalytics.tumble(now(), '0 seconds');
\echo :SQLSTATE
SELECT pganalytics.tumble(now(), '-1 hour');
\echo :SQLSTATE
SELECT pganalytics.tumble(now(), '-1 month');
\echo :SQLSTATE
SELECT pganalytics.tumble('4714-11-24 00:00+00 BC'::timestamptz, '10 days');
\echo :SQLSTATE
