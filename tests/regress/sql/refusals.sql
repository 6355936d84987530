-- What cannot be kept up to date exactly is refused by name, with what to do instead.
SELECT pganalytics.create_event_table('events');
SELECT pganalytics.create_event_table('others');
SELECT pganalytics.create_projection('known', 'SELECT aggregate_id, count(*) AS n FROM events GROUP BY 1');
CREATE TABLE lookup (id text);
CREATE VIEW ids AS SELECT id FROM lookup;
CREATE SEQUENCE numbers;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE elsewhere (id text) SERVER nowhere;
CREATE FUNCTION stable_one() RETURNS integer STABLE LANGUAGE sql AS 'SELECT 1';
-- Mergeable, but within one process only.
CREATE AGGREGATE unkept(numeric) (SFUNC = numeric_avg_accum, STYPE = internal, FINALFUNC = numeric_avg, COMBINEFUNC = numeric_avg_combine);
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
    ('SELECT jsonb_array_elements(payload) FROM events'),
    ('SELECT random() FROM events'),
    ('SELECT 1 FROM events HAVING true'),
    ('SELECT DISTINCT event_type FROM events'),
    ('SELECT DISTINCT ON (aggregate_id) aggregate_id, event_type FROM events ORDER BY aggregate_id, occurred_at'),
    ('SELECT count(*) FROM known'),
    ('SELECT event_type FROM events ORDER BY position'),
    ('SELECT upper(jsonb_array_elements_text(payload)), count(*) FROM events GROUP BY 1'),
    ('SELECT unnest(ARRAY[jsonb_array_elements_text(payload)]), count(*) FROM events GROUP BY 1'),
    ('SELECT count(*) FROM events a JOIN events b USING (event_id)'),
    ('SELECT count(*) FROM events, others'),
    ('SELECT count(*) FROM events, known WHERE n > 1'),
    ('SELECT count(*) FROM events, ids'),
    ('SELECT count(*) FROM events, elsewhere'),
    ('SELECT count(*) FROM events, numbers'),
    ('SELECT count(*) FROM events, pg_class'),
    ('SELECT count(*) FROM events, pganalytics_data.event_table'),
    ('SELECT count(*) FROM lookup LEFT JOIN events ON id = aggregate_id'),
    ('SELECT count(*) FROM events RIGHT JOIN lookup ON id = aggregate_id'),
    ('SELECT count(*) FROM lookup a LEFT JOIN (lookup b JOIN events ON b.id = aggregate_id) ON a.id = b.id'),
    ('SELECT count(*) FROM events FULL JOIN lookup ON id = aggregate_id'),
    ('SELECT count(*) FROM (events JOIN lookup ON id = aggregate_id) AS j'),
    ('SELECT count(*) FROM events JOIN lookup ON id = aggregate_id AND occurred_at < now()'),
    ('SELECT lookup, count(*) FROM events JOIN lookup ON id = aggregate_id GROUP BY 1'),
    ('SELECT lookup.ctid, count(*) FROM events JOIN lookup ON id = aggregate_id GROUP BY 1'),
    ('SELECT count(*) FROM events, (SELECT id FROM lookup) AS s'),
    ('SELECT count(*) FROM events, (VALUES (1)) AS v'),
    ('SELECT count(*) FROM events, LATERAL (SELECT version) AS s'),
    ('SELECT count(*) FROM (SELECT 1 FROM events) s'),
    ('SELECT count(*) FROM ONLY events'),
    ('SELECT count(*) FROM events, ONLY lookup'),
    ('SELECT count(*) FROM events TABLESAMPLE system (10)'),
    ('SELECT count(*) FROM events, stable_one()'),
    ('SELECT count(*) FROM events, generate_series(occurred_at, now(), ''1 day'')'),
    ('SELECT count(*) FROM events, pg_ls_dir(''.'')'),
    ('SELECT count(*) FROM events, xmltable(''/x'' PASSING (''<x/>''::xml) COLUMNS a text)'),
    ('SELECT count(*) FROM lookup'),
    ('SELECT count(*) FROM lookup a, lookup b'),
    ('SELECT count(*) FROM generate_series(1, 2)'),
    ('SELECT count(*)'),
    ('SELECT count(DISTINCT version::int::money) FROM events'),
    ('SELECT string_agg(DISTINCT event_type, aggregate_id) FROM events'),
    ('SELECT array_agg(DISTINCT event_type ORDER BY event_type DESC) FROM events'),
    ('SELECT pganalytics.last(event_type, payload::json) FROM events'),
    ('SELECT pganalytics.last(event_type, occurred_at, version) FROM events'),
    ('SELECT max(event_type ORDER BY position) FROM events'),
    ('SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY version) FROM events'),
    ('SELECT array_agg(event_type) FROM events'),
    ('SELECT string_agg(event_type, '','') FROM events'),
    ('SELECT jsonb_object_agg(event_type, version) FROM events'),
    ('SELECT unkept(version) FROM events'),
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

