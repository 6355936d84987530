-- What cannot be kept up to date exactly is refused by name, with what to do instead.
SELECT pganalytics.create_event_table('events');
CREATE TABLE lookup (id text);
CREATE FUNCTION stable_one() RETURNS integer STABLE LANGUAGE sql AS 'SELECT 1';
CREATE TEMP TABLE attempts (query text);
INSERT INTO attempts VALUES
    ('SELECT event_type, count(*) FROM events GROUP BY 1 ORDER BY 1'),
    ('SELECT event_type, count(*) FROM events GROUP BY 1 LIMIT 5'),
    ('SELECT DISTINCT event_type FROM events GROUP BY 1'),
    ('SELECT event_type, count(*), rank() OVER (ORDER BY count(*)) FROM events GROUP BY 1'),
    ('SELECT event_type, count(*) FROM events GROUP BY ROLLUP (1)'),
    ('SELECT event_type, count(*) FROM events GROUP BY 1 UNION ALL SELECT ''x'', 1'),
    ('WITH e AS (SELECT * FROM events) SELECT count(*) FROM e'),
    ('SELECT count(*) FROM events WHERE aggregate_id IN (SELECT id FROM lookup)'),
    ('SELECT event_type, generate_series(1, 2), count(*) FROM events GROUP BY 1'),
    ('SELECT event_type FROM events'),
    ('SELECT count(*) FROM events a JOIN events b USING (event_id)'),
    ('SELECT count(*) FROM events, lookup'),
    ('SELECT count(*) FROM (SELECT 1 FROM events) s'),
    ('SELECT count(*) FROM ONLY events'),
    ('SELECT count(*) FROM events TABLESAMPLE system (10)'),
    ('SELECT count(*) FROM lookup'),
    ('SELECT count(*)'),
    ('SELECT count(DISTINCT version::int::money) FROM events'),
    ('SELECT string_agg(DISTINCT event_type, aggregate_id) FROM events'),
    ('SELECT array_agg(DISTINCT event_type ORDER BY event_type DESC) FROM events'),
    ('SELECT pganalytics.last(event_type, payload::json) FROM events'),
    ('SELECT pganalytics.last(event_type, occurred_at, version) FROM events'),
    ('SELECT max(event_type ORDER BY position) FROM events'),
    ('SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY version) FROM events'),
    ('SELECT array_agg(event_type) FROM events'),
    ('SELECT stddev(version) FROM events'),
    ('SELECT now(), count(*) FROM events GROUP BY 1'),
    ('SELECT count(*) FROM events WHERE occurred_at > current_date'),
    ('SELECT count(*) FROM events WHERE random() < 0.5'),
    ('SELECT count(*) FROM events WHERE version = stable_one()'),
    ('SELECT age(occurred_at), count(*) FROM events GROUP BY 1'),
    ('SELECT to_char(max(occurred_at), ''YYYY'') FROM events'),
    ('SELECT events, count(*) FROM events GROUP BY events'),
    ('SELECT tableoid, count(*) FROM events GROUP BY 1'),
    ('SELECT count(*) FROM events; DROP TABLE lookup'),
    ('DELETE FROM events'),
    ('SELECT count(*) INTO x FROM events'),
    ('SELECT no_such_column FROM events'),
    ('SELECT count(* FROM events');
DO $$
DECLARE
    attempt text;
    message text;
    hint text;
BEGIN
    FOR attempt IN SELECT query FROM attempts LOOP
        BEGIN
            PERFORM pganalytics.create_projection('refused', attempt);
            RAISE WARNING 'accepted: %', attempt;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RAISE NOTICE E'%\n    % %\n    %', attempt, sqlstate, message, hint;
        END;
    END LOOP;
END $$;
SELECT pganalytics.create_projection('events', 'SELECT count(*) FROM events');
\echo :SQLSTATE
-- Nothing is left of what was refused.
SELECT count(*) FROM pganalytics.projections;
SELECT count(*) FROM pg_class WHERE relname ~ '^(definition|state|access)_[0-9]+';
DROP TABLE events, lookup;
DROP FUNCTION stable_one;
