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
    ('SELECT session(occurred_at, ''1 hour'') FROM clicks'),
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

-- Joined to a lookup table, and one session for each item of an event.
CREATE TABLE users (id text, country text);
INSERT INTO users VALUES ('ann', 'fr'), ('bob', 'fr');
SELECT pganalytics.create_projection('by_country', $$
    SELECT u.country, pganalytics.session(c.occurred_at, '10 minutes') AS busy, count(*), min(u.id)
    FROM clicks c LEFT JOIN users u ON u.id = c.aggregate_id
    WHERE c.event_type = 'click' GROUP BY u.country, pganalytics.session(c.occurred_at, '10 minutes')$$);
SELECT pganalytics.create_projection('tags', $$
    SELECT tag, pganalytics.session(c.occurred_at, '10 minutes') AS tagged, count(*), max(tag::int)
    FROM clicks c, jsonb_array_elements_text(c.payload->'tags') AS tag
    GROUP BY tag, pganalytics.session(c.occurred_at, '10 minutes')$$);
INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload)
VALUES ('click', 'ann', '2024-05-02 09:00', '{"tags": ["1", "2"]}'), ('click', 'bob', '2024-05-02 09:10', '{"tags": ["2", "2"]}'),
       ('click', 'cid', '2024-05-02 09:20', '{"tags": ["1"]}');
SELECT * FROM by_country WHERE lower(busy) > '2024-05-02' ORDER BY 1, 2;
SELECT * FROM tags ORDER BY 1, 2;
SELECT pganalytics.refresh_projection('by_country') > 0 AS by_country, pganalytics.refresh_projection('tags') AS tags;
INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload) VALUES ('click', 'cid', '2024-05-02 09:10', '{"tags": ["1"]}');
SELECT * FROM by_country WHERE lower(busy) > '2024-05-02' ORDER BY 1, 2;
SELECT * FROM tags ORDER BY 1, 2;

-- Years of random clicks, late ones among them, gaps of exactly 30 minutes, and folds;
-- twice, the second time with keys and times that may be NULL and all kinds of states.
SELECT pganalytics.create_projection('stays', $$
    SELECT payload->>'shop' AS shop, (payload->>'ms')::int % 2 AS odd, count(*), sum((payload->>'ms')::int),
           sum((payload->>'ms')::int2) AS small, avg((payload->>'ms')::int8), min(aggregate_id COLLATE "C"), max((payload->>'ms')::numeric),
           bool_or(payload->>'ms' > '5'), every(payload->>'ms' > '5'), bit_and((payload->>'ms')::int), bit_or((payload->>'ms')::int8),
           sum((payload->>'ms')::int * interval '1 ms') AS lasted, sum((payload->>'ms')::int::money) AS cost, count(*) FILTER (WHERE aggregate_id = 'r1') AS ones,
           avg((payload->>'ms')::float4) AS mean, stddev((payload->>'ms')::int), pganalytics.last(aggregate_id, (payload->>'at')::timestamp), pganalytics.approx_count_distinct(aggregate_id) AS who,
           pganalytics.session((payload->>'at')::timestamp, '00:30') AS stay
    FROM clicks WHERE event_type = 'click'
    GROUP BY payload->>'shop', (payload->>'ms')::int % 2, pganalytics.session((payload->>'at')::timestamp, '00:30')$$);
CREATE VIEW expected_stays AS
SELECT shop, odd, count(*), sum(ms), sum(ms::int2) AS small, avg(ms::int8), min(aggregate_id COLLATE "C"), max(ms::numeric),
       bool_or(ms::text > '5'), every(ms::text > '5'), bit_and(ms), bit_or(ms::int8),
       sum(ms * interval '1 ms') AS lasted, sum(ms::money) AS cost, count(*) FILTER (WHERE aggregate_id = 'r1') AS ones,
       avg(ms::float4) AS mean, stddev(ms), (array_agg(aggregate_id ORDER BY at DESC, position DESC))[1] AS last, pganalytics.approx_count_distinct(aggregate_id) AS who, tsrange(min(at), max(at), '[]') AS stay
FROM (SELECT *, sum(opens::int) OVER (PARTITION BY shop, odd ORDER BY at, position) AS n
      FROM (SELECT *, coalesce(at - lag(at) OVER (PARTITION BY shop, odd ORDER BY at, position) > '30 minutes', true) AS opens
            FROM (SELECT aggregate_id, position, payload->>'shop' AS shop, (payload->>'ms')::int AS ms, (payload->>'ms')::int % 2 AS odd,
                         (payload->>'at')::timestamp AS at FROM clicks WHERE event_type = 'click') e WHERE at IS NOT NULL) e) e
