-- Windows by the clocks of a time zone, counted from an origin, and as they grow.
\set VERBOSITY default
SET IntervalStyle = 'postgres';

-- Days in Berlin: 23 hours when the clocks go forward, 25 when they go back.
SET TimeZone = 'Europe/Berlin';
SELECT day, lead(day) OVER (ORDER BY day) - day AS lasts
FROM pganalytics.window_starts('2024-03-30', '2024-04-02', '1 day', 'Europe/Berlin') AS day;
SELECT day, lead(day) OVER (ORDER BY day) - day AS lasts
FROM pganalytics.window_starts('2024-10-26', '2024-10-29', '1 day', 'Europe/Berlin') AS day;
SELECT pganalytics.tumble('2024-03-31 15:00', '1 day', 'Europe/Berlin') AS day,
       pganalytics.tumble('2024-03-31 15:00', '7 days', 'Europe/Berlin') AS week,
       pganalytics.tumble('2024-03-31 15:00', '1 month', 'Europe/Berlin') AS month,
       pganalytics.tumble('2024-03-31 15:00', '1 year', 'Europe/Berlin') AS year;

-- Whatever has a part in time is elapsed time: all hours have 60 minutes, and half days begin
-- at other times of day in summer. For half days by the clock there are timestamps without zone.
SELECT ts, pganalytics.tumble(ts, '1 hour', 'Europe/Berlin') AS hour, pganalytics.tumble(ts, '12 hours', 'Europe/Berlin') AS half_day,
       pganalytics.tumble(ts AT TIME ZONE 'Europe/Berlin', '12 hours') AS by_the_clock
FROM unnest('{2024-01-15 13:30, 2024-07-15 13:30, 2024-10-27 02:30+02, 2024-10-27 02:30+01}'::timestamptz[]) AS ts;

-- Of origins: a day that begins at six, a month that begins on its last day.
SELECT pganalytics.tumble('2024-03-31 05:59', '1 day', 'Europe/Berlin', '2024-01-01 06:00') AS shift,
       pganalytics.tumble('2024-04-15 12:00', '1 month', 'Europe/Berlin', '2024-01-31 00:00') AS month,
       pganalytics.tumble('2024-03-15 12:00', '1 month', 'Europe/Berlin', '2024-01-31 00:00') AS month;
SET TimeZone = 'UTC';
SELECT pganalytics.tumble(timestamptz '2024-05-17 13:47+00', '10 days', origin => '2024-05-16 12:00+00'),
       pganalytics.tumble(timestamp '2024-05-17 13:47', '7 days', origin => '2024-05-15'),
       pganalytics.hop(timestamptz '2024-05-17 13:47+00', '2 days', '1 day', origin => '2024-05-01 06:00+00'),
       pganalytics.hop(timestamp '2024-05-17 13:47', '2 days', '1 day', origin => '2024-05-01 06:00');

