-- about: sessions of 2,000,000 events of 100,000 users, beside lag() and a running sum(), 7 runs, in turn (1 minute)
INSERT INTO bar (what, beside, sense, bar) VALUES
    -- At most 0.6 of the time.
    ('sessionize, from a sort', 'lag() and sum()', '>=', 1.67),
    ('sessionize, from an index', 'lag() and sum()', '>=', 1.67);
CREATE TABLE visits (who integer, at timestamptz);
INSERT INTO visits
SELECT (random() * 100000)::int, timestamptz '2024-01-01' + random() * interval '3 days' FROM generate_series(1, 2000000);
VACUUM ANALYZE visits;
CREATE FUNCTION ours() RETURNS text LANGUAGE sql AS $$
    SELECT 'SELECT sum(session) FROM (SELECT pganalytics.sessionize(at, ''30 minutes'') OVER (PARTITION BY who ORDER BY at) AS session FROM visits) s' $$;
CREATE FUNCTION plain() RETURNS text LANGUAGE sql AS $$
    SELECT 'SELECT sum(session) FROM (SELECT sum(opens) OVER (PARTITION BY who ORDER BY at) AS session
            FROM (SELECT who, at, CASE WHEN at - lag(at) OVER (PARTITION BY who ORDER BY at) <= ''30 minutes'' THEN 0 ELSE 1 END AS opens FROM visits) v) s' $$;
-- Sorts in memory: on disk both sides wait for it alike.
SET work_mem = '256MB';
CALL alternate('sessionize, from a sort', 2000000, ours(), plain(), runs => 7);
CREATE INDEX ON visits (who, at);
VACUUM ANALYZE visits;
SET enable_sort = off;
CALL alternate('sessionize, from an index', 2000000, ours(), plain(), runs => 7);
RESET enable_sort;
RESET work_mem;
DROP TABLE visits;
