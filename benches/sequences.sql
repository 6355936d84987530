-- about: who did this, then that, and how often, over 1,000,000 events of 100,000 users, beside a regular expression over string_agg; 5 runs, in turn (2 minutes)
\set events 1000000
INSERT INTO bar (what, beside, sense, bar) VALUES
    ('sequence_match of (?1).*(?2)(?3)', 'string_agg ~', NULL, NULL),
    ('sequence_count of (?1)(?2)', 'regexp_count', NULL, NULL),
    ('sequence_match with a time', 'lag() in time', NULL, NULL),
    ('sequence_count of kept timelines', 'kept text[]', NULL, NULL);
CREATE UNLOGGED TABLE visited AS
SELECT (random() * :events / 10)::int AS who, timestamptz '2024-01-01' + random() * interval '90 days' AS at,
       (ARRAY['viewed', 'added', 'bought', 'asked'])[1 + (random() * 3.99)::int] AS what
FROM generate_series(1, :events);
CREATE UNLOGGED TABLE kept AS
SELECT who, pganalytics.timeline(at, what = 'viewed', what = 'added', what = 'bought') AS line,
       array_agg(what ORDER BY at) AS events
FROM visited GROUP BY who;
VACUUM ANALYZE visited, kept;
CREATE FUNCTION letters(what text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE what WHEN 'viewed' THEN '1' WHEN 'added' THEN '2' WHEN 'bought' THEN '3' ELSE '' END $$;
CREATE PROCEDURE follow(events int) LANGUAGE plpgsql AS $$
DECLARE
    conditions text := 'at, what = ''viewed'', what = ''added'', what = ''bought''';
    count text := 'SELECT count(*) FROM (SELECT %s AS found FROM %s) f WHERE found';
    groups text := 'visited GROUP BY who';
    letters text := 'string_agg(letters(what), '''' ORDER BY at)';
    question record;
BEGIN
    -- One process: it is what a row costs that is compared.
    SET max_parallel_workers_per_gather = 0;
    FOR run IN 0..5 LOOP
        FOR question IN
            SELECT * FROM (VALUES
                ('sequence_match of (?1).*(?2)(?3)',
                 format(count, 'pganalytics.sequence_match(''(?1).*(?2)(?3)'', ' || conditions || ')', groups),
                 format(count, letters || ' ~ ''1.*23''', groups)),
                ('sequence_count of (?1)(?2)',
                 format(count, 'pganalytics.sequence_count(''(?1)(?2)'', ' || conditions || ') > 1', groups),
                 format(count, 'regexp_count(' || letters || ', ''12'') > 1', groups)),
                ('sequence_match with a time',
                 format(count, 'pganalytics.sequence_match(''(?1)(?t<=86400)(?2)'', ' || conditions || ')', groups),
                 'SELECT count(*) FROM (SELECT bool_or(what = ''added'' AND at - viewed <= ''1 day'') AS found
                  FROM (SELECT who, at, what, max(at) FILTER (WHERE what = ''viewed'') OVER (PARTITION BY who ORDER BY at) AS viewed
                        FROM visited) v GROUP BY who) f WHERE found'),
                ('sequence_count of kept timelines',
                 format(count, 'pganalytics.sequence_count(line, ''(?1)(?2)'') > 1', 'kept'),
                 format(count, 'regexp_count((SELECT string_agg(letters(e), '''' ORDER BY n) FROM unnest(events) WITH ORDINALITY AS u (e, n)), ''12'') > 1', 'kept'))
            ) q (what, ours, plain)
        LOOP
            FOR side IN 1..2 LOOP
                IF (side + run) % 2 = 0 THEN
                    CALL measure(question.what, CASE run WHEN 0 THEN 'warm' ELSE 'ours' END, run, events, question.ours);
                ELSE
                    CALL measure(question.what, CASE run WHEN 0 THEN 'warm' ELSE 'plain' END, run, events, question.plain);
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
    RESET max_parallel_workers_per_gather;
END $$;
CALL follow(:events);
