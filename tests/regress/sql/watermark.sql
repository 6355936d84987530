-- Watermarks: the event time before which no more events are expected.
SET client_min_messages = warning;
SELECT pganalytics.create_event_table('readings', allowed_lateness => '10 minutes');
CREATE PROCEDURE read(VARIADIC times text[]) LANGUAGE sql AS $$
    INSERT INTO readings (event_type, aggregate_id, occurred_at) SELECT 'reading', 'sensor', t::timestamptz FROM unnest(times) t
$$;
CREATE VIEW stands AS
SELECT watermark, allowed_lateness, latest_event, late_events, events, advanced_at > now() - interval '1 hour' AS advanced
FROM pganalytics.watermarks WHERE event_table = 'readings'::regclass;
TABLE stands;

-- The worker advances it to the latest event less allowed_lateness.
CALL read('2024-05-01 10:00+00', '2024-05-01 09:58+00');
TABLE stands;
CALL pganalytics.run_maintenance();
TABLE stands;
SELECT pganalytics.watermark('readings');

-- Late is what lies before the watermark as it stood. Nothing is dropped for it.
CALL read('2024-05-01 09:49:59+00', '2024-05-01 09:50+00', '2024-05-01 11:00+00', '2024-05-01 09:55+00');
CALL pganalytics.run_maintenance();
TABLE stands;
SELECT count(*) FROM readings;
-- No news: nothing is written.
SELECT advanced_at AS before FROM pganalytics.watermarks \gset
CALL pganalytics.run_maintenance();
SELECT advanced_at = :'before' AS untouched FROM pganalytics.watermarks;

-- A window is final once the watermark has reached its end.
SELECT pganalytics.watermark('readings'), ends_at, pganalytics.is_final(ends_at, 'readings')
FROM unnest(ARRAY['2024-05-01 10:45+00', '2024-05-01 10:50+00', '2024-05-01 10:50:01+00', 'infinity', '-infinity', NULL]::timestamptz[]) AS ends_at;
SELECT w AS "window", pganalytics.is_final(w, 'readings')
FROM unnest(ARRAY['[2024-05-01 10:00+00,2024-05-01 10:50+00)', '[2024-05-01 10:00+00,2024-05-01 10:50+00]',
                  '(,2024-05-01 10:49:59+00]', '[2024-05-01 10:00+00,)', '(,)', 'empty', NULL]::tstzrange[]) AS w;
-- A projection may be named in place of its event table.
SELECT pganalytics.create_projection('hourly', $$
    SELECT pganalytics.tumble(occurred_at, '1 hour') AS hour, count(*) FROM readings GROUP BY 1$$);
SELECT hour, count, pganalytics.is_final(hour + interval '1 hour', 'hourly') FROM hourly ORDER BY hour;
SELECT pganalytics.create_projection('bursts', $$
    SELECT pganalytics.session(occurred_at, '5 minutes') AS burst, count(*)
    FROM readings GROUP BY pganalytics.session(occurred_at, '5 minutes')$$);
-- A session reaches as far as its gap.
SELECT burst, count, pganalytics.is_final(tstzrange(lower(burst), upper(burst) + interval '5 minutes', '[]'), 'bursts')
FROM bursts ORDER BY burst;

-- A clock that runs ahead does not push it into the future.
CALL read('2999-01-01', 'infinity');
CALL pganalytics.run_maintenance();
SELECT watermark <= now() AS sane, latest_event <= now() AS known, late_events, events FROM stands;
-- Nor does one that is behind pull it back.
CALL read('-infinity', '2000-01-01');
CALL pganalytics.run_maintenance();
SELECT now() - watermark < interval '1 hour' AS stays, late_events, events FROM stands;

-- It never falls: more lateness holds for what comes. Less raises it at once.
SELECT watermark AS before FROM stands \gset
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '1 month');
SELECT watermark = :'before' AS same, allowed_lateness FROM stands;
CALL read('2024-05-01');
CALL pganalytics.run_maintenance();
SELECT watermark = :'before' AS same, late_events, events FROM stands;
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '0');
SELECT watermark = latest_event AS highest FROM stands;
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '178000000 years');
CALL read('4714-11-24 00:00+00 BC');
CALL pganalytics.run_maintenance();
SELECT watermark = latest_event AS highest, events FROM stands;

-- Without allowed_lateness there is none. What comes meanwhile is seen later.
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', NULL);
CALL read('2024-05-01');
CALL pganalytics.run_maintenance();
TABLE stands;
SELECT pganalytics.watermark('readings'), pganalytics.is_final(timestamptz '2024-01-01', 'readings'), pganalytics.is_final(tstzrange '(,)', 'readings');
SELECT allowed_lateness FROM pganalytics.event_tables WHERE event_table = 'readings'::regclass;
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '10 minutes');
CALL pganalytics.run_maintenance();
SELECT events FROM stands;
SELECT count(*) FROM readings;

-- Every event is seen once, also those of transactions that were open meanwhile, across segments.
SELECT pganalytics.roll_segment('readings');
CALL pganalytics.run_maintenance();
CALL read('2024-05-01', '2024-05-02');
CALL pganalytics.run_maintenance();
SELECT events = (SELECT count(*) FROM readings) AS once, (SELECT count(DISTINCT segment) FROM readings) AS segments FROM stands;

-- What keeps it from advancing is said; put right, it catches up.
CALL read('2024-05-03');
ALTER TABLE readings RENAME occurred_at TO happened_at;
CALL pganalytics.run_maintenance();
SELECT last_error FROM pganalytics.event_tables WHERE event_table = 'readings'::regclass;
ALTER TABLE readings RENAME happened_at TO occurred_at;
CALL pganalytics.run_maintenance();
SELECT last_error FROM pganalytics.event_tables WHERE event_table = 'readings'::regclass;
SELECT events = (SELECT count(*) FROM readings) AS once FROM stands;

-- Who may read the event table may ask; who may read a projection may ask for that.
CREATE ROLE regress_reader;
GRANT SELECT ON hourly TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM pganalytics.watermarks;
SELECT pganalytics.watermark('hourly') IS NOT NULL AS known;
\set VERBOSITY default
SELECT pganalytics.watermark('readings');
SELECT pganalytics.is_final(timestamptz '2024-01-01', 'readings');
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '0');
SELECT * FROM pganalytics_data.watermark;
RESET ROLE;
GRANT SELECT (occurred_at) ON readings TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM pganalytics.watermarks;
SELECT pganalytics.watermark('readings') IS NOT NULL AS known;
RESET ROLE;
SELECT pganalytics.watermark('pg_class');
SELECT pganalytics.alter_event_table('readings', 'allowed_lateness', '-1 second');
SELECT pganalytics.create_event_table('others', allowed_lateness => '-1 day');

-- An event table that is dropped takes it along.
DROP VIEW stands;
DROP TABLE readings CASCADE;
DROP ROLE regress_reader;
CALL pganalytics.run_maintenance();
SELECT count(*) FROM pganalytics_data.watermark;
DROP PROCEDURE read;
