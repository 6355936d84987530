-- about: cohorts, active users and lifecycle of 1,000,000 events of about 60,000 users against plain SQL; 3 runs, in turn (2 minutes)
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('weekly cohorts', 'self-join', '>=', 1.5),
    ('weekly cohorts, rolling', 'self-join', '>=', 1.0),
    ('users of each day', 'count(DISTINCT)', '>=', 1.0),
    ('users of the last 30 days, each day', 'range join', '>=', 5),
    ('lifecycle by weeks', 'self-joins', '>=', 1.5),
    ('retention() of 4 conditions', 'bool_or', '>=', 0.8);
SELECT pganalytics.create_event_table('comings', versions => 'optional', dedup_window => '0') \g /dev/null
-- Half a year; some come often, most do not; who comes does ten things in ten minutes.
INSERT INTO comings (event_type, aggregate_id, occurred_at)
SELECT CASE WHEN n = 4 THEN 'bought' ELSE 'viewed' END, who, at + n * interval '1 minute'
FROM (SELECT 'user ' || (100000 * power(random(), 2))::int AS who,
             timestamptz '2024-01-01 00:00+00' + random() * interval '180 days' AS at
      FROM generate_series(1, 100000)) v, generate_series(1, 10) n;
VACUUM ANALYZE;
DO $$
DECLARE
    into_text text := 'DO $d$ BEGIN PERFORM count(*), sum(length(t::text)) FROM (%s) t; END $d$';
    compared text[];
BEGIN
    FOREACH compared SLICE 1 IN ARRAY ARRAY[
        ['weekly cohorts', 'SELECT * FROM pganalytics.cohort_retention(''comings'')',
         'SELECT c.cohort, (date_trunc(''week'', e.occurred_at, ''UTC'') - c.cohort) AS later, count(DISTINCT e.aggregate_id)
          FROM (SELECT aggregate_id, date_trunc(''week'', min(occurred_at), ''UTC'') AS cohort FROM comings GROUP BY 1) c
          JOIN comings e USING (aggregate_id) WHERE e.occurred_at < c.cohort + interval ''9 weeks'' GROUP BY 1, 2'],
        ['weekly cohorts, rolling', 'SELECT * FROM pganalytics.cohort_retention(''comings'', mode => ''rolling'')',
         'SELECT date_trunc(''week'', c.entered, ''UTC'') AS cohort, floor(extract(epoch FROM e.occurred_at - c.entered) / 604800) AS later,
                 count(DISTINCT e.aggregate_id)
          FROM (SELECT aggregate_id, min(occurred_at) AS entered FROM comings GROUP BY 1) c
          JOIN comings e USING (aggregate_id) WHERE e.occurred_at < c.entered + interval ''9 weeks'' GROUP BY 1, 2'],
        ['users of each day', 'SELECT * FROM pganalytics.active_users(''comings'')',
         'SELECT date_trunc(''day'', occurred_at, ''UTC'') AS day, count(DISTINCT aggregate_id) FROM comings GROUP BY 1'],
        ['users of the last 30 days, each day', 'SELECT * FROM pganalytics.active_users(''comings'', rolling => 30)',
         'SELECT day, count(DISTINCT aggregate_id) FILTER (WHERE occurred_at >= day), count(DISTINCT aggregate_id)
          FROM generate_series(timestamptz ''2024-01-01 00:00+00'', ''2024-06-28 00:00+00'', ''1 day'') AS day
          JOIN comings ON occurred_at >= day - interval ''29 days'' AND occurred_at < day + interval ''1 day'' GROUP BY 1'],
        ['lifecycle by weeks', 'SELECT * FROM pganalytics.lifecycle(''comings'')',
         'WITH active AS (SELECT DISTINCT aggregate_id, date_trunc(''week'', occurred_at, ''UTC'') AS week FROM comings),
               first AS (SELECT aggregate_id, min(week) AS week FROM active GROUP BY 1)
          SELECT coalesce(a.week, b.week + interval ''7 days'') AS week, count(*) FILTER (WHERE a.week = f.week),
                 count(*) FILTER (WHERE a.week > f.week AND b.week IS NOT NULL), count(*) FILTER (WHERE a.week > f.week AND b.week IS NULL),
                 count(*) FILTER (WHERE a.week IS NULL)
          FROM active a FULL JOIN active b ON b.aggregate_id = a.aggregate_id AND b.week + interval ''7 days'' = a.week
          LEFT JOIN first f ON f.aggregate_id = a.aggregate_id GROUP BY 1'],
        ['retention() of 4 conditions',
         'SELECT aggregate_id, pganalytics.retention(event_type = ''viewed'', event_type = ''bought'', occurred_at >= ''2024-02-01'', occurred_at >= ''2024-05-01'')
          FROM comings GROUP BY 1',
         'SELECT aggregate_id, ARRAY[v, v AND b, v AND f, v AND m]
          FROM (SELECT aggregate_id, bool_or(event_type = ''viewed'') AS v, bool_or(event_type = ''bought'') AS b,
                       bool_or(occurred_at >= ''2024-02-01'') AS f, bool_or(occurred_at >= ''2024-05-01'') AS m FROM comings GROUP BY 1) u']
    ] LOOP
        CALL alternate(compared[1], 1000000, format(into_text, compared[2]), format(into_text, compared[3]), runs => 3);
    END LOOP;
END $$;