-- The oracle of days: date_trunc with a time zone, for random instants of all times, and many
-- near the days on which clocks change.
SELECT setseed(0.5);
CREATE TEMP TABLE zones (zone text);
INSERT INTO zones VALUES ('Europe/Berlin'), ('America/New_York'), ('Australia/Lord_Howe'), ('Asia/Kathmandu'), ('UTC');
CREATE TEMP TABLE instants AS
SELECT timestamptz '2024-01-01' + random() * interval '3 years' AS ts FROM generate_series(1, 3000)
UNION ALL
-- Around the changes of 2024, in Berlin, New York and on Lord Howe, to the second.
SELECT change + (random() - 0.5) * interval '4 days'
FROM generate_series(1, 300), unnest('{2024-03-31 01:00+00, 2024-10-27 01:00+00, 2024-03-10 07:00+00, 2024-11-03 06:00+00, 2024-04-06 15:00+00, 2024-10-05 15:30+00}'::timestamptz[]) AS change
UNION ALL
SELECT '0001-01-01'::timestamptz + random() * interval '9998 years' FROM generate_series(1, 1500)
UNION ALL
SELECT '4000-01-01 BC'::timestamptz + random() * interval '4000 years' FROM generate_series(1, 500)
UNION ALL
SELECT unnest('{infinity, -infinity, 0001-01-01 00:00+00, 9999-12-31 23:59:59.999999+00, 0044-03-15 12:00+00 BC}'::timestamptz[]);
SELECT zone, unit, count(*) AS instants, count(*) FILTER (WHERE pganalytics.tumble(ts, width, zone) IS DISTINCT FROM date_trunc(unit, ts, zone)) AS different
FROM zones, instants, (VALUES ('day', interval '1 day'), ('week', '7 days'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS w (unit, width)
GROUP BY zone, unit HAVING count(*) FILTER (WHERE pganalytics.tumble(ts, width, zone) IS DISTINCT FROM date_trunc(unit, ts, zone)) > 0
ORDER BY zone, unit;
-- Hours, where the zone is whole hours from UTC.
SELECT zone, count(*) FILTER (WHERE pganalytics.tumble(ts, '1 hour', zone) IS DISTINCT FROM date_trunc('hour', ts, zone)) AS different
FROM zones, instants WHERE zone IN ('Europe/Berlin', 'America/New_York') AND (ts >= '1945-12-01' OR NOT isfinite(ts)) GROUP BY zone ORDER BY zone;
-- The oracle of time: date_bin.
SELECT width, count(*) > 20000 AS many, count(*) FILTER (WHERE pganalytics.tumble(ts, width, zone, origin) <> date_bin(width, ts, origin)) AS different
FROM zones, instants, (VALUES (interval '1 hour', timestamptz '2023-12-31 12:34:56.789+00'), ('12 hours', '2023-01-01 06:00+00'), ('1 day 06:00', '2023-06-01 00:00+00')) AS w (width, origin)
WHERE ts >= origin AND isfinite(ts) AND ts < '9990-01-01' GROUP BY width ORDER BY width;
-- The oracle of months with an origin: adding them to what the clocks show.
WITH starts AS (
    SELECT zone, origin, ((origin AT TIME ZONE zone) + n * interval '1 month') AT TIME ZONE zone AS start
    FROM zones, unnest('{2024-01-31 12:00+00, 2023-12-30 01:30+00, 2024-02-29 00:00+00}'::timestamptz[]) AS origin, generate_series(-24, 48) AS n)
SELECT count(*) AS cases, count(*) FILTER (WHERE pganalytics.tumble(ts, '1 month', zone, origin) IS DISTINCT FROM expected) AS different
FROM (SELECT zone, origin, ts, (SELECT max(start) FROM starts s WHERE s.zone = z.zone AND s.origin = o.origin AND start <= ts) AS expected
      FROM zones z, (SELECT DISTINCT origin FROM starts) o, (SELECT ts FROM instants WHERE ts BETWEEN '2024-01-01' AND '2026-12-01' LIMIT 700) i) c;

-- Where clocks show midnight twice, the day begins at the second, as PostgreSQL reads such a
-- time; date_trunc then gives a start that is yet to come. Where they leave it out, at the change.
SELECT ts, pganalytics.tumble(ts, '1 day', 'America/Havana'), date_trunc('day', ts, 'America/Havana')
FROM unnest('{2024-11-03 04:30+00, 2024-11-03 05:30+00}'::timestamptz[]) AS ts;
SELECT pganalytics.tumble('2024-03-31 12:00+02', '1 day', 'Asia/Beirut'), pganalytics.tumble('2024-03-30 23:59:59+02', '1 day', 'Asia/Beirut');
-- Samoa went without December 30, 2011.
SELECT day AT TIME ZONE 'Pacific/Apia' AS day FROM pganalytics.window_starts('2011-12-28 12:00+00', '2012-01-01 12:00+00', '1 day', 'Pacific/Apia') AS day;

-- Any zone that AT TIME ZONE takes; others are refused.
SELECT zone, pganalytics.tumble('2024-05-17 22:47+00', '1 day', zone) FROM unnest('{CET, utc, +05:30, EST5EDT, europe/berlin, Asia/Kathmandu}'::text[]) AS zone;
SELECT pganalytics.tumble('2024-05-17 22:47+00', '1 day', 'Mars/Olympus');
\echo :SQLSTATE
SELECT pganalytics.tumble(now(), '1 day', 'UTC', 'infinity');
\echo :SQLSTATE
SELECT pganalytics.tumble(now(), '1 month 1 day', 'Asia/Tokyo');
\echo :SQLSTATE
SELECT pganalytics.tumble('4714-11-24 00:00+00 BC', '1 day', 'America/New_York');
\echo :SQLSTATE
SELECT pganalytics.tumble('294276-12-31 23:59:59+00', '1 day', 'Europe/Berlin');
SELECT pganalytics.tumble(NULL, '1 day', 'UTC') IS NULL AND pganalytics.tumble(now(), '1 day', NULL, NULL) IS NULL AS "null";

-- Hopping: the last two days, from every day.
SELECT pganalytics.hop('2024-04-01 10:00+02', '2 days', '1 day', 'Europe/Berlin');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE a IS NULL OR b IS NULL) AS different
FROM (SELECT zone, ts, pganalytics.hop(ts, '3 days', '1 day', zone) AS start, true AS a FROM zones, instants WHERE ts BETWEEN '2024-01-01' AND '2024-12-31') h
FULL JOIN (SELECT zone, ts, ((pganalytics.tumble(ts, '1 day', zone) AT TIME ZONE zone) - n * interval '1 day') AT TIME ZONE zone AS start, true AS b
           FROM zones, instants, generate_series(0, 2) n WHERE ts BETWEEN '2024-01-01' AND '2024-12-31') s USING (zone, ts, start);
-- Days by the clock do not slide by the hour; 24 hours do.
SELECT pganalytics.hop('2024-04-01 10:00+02', '1 day', '1 hour', 'Europe/Berlin');
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.hop('2024-04-01 10:00+02', '24 hours', '1 hour', 'Europe/Berlin');
-- Nobody gets more than a million.
SELECT count(*) FROM pganalytics.hop(timestamptz '2024-04-01', '1 second', '1 microsecond');
SELECT count(*) FROM pganalytics.hop(timestamptz '2024-04-01', '1000 years', '1 microsecond');
\echo :SQLSTATE
SELECT count(*) FROM pganalytics.cumulate(timestamptz '2024-04-01', '1 microsecond', '1 day');
\echo :SQLSTATE

-- Cumulating: the day so far, the month so far by weeks and by days.
SELECT pganalytics.cumulate(timestamptz '2024-05-17 13:47+00', '6 hours', '1 day');
SELECT pganalytics.cumulate(timestamp '2024-02-10 13:47', '7 days', '1 month');
SELECT pganalytics.cumulate('2024-03-31 12:00+02', '1 day', '1 month', 'Europe/Berlin');
-- A day of 23 hours.
SELECT count(*), max(upper(w)) FROM pganalytics.cumulate('2024-03-31 00:00+01', '1 hour', '1 day', 'Europe/Berlin') AS w;
SELECT pganalytics.cumulate('infinity'::timestamptz, '1 hour', '1 day'), pganalytics.cumulate('-infinity'::timestamp, '1 hour', '1 day');
SELECT pganalytics.cumulate(now(), '0 hours', '1 day');
\echo :SQLSTATE
SELECT count(*) > 10000 AS many, bool_and(upper(w) > ts AND lower(w) = pganalytics.tumble(ts, '1 month', zone)
    AND (upper(w) AT TIME ZONE zone)::time = '00:00') AS "all right"
FROM zones, (SELECT ts FROM instants WHERE ts BETWEEN '2024-01-01' AND '2024-12-31' LIMIT 300) i, pganalytics.cumulate(ts, '1 day', '1 month', zone) AS w;

-- In projections, as keys and in FROM.
SELECT pganalytics.create_event_table('events');
\getenv regress PG_ABS_SRCDIR
\set differences :regress '/lib/differences.psql'
\i :differences
INSERT INTO events (event_type, aggregate_id, occurred_at)
SELECT 'sold', 'shop', timestamptz '2024-03-30 20:00+00' + i * interval '1 hour' FROM generate_series(0, 52) i;
SELECT pganalytics.create_projection('berlin_days', $$
    SELECT pganalytics.tumble(occurred_at, '1 day', 'Europe/Berlin') AS day, count(*) AS sales FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('shifts', $$
    SELECT pganalytics.tumble(occurred_at, '8 hours', origin => '2024-01-01 06:00+00') AS shift, count(*) AS sales FROM events GROUP BY 1 $$);
SELECT pganalytics.create_projection('two_days', $$
    SELECT since, count(*) AS sales FROM events e, pganalytics.hop(e.occurred_at, '2 days', '1 day', 'Europe/Berlin') AS since GROUP BY since $$);
SELECT pganalytics.create_projection('so_far', $$
    SELECT part, count(*) AS sales FROM events e, pganalytics.cumulate(e.occurred_at, '12 hours', '1 day', 'Europe/Berlin') AS part GROUP BY part $$);
SELECT pganalytics.create_projection('so_far_as_key', $$
    SELECT lower(pganalytics.cumulate(occurred_at, '12 hours', '1 day')) AS day, upper(pganalytics.cumulate(occurred_at, '12 hours', '1 day')) AS until, count(*) AS sales
    FROM events GROUP BY pganalytics.cumulate(occurred_at, '12 hours', '1 day') $$);
SELECT * FROM berlin_days ORDER BY 1;
SELECT * FROM so_far ORDER BY 1;
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT pganalytics.refresh_projection(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
-- A late event, and one of today.
INSERT INTO events (event_type, aggregate_id, occurred_at) VALUES ('sold', 'shop', '2024-03-31 21:59+00'), ('sold', 'shop', now());
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT pganalytics.refresh_projection(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
SELECT name, tail, differences(name) FROM pganalytics.projections ORDER BY name COLLATE "C";
-- is_final takes the ranges as they are.
SELECT part, pganalytics.is_final(part, 'so_far') FROM so_far ORDER BY 1 LIMIT 2;
SELECT pganalytics.alter_event_table('events', 'allowed_lateness', '10 minutes');
CALL pganalytics.run_maintenance();
SELECT part, pganalytics.is_final(part, 'so_far') FROM so_far ORDER BY 1 LIMIT 2;
SELECT pganalytics.drop_projection(name) FROM pganalytics.projections;
DROP TABLE events;
DROP FUNCTION differences;
