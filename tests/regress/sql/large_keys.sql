-- A key that is too large for the index of the state: the event is set aside, as one that
-- cannot be digested is, and everything else goes on.
SELECT pganalytics.create_event_table('pages');
CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT lpad(n::text, 32, '0')::uuid $$;
-- Text that does not compress, of so many kilobytes.
CREATE FUNCTION noise(kb int) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(md5(i::text), '') FROM generate_series(1, kb * 32) i $$;
SELECT pganalytics.create_projection('visits', $$
    SELECT payload->>'url' AS url, count(*) AS visits, sum((payload->>'seconds')::int) AS seconds FROM pages GROUP BY 1$$);
SELECT pganalytics.create_projection('stays', $$
    SELECT payload->>'url' AS url, pganalytics.session(occurred_at, '1 hour') AS stay, count(*) AS visits FROM pages GROUP BY 1, 2$$);
SELECT pganalytics.create_projection('total', 'SELECT count(*) AS visits, count(DISTINCT payload->>''url'') AS urls, max(payload->>''url'') > '''' AS any FROM pages');
INSERT INTO pages (event_id, event_type, aggregate_id, occurred_at, payload)
SELECT id(i), 'visited', 'visitor ' || i % 7, timestamptz '2026-01-01' + i * interval '1 minute',
       jsonb_build_object('url', '/' || CASE i WHEN 20 THEN noise(3) WHEN 40 THEN noise(12) ELSE (i % 3)::text END, 'seconds', i)
FROM generate_series(1, 60) i;

-- Large keys can be read: only the index has no room for them.
SELECT left(url, 4) AS url, length(url), visits, seconds FROM visits ORDER BY length(url), url;

-- One of the events has no number of seconds either: all three are found.
INSERT INTO pages (event_id, event_type, aggregate_id, occurred_at, payload)
VALUES (id(70), 'visited', 'visitor 1', '2026-01-01', '{"url": "/1", "seconds": "few"}');
\set VERBOSITY terse
SELECT pganalytics.refresh_projection('visits'), pganalytics.refresh_projection('stays'), pganalytics.refresh_projection('total');
\set VERBOSITY default
SELECT projection, event_id, sqlstate, left(error, 14) AS error FROM pganalytics.dead_letters ORDER BY projection::text, position;
SELECT name, status, tail, events_folded, dead_letters FROM pganalytics.projections ORDER BY name;
SELECT url, visits, seconds FROM visits ORDER BY url;
TABLE total;
SELECT pganalytics.verify_projection(name) FROM unnest(ARRAY['visits', 'stays', 'total']) AS name;

-- They stay what they are when they are retried, and when the projection is built anew.
SELECT pganalytics.retry_dead_letters('visits');
SELECT event_id, attempts FROM pganalytics.dead_letters WHERE projection = 'visits' ORDER BY position;
\set VERBOSITY terse
SELECT pganalytics.rebuild_projection('visits');
\set VERBOSITY default
SELECT event_id, sqlstate FROM pganalytics.dead_letters WHERE projection = 'visits' ORDER BY position;
SELECT url, visits, seconds FROM visits ORDER BY url;

-- The limit holds for both kinds together.
SET pganalytics.dead_letters_limit = 4;
INSERT INTO pages (event_type, aggregate_id, payload) VALUES ('visited', 'x', '{"url": "/1", "seconds": "many"}'),
    ('visited', 'x', jsonb_build_object('url', noise(4)));
\set VERBOSITY sqlstate
SELECT pganalytics.refresh_projection('visits');
\set VERBOSITY default
RESET pganalytics.dead_letters_limit;

-- A state that becomes too large is no event's fault.
CREATE FUNCTION grow(text, text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF length($1 || $2) > 10 THEN RAISE EXCEPTION 'too much' USING ERRCODE = 'program_limit_exceeded'; END IF;
    RETURN $1 || $2;
END $$;
CREATE AGGREGATE grown(text) (SFUNC = grow, STYPE = text, COMBINEFUNC = grow, INITCOND = '', PARALLEL = SAFE);
SELECT pganalytics.create_event_table('words');
INSERT INTO words (event_type, aggregate_id) VALUES ('a', 'hundreds'), ('b', 'letters');
SELECT pganalytics.create_projection('sentences', 'SELECT event_type, grown(aggregate_id) AS grown FROM words GROUP BY 1');
INSERT INTO words (event_type, aggregate_id) VALUES ('a', 'more');
SELECT pganalytics.refresh_projection('sentences');
SELECT count(*) FROM pganalytics.dead_letters WHERE projection = 'sentences';

SET client_min_messages = warning;
DROP TABLE pages, words CASCADE;
DROP AGGREGATE grown(text);
DROP FUNCTION grow, noise, id;
CALL pganalytics.run_maintenance();
