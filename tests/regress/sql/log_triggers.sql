-- Triggers of your own. BEFORE triggers run before the extension's, which is last.
SELECT pganalytics.create_event_table('events');
CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_type = 'ignored' THEN
        RETURN NULL;
    ELSIF NEW.event_type = 'refused' THEN
        RAISE 'refused' USING ERRCODE = 'check_violation';
    END IF;
    NEW.metadata := '{"judged": true}';
    NEW.position := -1;
    RETURN NEW;
END $$;
CREATE TRIGGER judge BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION judge();
\set SHOW_CONTEXT never

-- What it ignores or refuses leaves no gap and no id.
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES (DEFAULT, 'x', 'a'), ('01900000-0000-7000-8000-000000000001', 'ignored', 'a'), (DEFAULT, 'x', 'a')
RETURNING version, metadata, position > 0 AS numbered;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000002', 'refused', 'a');
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000001', 'x', 'a'), ('01900000-0000-7000-8000-000000000002', 'x', 'a') RETURNING version;

-- One that would run after the extension's could undo what it did.
CREATE TRIGGER "~~judge" BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION judge();
\echo :SQLSTATE
ALTER TRIGGER judge ON events RENAME TO "~~~";
\echo :SQLSTATE
DROP TRIGGER judge ON events;

-- AFTER triggers see the event as it is, under any name.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_type = 'refused' THEN
        RAISE 'refused' USING ERRCODE = 'check_violation';
    END IF;
    RAISE NOTICE '% #%', NEW.aggregate_id, NEW.version;
    RETURN NULL;
END $$;
CREATE TRIGGER "~~~" AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO events (event_type, aggregate_id) VALUES ('x', 'b');
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES (DEFAULT, 'x', 'b'), ('01900000-0000-7000-8000-000000000003', 'refused', 'b');
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000003', 'x', 'b');

-- Deferred, and once for a statement.
DROP TRIGGER "~~~" ON events;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN;
INSERT INTO events (event_id, event_type, aggregate_id) VALUES ('01900000-0000-7000-8000-000000000004', 'refused', 'b');
COMMIT;
DROP TRIGGER late ON events;
CREATE FUNCTION total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% events, up to version %', count(*), max(version) FROM new_events;
    RETURN NULL;
END $$;
CREATE TRIGGER total AFTER INSERT ON events REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION total();
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES (DEFAULT, 'x', 'b'), ('01900000-0000-7000-8000-000000000004', 'x', 'b'), ('01900000-0000-7000-8000-000000000003', 'x', 'b');
SELECT aggregate_id, count(*), max(version) FROM events GROUP BY 1 ORDER BY 1;

DROP TABLE events;
DROP FUNCTION judge, tell, total;
