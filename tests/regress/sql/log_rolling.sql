-- What belongs to an event table belongs to its next segments, too, however it was
-- renamed, moved, given away and prepared for before.
CREATE ROLE "regress Verwalter";
CREATE ROLE regress_teller;
CREATE SCHEMA r;
GRANT ALL ON SCHEMA r TO "regress Verwalter";
GRANT USAGE ON SCHEMA r TO regress_teller;
SET search_path = r;
SELECT pganalytics.create_event_table('events');
CREATE TABLE customers (name text PRIMARY KEY);
INSERT INTO customers VALUES ('ada');
GRANT REFERENCES, SELECT ON customers TO "regress Verwalter";
ALTER TABLE events RENAME TO "Ereignisse, alle";
ALTER TABLE "Ereignisse, alle" OWNER TO "regress Verwalter";
ALTER SCHEMA r RENAME TO "Räume";
SET search_path = "Räume";
SET ROLE "regress Verwalter";
ALTER TABLE "Ereignisse, alle"
    ADD COLUMN gone int,
    ADD COLUMN customer text NOT NULL DEFAULT 'ada' REFERENCES customers,
    ADD COLUMN label text GENERATED ALWAYS AS (aggregate_id || version) STORED,
    ADD CONSTRAINT "named!" CHECK (aggregate_id <> ''),
    ADD UNIQUE (event_id, segment),
    ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Ereignisse, alle" DROP COLUMN gone;
CREATE POLICY teller ON "Ereignisse, alle" FOR INSERT TO regress_teller WITH CHECK (event_type = 'told');
GRANT INSERT ON "Ereignisse, alle" TO regress_teller;
CREATE INDEX ON "Ereignisse, alle" (customer) WHERE event_type = 'x';
CREATE INDEX ON "Ereignisse, alle" USING gin (payload);
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''% in segment %'', NEW.label, NEW.segment; RETURN NULL; END';
CREATE TRIGGER told AFTER INSERT ON "Ereignisse, alle" FOR EACH ROW WHEN (NEW.event_type = 'told') EXECUTE FUNCTION told();
CREATE VIEW told_events AS SELECT event_type, aggregate_id FROM "Ereignisse, alle" WHERE event_type = 'told';

SET plan_cache_mode = force_generic_plan;
PREPARE append AS INSERT INTO "Ereignisse, alle" (event_type, aggregate_id, customer) VALUES ('x', 'a', $1) RETURNING version, segment, label;
EXECUTE append('ada');
INSERT INTO told_events VALUES ('told', 'a');
SELECT pganalytics.roll_segment('"Ereignisse, alle"');
RESET ROLE;
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
SET ROLE "regress Verwalter";
EXECUTE append('ada');
INSERT INTO told_events VALUES ('told', 'a');
SELECT pganalytics.roll_segment('"Ereignisse, alle"');
RESET ROLE;
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
SET ROLE "regress Verwalter";
EXECUTE append('ada');
INSERT INTO told_events VALUES ('told', 'a');

-- In the third segment, which was made after all that.
\set VERBOSITY sqlstate
EXECUTE append('bob');
INSERT INTO "Ereignisse, alle" (event_type, aggregate_id) VALUES ('x', '');
INSERT INTO "Ereignisse, alle" (event_id, event_type, aggregate_id) SELECT event_id, 'y', 'a' FROM "Ereignisse, alle" WHERE version = 1;
SET ROLE regress_teller;
INSERT INTO "Ereignisse, alle" (event_type, aggregate_id) VALUES ('x', 'a');
INSERT INTO "Ereignisse, alle" (event_type, aggregate_id) VALUES ('told', 'a');
SET ROLE "regress Verwalter";
SELECT version, segment, customer, label FROM "Ereignisse, alle" ORDER BY position;
SELECT number, state, c.relowner::regrole,
       (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes,
       (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND conname <> 'pganalytics_bounds') AS constraints,
       (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers
FROM pganalytics.segments s JOIN pg_class c ON c.oid = s.relation WHERE event_table = '"Ereignisse, alle"'::regclass ORDER BY number;

RESET ROLE;
SET client_min_messages = warning;
DEALLOCATE ALL;
DROP SCHEMA "Räume" CASCADE;
DROP OWNED BY "regress Verwalter";
DROP ROLE "regress Verwalter", regress_teller;
