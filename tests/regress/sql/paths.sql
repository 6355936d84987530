-- Paths: which events follow each other.
\set VERBOSITY default
SET search_path = public, pganalytics;
SET IntervalStyle = 'postgres';
SELECT create_event_table('clicks', versions => 'optional');
INSERT INTO clicks (aggregate_id, occurred_at, event_type) VALUES
    ('ada', '2024-05-01 10:00', 'home'), ('ada', '2024-05-01 10:01', 'shoes'), ('ada', '2024-05-01 10:02', 'shoes'),
    ('ada', '2024-05-01 10:05', 'cart'), ('ada', '2024-05-01 10:06', 'paid'),
    ('ada', '2024-05-02 09:00', 'home'), ('ada', '2024-05-02 09:30', 'cart'),
    ('bob', '2024-05-01 11:00', 'home'), ('bob', '2024-05-01 11:10', 'hats'), ('bob', '2024-05-01 12:00', 'home'),
    ('bob', '2024-05-01 12:01', 'hats'), ('bob', '2024-05-01 12:02', 'cart'),
    ('cyd', '2024-05-03 08:00', 'hats');

-- How they begin: each entity has one path.
SELECT * FROM paths('clicks');

-- With a gap, each of its visits. A pause of exactly the gap still belongs.
SELECT * FROM paths('clicks', gap => '30 minutes');
SELECT * FROM entity_paths('clicks', gap => '30 minutes');

-- What comes after an event: its first in each visit.
SELECT * FROM paths('clicks', 'hats', depth => 2);
SELECT * FROM paths('clicks', 'hats', depth => 2, gap => '30 minutes');
SELECT * FROM paths('clicks', 'shoes', depth => NULL);
SELECT * FROM paths('clicks', 'shoes', depth => NULL, repeats => false);

-- A path is in the range if its first event is.
SELECT * FROM paths('clicks', 'home', "from" => '2024-05-01 11:00', "to" => '2024-05-01 12:00');
SELECT * FROM entity_paths('clicks', "from" => '2024-05-01 11:00');
SELECT * FROM entity_paths('clicks', "from" => '2024-05-01 11:00', gap => '30 minutes');
SELECT * FROM entity_paths('clicks', 'shoes', "from" => '2024-05-01 10:02');

-- Which event follows which directly.
SELECT * FROM directly_follows('clicks');
SELECT * FROM directly_follows('clicks', gap => '30 minutes', repeats => false, "limit" => 3);
SELECT * FROM directly_follows('clicks', "from" => '2024-05-02', "to" => '2024-05-03');

-- Of other columns than those of events, and of any relation that has occurred_at.
SELECT * FROM paths('clicks', event => $$CASE WHEN event_type IN ('cart', 'paid') THEN 'checkout' ELSE 'look' END$$,
                    entity => $$occurred_at::date$$, repeats => false);
CREATE TEMP VIEW looks AS SELECT aggregate_id, event_type, occurred_at FROM clicks WHERE event_type NOT IN ('cart', 'paid');
SELECT * FROM paths('looks', depth => 2, "limit" => 1);

-- Events of the same time: by position, or by name where there is none. What has no name, entity or time is left out.
CREATE TEMP TABLE ties (aggregate_id text, occurred_at timestamptz, event_type text);
INSERT INTO ties VALUES ('x', '2024-01-01', 'c'), ('x', '2024-01-01', 'a'), ('x', '2024-01-01', 'B'), ('x', NULL, 'n'), (NULL, '2024-01-01', 'n'), ('x', '2024-01-01', NULL),
    ('y', '-infinity', 'a'), ('y', '-infinity', 'b'), ('y', '0001-01-01', 'c'), ('y', '9999-01-01', 'd'), ('y', 'infinity', 'e'), ('y', 'infinity', 'f');
SELECT * FROM entity_paths('ties');
SELECT * FROM entity_paths('ties', gap => '1 day');
SELECT * FROM directly_follows('ties', gap => '1 day');
CREATE TEMP TABLE placed AS SELECT *, row_number() OVER () AS position FROM ties;
SELECT path FROM entity_paths('placed') WHERE entity = 'x';
SELECT * FROM paths('ties', 'not there');
SELECT * FROM directly_follows('ties', "to" => '-infinity');

-- What is no question.
SELECT * FROM paths('clicks', depth => 0);
\echo :SQLSTATE
SELECT * FROM paths('clicks', gap => '1 month');
\echo :SQLSTATE
SELECT * FROM paths('clicks', gap => '0');
\echo :SQLSTATE
SELECT * FROM directly_follows('clicks', "limit" => -1);
\echo :SQLSTATE
SELECT * FROM paths('clicks', event => 'event_type AS what');
\echo :SQLSTATE
SELECT * FROM paths(NULL);
\echo :SQLSTATE
\set SHOW_CONTEXT never
SELECT * FROM paths('pg_stats');
\echo :SQLSTATE

-- The query that is run; it runs as whoever asks.
\pset format unaligned
SELECT paths_query('clicks', 'it''s', gap => '30 minutes', "to" => '2024-05-01', repeats => false);
\pset format aligned
CREATE ROLE stranger;
SET ROLE stranger;
SELECT * FROM paths('clicks');
\echo :SQLSTATE
RESET ROLE;
DROP ROLE stranger;

-- They are what going through the events one by one finds, over random logs with ties.
CREATE FUNCTION pg_temp.visits(gap interval, start text, begins timestamptz, ends timestamptz, depth int, repeats boolean)
RETURNS TABLE (entity_id text, since timestamptz, path text[]) LANGUAGE plpgsql AS $$
DECLARE
    e record;
    last timestamptz;
    done boolean;