GROUP BY shop, odd, n;
CREATE VIEW stays_differ AS
(TABLE stays EXCEPT ALL TABLE expected_stays) UNION ALL (TABLE expected_stays EXCEPT ALL TABLE stays);
SELECT setseed(0.1);
DO $$
DECLARE
    wrong bigint := 0;
BEGIN
    FOR round IN 1..200 LOOP
        INSERT INTO clicks (event_type, aggregate_id, occurred_at, payload)
        SELECT 'click', CASE WHEN random() < 0.1 THEN 'new ' || round ELSE 'r' || floor(random() * 4) END, at,
               jsonb_build_object('ms', floor(random() * 1000), 'at', CASE WHEN random() < 0.9 THEN at END,
                                  'shop', CASE WHEN random() < 0.5 THEN round % 2 END)
        FROM generate_series(1, floor(random() * 8)::int),
             LATERAL (SELECT timestamptz '2024-06-01' + round * interval '20 minutes'
                             - floor(random() * 40 * power(random(), 3)) * interval '10 minutes' AS at) AS t;
        IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF random() < 0.4 THEN
            PERFORM pganalytics.refresh_projection(CASE WHEN random() < 0.5 THEN 'visits' ELSE 'stays' END);
            IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
        END IF;
        wrong := wrong + (SELECT count(*) FROM differences) + (SELECT count(*) FROM stays_differ);
    END LOOP;
    RAISE WARNING 'sessions that differ: %', wrong;
END $$;
SELECT count(*) > 100 AS many, max(clicks) > 5 AS long FROM visits;
SELECT count(*) > 100 AS many, max(count) > 5 AS long FROM stays;

-- Verified against the log: nothing, and what somebody has done to it.
SELECT * FROM pganalytics.verify_projection('visits');
SELECT pganalytics.refresh_projection('busy') > 0 AS folded;
DO $$
DECLARE
    state regclass;
BEGIN
    SELECT g.state INTO state FROM pganalytics_data.generation g
    JOIN pganalytics_data.projection p ON p.generation = g.id WHERE p.relation = 'busy'::regclass;
    EXECUTE format('UPDATE %s SET session_end = session_end + interval ''1 minute'' WHERE session_start = ''2024-05-01 10:50''', state);
    EXECUTE format('UPDATE %s SET c1 = 100 WHERE session_start = ''2024-05-01 12:00''', state);
END $$;
SELECT * FROM pganalytics.verify_projection('busy', repair => true) ORDER BY 1;
SELECT * FROM pganalytics.verify_projection('busy');

-- Built anew, and with another query: more aggregates, or another gap.
SELECT pganalytics.rebuild_projection('stays'), pganalytics.rebuild_projection('visits');
SELECT (SELECT count(*) FROM differences) AS visits, (SELECT count(*) FROM stays_differ) AS stays;
SELECT pganalytics.replace_projection('by_country', $$
    SELECT u.country, pganalytics.session(c.occurred_at, '9 minutes') AS busy, count(*), min(u.id), max(c.position) > 0 AS more
    FROM clicks c LEFT JOIN users u ON u.id = c.aggregate_id
    WHERE c.event_type = 'click' GROUP BY u.country, pganalytics.session(c.occurred_at, '9 minutes')$$);
SELECT * FROM by_country WHERE busy <@ '[2024-05-02, 2024-05-03)'::tstzrange ORDER BY 1, 2;

-- Whoever may read the events can have sessions of them, and whoever may read those
-- need not be able to read the events.
CREATE ROLE regress_analyst;
CREATE ROLE regress_reader;
GRANT CREATE ON SCHEMA public TO regress_analyst;
GRANT SELECT ON clicks TO regress_analyst;
SET ROLE regress_analyst;
SELECT pganalytics.create_projection('own', $$
    SELECT aggregate_id, pganalytics.session(occurred_at, '30 minutes') AS visit, count(*)
    FROM clicks GROUP BY aggregate_id, pganalytics.session(occurred_at, '30 minutes')$$);
GRANT SELECT ON own TO regress_reader;
RESET ROLE;
CALL click('bob', '12:20');
SET ROLE regress_reader;
SELECT visit, count FROM own WHERE aggregate_id = 'bob' ORDER BY visit;
SET ROLE regress_analyst;
SELECT pganalytics.refresh_projection('own');
SET ROLE regress_reader;
SELECT visit, count FROM own WHERE aggregate_id = 'bob' ORDER BY visit;
RESET ROLE;

DROP VIEW differences;
DROP VIEW stays_differ;
DROP TABLE clicks CASCADE;
DROP OWNED BY regress_analyst;
DROP ROLE regress_analyst;
DROP ROLE regress_reader;
DROP TABLE users;
DROP PROCEDURE click;
DROP PROCEDURE scan;
DROP FUNCTION attempt;
