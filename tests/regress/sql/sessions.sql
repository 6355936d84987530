-- Session windows: the visits of each user.
SELECT pganalytics.create_event_table('clicks');
SET client_min_messages = warning;
CREATE PROCEDURE click(who text, VARIADIC times text[]) LANGUAGE sql AS $$
    INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload)
    SELECT 'click', who, ('2024-05-01 ' || t || '+00')::timestamptz, jsonb_build_object('ms', length(t) * 10) FROM unnest(times) t
$$;
CALL click('ann', '09:00', '09:10', '09:40', '11:00');
CALL click('bob', '09:05');

-- A visit ends after 30 minutes of silence; session() is found like any function.
SET search_path = public, pganalytics;
SELECT pganalytics.create_projection('visits', $$
    SELECT aggregate_id AS who, session(occurred_at, '30 minutes') AS visit, count(*) AS clicks,
           sum((payload->>'ms')::numeric) AS ms,
           upper(session(occurred_at, '30 minutes')) - lower(session(occurred_at, '30 minutes')) AS lasted
    FROM clicks GROUP BY who, session(occurred_at, '30 minutes')$$);
RESET search_path;
-- A session is the range from its first event to its last, both included. Events exactly
-- 30 minutes apart are in one.
SELECT * FROM visits ORDER BY visit, who;

-- The oracle: the visits of the whole log, in plain SQL.
CREATE VIEW expected_visits AS
SELECT who, tstzrange(min(at), max(at), '[]') AS visit, count(*) AS clicks, sum(ms) AS ms, max(at) - min(at) AS lasted
FROM (SELECT *, sum(opens::int) OVER (PARTITION BY who ORDER BY at, position) AS n
      FROM (SELECT aggregate_id AS who, occurred_at AS at, position, (payload->>'ms')::numeric AS ms,
                   coalesce(occurred_at - lag(occurred_at) OVER (PARTITION BY aggregate_id ORDER BY occurred_at, position)
                            > '30 minutes', true) AS opens FROM clicks) e) e
GROUP BY who, n;
CREATE VIEW differences AS
(TABLE visits EXCEPT ALL TABLE expected_visits) UNION ALL (TABLE expected_visits EXCEPT ALL TABLE visits);
TABLE differences;

-- A session goes on as events come; late events open sessions, go before them, into
-- them, and bridge them. All of that is to be seen at once, and the same once folded.
CALL click('ann', '11:20');
CALL click('bob', '08:50', '09:01', '12:00');
CALL click('ann', '10:10:00.000001');
SELECT who, visit, clicks, lasted FROM visits ORDER BY who, visit;
TABLE differences;
SELECT pganalytics.refresh_projection('visits');
SELECT who, visit, clicks, lasted FROM visits ORDER BY who, visit;
TABLE differences;
-- Two more join three sessions to one.
CALL click('ann', '10:40', '10:00');
SELECT who, visit, clicks, lasted FROM visits WHERE who = 'ann';
SELECT pganalytics.refresh_projection('visits');
SELECT who, visit, clicks, lasted FROM visits WHERE who = 'ann';
TABLE differences;
-- Own events, not yet committed.
BEGIN;
CALL click('bob', '11:45');
SELECT pganalytics.refresh_projection('visits');
CALL click('cid', '11:45');
TABLE differences;
ROLLBACK;
TABLE differences;

-- No other key: the busy times of all; the number of users in each, without DISTINCT.
SELECT pganalytics.create_projection('busy', $$
    SELECT lower(pganalytics.session(occurred_at AT TIME ZONE 'Europe/Berlin', gap => '15 minutes')) AS from, count(*),
           pganalytics.approx_count_distinct(aggregate_id) AS users, min(aggregate_id), bool_and(aggregate_id < 'b'),
           avg(position)::int AS mean, max(occurred_at)
    FROM clicks WHERE event_type <> 'ping'
    GROUP BY pganalytics.session(occurred_at AT TIME ZONE 'Europe/Berlin', gap => '15 minutes')
    HAVING count(*) > 1$$);
SELECT * FROM busy ORDER BY 1;
-- Filtered events hold no session together.
INSERT INTO clicks (event_type, aggregate_id, occurred_at)
SELECT 'ping', 'bot', '2024-05-01 09:10+00'::timestamptz + i * interval '1 minute' FROM generate_series(1, 60) i;
INSERT INTO clicks (event_type, aggregate_id, occurred_at) VALUES ('click', 'bot', '2024-05-01 09:25+00');
SELECT "from", count, users FROM busy ORDER BY 1;
SELECT pganalytics.refresh_projection('busy');
SELECT "from", count, users FROM busy ORDER BY 1;