BEGIN
    FOR entity_id IN SELECT DISTINCT who FROM random_log LOOP
        last := NULL;
        path := NULL;
        FOR e IN SELECT * FROM random_log WHERE who = entity_id ORDER BY at, n LOOP
            IF last IS NULL OR e.at - last > gap THEN
                IF path IS NOT NULL THEN RETURN NEXT; END IF;
                path := NULL;
                done := false;
                IF start IS NULL THEN
                    IF e.at >= begins AND e.at < ends THEN path := '{}'; since := e.at; END IF;
                    done := path IS NULL;
                END IF;
            END IF;
            IF path IS NULL AND NOT done AND e.what = start AND e.at >= begins AND e.at < ends THEN
                path := '{}';
                since := e.at;
            END IF;
            IF path IS NOT NULL AND cardinality(path) < depth AND (repeats OR cardinality(path) = 0 OR path[cardinality(path)] <> e.what) THEN
                path := path || e.what;
            END IF;
            last := e.at;
        END LOOP;
        IF path IS NOT NULL THEN RETURN NEXT; END IF;
    END LOOP;
END $$;
CREATE TEMP TABLE random_log (who text, at timestamptz, what text, n bigint);
CREATE TEMP VIEW random_events AS SELECT who AS aggregate_id, at AS occurred_at, what AS event_type, n AS position FROM random_log;
DO $$
DECLARE
    different bigint;
    found bigint := 0;
    begins timestamptz;
    ends timestamptz;
    gap interval;
    start text;
    depth int;
    repeats boolean;
BEGIN
    PERFORM setseed(0.5);
    FOR round IN 1..1500 LOOP
        TRUNCATE random_log;
        INSERT INTO random_log SELECT 'u' || floor(random() * 4), timestamptz '2024-03-30' + floor(random() * 40) * interval '1 hour',
               chr(97 + floor(random() * 3)::int), i FROM generate_series(1, floor(random() * 30)::int) i;
        begins := CASE WHEN random() < 0.5 THEN '-infinity' ELSE timestamptz '2024-03-30' + floor(random() * 20) * interval '1 hour' END;
        ends := CASE WHEN random() < 0.5 THEN 'infinity' ELSE timestamptz '2024-03-30' + floor(random() * 40) * interval '1 hour' END;
        gap := CASE WHEN random() < 0.7 THEN floor(1 + random() * 9) * interval '1 hour' END;
        start := CASE WHEN random() < 0.6 THEN chr(97 + floor(random() * 3)::int) END;
        depth := floor(1 + random() * 6);
        repeats := random() < 0.5;
        SELECT count(*) INTO different FROM (
            (SELECT * FROM pg_temp.visits(gap, start, begins, ends, depth, repeats)
             EXCEPT ALL SELECT * FROM entity_paths('random_events', start, depth, nullif(begins, '-infinity'), nullif(ends, 'infinity'), gap, repeats => repeats))
            UNION ALL
            (SELECT * FROM entity_paths('random_events', start, depth, begins, ends, gap, repeats => repeats)
             EXCEPT ALL SELECT * FROM pg_temp.visits(gap, start, begins, ends, depth, repeats))) d;
        IF different > 0 THEN
            RAISE 'round %: % differ (gap %, start %, from % to %, depth %, repeats %)', round, different, gap, start, begins, ends, depth, repeats;
        END IF;
        -- Paths are these, counted; and what follows directly is a path of two, from every event.
        SELECT count(*) INTO different FROM (
            SELECT path, count(DISTINCT entity_id), count(*), round(count(*) / sum(count(*)) OVER (), 4) FROM pg_temp.visits(gap, start, begins, ends, depth, repeats) GROUP BY path
            EXCEPT ALL SELECT * FROM paths('random_events', start, depth, begins, ends, gap, repeats => repeats, "limit" => NULL)) d;
        IF different > 0 THEN RAISE 'round %: % paths differ', round, different; END IF;
        SELECT count(*) INTO different FROM (
            SELECT what, (SELECT CASE WHEN gap IS NULL OR l.at - r.at <= gap THEN l.what END FROM random_log l
                          WHERE l.who = r.who AND (l.at, l.n) > (r.at, r.n) ORDER BY l.at, l.n LIMIT 1) AS next, count(DISTINCT who), count(*)
            FROM random_log r WHERE at >= begins AND at < ends GROUP BY 1, 2
            EXCEPT ALL SELECT this_event, next_event, entities, occurrences
            FROM directly_follows('random_events', begins, ends, gap, "limit" => NULL)) d;
        IF different > 0 THEN RAISE 'round %: % pairs differ', round, different; END IF;
        found := found + (SELECT count(*) FROM pg_temp.visits(gap, start, begins, ends, depth, repeats));
    END LOOP;
    RAISE NOTICE 'all as expected: %', found > 2000;
END $$;

-- Any column of time will do.
CREATE TABLE diary (aggregate_id text, event_type text, occurred_at date);
INSERT INTO diary VALUES ('ann', 'planted', '2024-04-01'), ('ann', 'watered', '2024-04-03'), ('ann', 'watered', '2024-04-08');
SELECT * FROM entity_paths('diary');
SELECT this_event, next_event, median_time FROM directly_follows('diary');
DROP TABLE diary;
DROP VIEW looks;
DROP TABLE clicks;