-- Constants that a function of ours does not take would fail on every event. There are none here,
-- and FILTER would leave them out.
\set VERBOSITY terse
SELECT pganalytics.create_projection('refused', $$SELECT pganalytics.sequence_count('(?1)(?2)', occurred_at, event_type = 'a') FILTER (WHERE event_type = 'b') FROM events$$);
SELECT pganalytics.create_projection('refused', $$SELECT 1 + pganalytics.window_funnel('1 month', occurred_at, event_type = 'a') FROM events$$);
SELECT pganalytics.create_projection('refused', $$SELECT max(pganalytics.tumble(occurred_at, '1 day', timezone => 'Berlin')) FROM events$$);
SELECT pganalytics.create_projection('refused', $$SELECT w, count(*) FROM events, pganalytics.hop(occurred_at, '1 hour', '0') AS w GROUP BY w$$);
SELECT pganalytics.create_projection('refused', $$SELECT event_id, pganalytics.tumble(occurred_at, '1 month 1 day') AS since FROM events$$);
SELECT pganalytics.create_projection('refused', $$SELECT count(*) AS n FROM events GROUP BY aggregate_id HAVING pganalytics.window_funnel('1 day', 'strikt', occurred_at, true) > 0$$);
SELECT pganalytics.replace_projection('known', $$SELECT aggregate_id, count(*) AS n, pganalytics.sequence_match('(?1', occurred_at, true) AS is_new FROM events GROUP BY 1$$);
\set VERBOSITY default
-- What is no constant may be good.
SELECT pganalytics.create_projection('good', $$
    SELECT pganalytics.tumble((payload->>'at')::timestamptz, '1 day') AS day, pganalytics.window_funnel((payload->>'window')::interval, occurred_at, true) AS level,
           pganalytics.sequence_match(payload->>'pattern', occurred_at, true, NULL) AS matched,
           pganalytics.top_k('all'::text, (payload->>'most')::int) AS most FROM events GROUP BY 1$$);
SELECT pganalytics.drop_projection('good');
SELECT pganalytics.create_projection('events', 'SELECT count(*) FROM events');
\echo :SQLSTATE
-- An error in the query says where.
SELECT pganalytics.create_projection('refused', $$
    SELECT 'ä' AS letter, event_typ,
           count(*) AS events
    FROM events GROUP BY 1, 2 $$);
SELECT pganalytics.create_projection('refused', 'SELEC count(*) FROM events');
SELECT pganalytics.replace_projection('known', 'SELECT aggregate_id, count(*) AS n FROM nothing GROUP BY 1');
SELECT pganalytics.create_projection('refused', 'SELECT count(*) FROM events GROUP BY (');
-- A NULL, as of a variable that is not set, is not passed over in silence.
SELECT pganalytics.create_projection('refused', NULL);
\echo :SQLSTATE
SELECT pganalytics.create_projection('refused', 'SELECT count(*) FROM events', with_data => NULL);
SELECT pganalytics.replace_projection('known', NULL);
SELECT pganalytics.replace_projection(NULL, 'SELECT count(*) FROM events');
-- Nothing is left of what was refused.
SELECT pganalytics.drop_projection('known');
SELECT count(*) FROM pganalytics.projections;
SELECT count(*) FROM pg_class WHERE relname ~ '^(definition|state|access)_[0-9]+';
SELECT count(*) FROM pg_proc WHERE proname ~ '^partial_';
DROP SERVER nowhere CASCADE;
DROP FOREIGN DATA WRAPPER nowhere;
DROP SEQUENCE numbers;
DROP VIEW ids;
DROP TABLE events, others, lookup;
DROP FUNCTION stable_one;
DROP AGGREGATE unkept(numeric);