-- A key that is NULL is a key; an event without a time belongs to no session. The time
-- can be any expression. The ends of time are times, with nobody near infinity.
SELECT pganalytics.create_projection('scans', $$
    SELECT payload->>'till' AS till, payload->>'shop' AS shop,
           pganalytics.session((payload->>'at')::timestamptz, '1 day 00:00:01') AS session, count(*)
    FROM clicks WHERE event_type = 'scan'
    GROUP BY payload->>'till', pganalytics.session((payload->>'at')::timestamptz, '1 day 00:00:01'), 2$$);
CREATE PROCEDURE scan(VARIADIC times text[]) LANGUAGE sql AS $$
    INSERT INTO clicks (event_type, aggregate_id, payload) SELECT 'scan', 'x', jsonb_build_object('shop', 1, 'at', t) FROM unnest(times) t
$$;
CALL scan('infinity', '-infinity', '2024-03-30 12:00+00', NULL, '294276-12-31 23:59:59.999999+00', '4714-11-24 00:00+00 BC');
SELECT till, shop, session, count FROM scans ORDER BY session;
CALL scan('infinity', '-infinity', '294276-12-31 12:00+00', '4714-11-24 12:00+00 BC', '2024-03-31 12:00:01+00', NULL);
SELECT till, shop, session, count FROM scans ORDER BY session;
SELECT pganalytics.refresh_projection('scans');
SELECT till, shop, session, count FROM scans ORDER BY session;

-- Outside of a projection session() puts nothing together.
SELECT pganalytics.session('2024-05-01 09:00+00', '30 minutes'), pganalytics.session(timestamp '2024-05-01 09:00', '1 hour'),
       pganalytics.session(NULL::timestamptz, '1 hour');

-- What a projection with sessions cannot have.
\set VERBOSITY default
CREATE FUNCTION attempt(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    SET LOCAL search_path = public, pganalytics;
    PERFORM pganalytics.create_projection('refused', query);
    RETURN 'accepted';
EXCEPTION WHEN feature_not_supported OR grouping_error THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', message, hint);
END $$;
SELECT query, attempt(query) FROM (VALUES
    ('SELECT count(DISTINCT event_type) FROM clicks GROUP BY session(occurred_at, ''1 hour'')'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, ''1 hour''), session(occurred_at, ''2 hours'')'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, ''1 month'')'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, ''0'')'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, NULL)'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, version * interval ''1 hour'')'),
    ('SELECT count(*) FROM clicks GROUP BY session(occurred_at, interval ''1 hour'' * 2)'),
    ('SELECT count(*) FROM clicks GROUP BY lower(session(occurred_at, ''1 hour''))'),
    ('SELECT session(occurred_at, ''2 hours''), count(*) FROM clicks GROUP BY session(occurred_at, ''1 hour'')'),
    ('SELECT max(session(occurred_at, ''1 hour'')::text) FROM clicks GROUP BY session(occurred_at, ''1 hour'')'),
    ('SELECT count(*) FROM clicks WHERE session(occurred_at, ''1 hour'') && ''[2024-01-01,)'' GROUP BY event_type'),
    ('SELECT count(*) FROM clicks GROUP BY session(lower(session(occurred_at, ''1 hour'')), ''1 hour'')')
) AS v (query);

-- Years of random clicks, late ones among them, gaps of exactly 30 minutes, and folds.
SELECT setseed(0.1);
DO $$
DECLARE
    wrong bigint := 0;
BEGIN
    FOR round IN 1..300 LOOP
        INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload)
        SELECT 'click', CASE WHEN random() < 0.1 THEN 'new ' || round ELSE 'r' || floor(random() * 4) END,
               timestamptz '2024-06-01' + round * interval '20 minutes' - floor(random() * 40 * power(random(), 3)) * interval '10 minutes',
               jsonb_build_object('ms', floor(random() * 1000))
        FROM generate_series(1, floor(random() * 8)::int);
        IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.4 THEN
            PERFORM pganalytics.refresh_projection('visits');
            IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
        END IF;
        wrong := wrong + (SELECT count(*) FROM differences);
    END LOOP;
    RAISE WARNING 'sessions that differ: %', wrong;
END $$;
SELECT count(*) > 100 AS many, max(clicks) > 5 AS long FROM visits;

DROP VIEW differences;
DROP TABLE clicks CASCADE;
DROP PROCEDURE click;
DROP PROCEDURE scan;
DROP FUNCTION attempt;
