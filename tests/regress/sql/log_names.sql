-- Names are as in SQL: quoted, in any language, up to 63 bytes.
CREATE ROLE "Régine ""la"" Propriétaire";
CREATE SCHEMA "Größen" AUTHORIZATION "Régine ""la"" Propriétaire";
SET search_path = "Größen";
SET ROLE "Régine ""la"" Propriétaire";
SELECT pganalytics.create_event_table('Plain');
SELECT pganalytics.create_event_table('"Événements d''été"');
SELECT pganalytics.create_event_table('"Größen"."事件"');
SELECT pganalytics.create_event_table('"select"');
INSERT INTO "select" (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version;

ALTER TABLE "事件" ADD COLUMN "Grund; --" text CHECK ("Grund; --" <> ''), ADD COLUMN "position " int;
CREATE INDEX "nach Grund" ON "事件" ("Grund; --");
INSERT INTO "事件" (event_type, aggregate_id, payload, "Grund; --", "position ")
VALUES ('打开', 'Zoë', '{"ключ": "🐘"}', 'weil', 1), ('打开', 'zoë', '{}', NULL, 2), ('打开', '', '{}', NULL, 3), ('', 'Zoë', '{}', NULL, 4)
RETURNING aggregate_id, version, event_type;
INSERT INTO "事件" (event_type, aggregate_id, version) VALUES ('打开', 'Zoë', 2);
UPDATE "事件" SET version = 1;
-- An accent written in two ways is two aggregates: bytes decide.
INSERT INTO "Événements d'été" (event_type, aggregate_id) VALUES ('x', U&'Zo\00EB'), ('x', U&'Zoe\0308') RETURNING version;

-- Longer names are cut off, as everywhere; those with the same beginning do not clash.
SELECT pganalytics.create_event_table('a_name_of_an_event_table_that_is_longer_than_the_sixty_three_bytes');
SELECT pganalytics.create_event_table('a_name_of_an_event_table_that_is_longer_than_the_sixty_three_bytes_allowed');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('a_name_of_an_event_table_that_is_longer_than_sixty_2');
SELECT pganalytics.create_event_table('a_name_of_an_event_table_that_is_longer_than_sixty_3');
INSERT INTO a_name_of_an_event_table_that_is_longer_than_sixty_2 (event_type, aggregate_id) VALUES ('x', 'a');
INSERT INTO a_name_of_an_event_table_that_is_longer_than_sixty_3 (event_type, aggregate_id) VALUES ('x', 'a') RETURNING version, position;
SELECT pganalytics.create_event_table('"' || repeat('é', 40) || '"');
-- Aggregates may have names of any length that an index takes.
INSERT INTO plain (event_type, aggregate_id) VALUES ('x', repeat('a', 2000)), ('x', repeat('a', 2000)), ('x', repeat('a', 2001))
RETURNING length(aggregate_id), version;

-- No names at all.
SELECT pganalytics.create_event_table('');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('""');
\echo :SQLSTATE
SELECT pganalytics.create_event_table('a b');
\echo :SQLSTATE

RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA "Größen" CASCADE;
DROP OWNED BY "Régine ""la"" Propriétaire";
DROP ROLE "Régine ""la"" Propriétaire";
