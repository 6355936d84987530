-- Prepared statements, and what changes between two executions of one.
SELECT pganalytics.create_event_table('events');
PREPARE append (text, text) AS INSERT INTO events (event_type, aggregate_id) VALUES ($1, $2) RETURNING version;
PREPARE retry (uuid) AS INSERT INTO events (event_id, event_type, aggregate_id) VALUES ($1, 'retried', 'b') RETURNING version;
CREATE PROCEDURE append_ten() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..10 LOOP
        EXECUTE 'EXECUTE append(''x'', ''a'')';
    END LOOP;
END $$;
SET plan_cache_mode = force_generic_plan;
CALL append_ten();
SET plan_cache_mode = force_custom_plan;
CALL append_ten();
RESET plan_cache_mode;
CALL append_ten();
EXECUTE append('x', 'a');
SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'append';
EXECUTE retry('01900000-0000-7000-8000-000000000001');
EXECUTE retry('01900000-0000-7000-8000-000000000001');

-- Columns, indexes, constraints and triggers that came later hold at once.
SET plan_cache_mode = force_generic_plan;
ALTER TABLE events ADD COLUMN label text GENERATED ALWAYS AS (event_type || version) STORED;
CREATE INDEX ON events (label);
EXECUTE append('y', 'a');
ALTER TABLE events ADD CHECK (event_type <> 'forbidden');
\set VERBOSITY sqlstate
EXECUTE append('forbidden', 'a');
EXECUTE append('y', 'a');
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.event_type := upper(NEW.event_type); RETURN NEW; END';
CREATE TRIGGER shout BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION shout();
EXECUTE append('y', 'a');
DROP TRIGGER shout ON events;
SELECT version, label FROM events WHERE lower(event_type) = 'y' ORDER BY 1;

-- The same in a function, which keeps its plan.
CREATE FUNCTION append_in_plpgsql(id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_version bigint;
BEGIN
    INSERT INTO events (event_type, aggregate_id) VALUES ('z', id) RETURNING version INTO new_version;
    RETURN new_version;
END $$;
SELECT max(append_in_plpgsql('c')) FROM generate_series(1, 20);
ALTER TABLE events DROP COLUMN label;
SELECT max(append_in_plpgsql('c')) FROM generate_series(1, 20);
SELECT aggregate_id, count(*), max(version) FROM events GROUP BY 1 ORDER BY 1;

DEALLOCATE ALL;
DROP TABLE events;
DROP FUNCTION append_in_plpgsql, shout;
DROP PROCEDURE append_ten;
