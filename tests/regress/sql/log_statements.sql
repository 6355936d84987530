-- Every statement that inserts.
SELECT pganalytics.create_event_table('events');
\set VERBOSITY terse

-- The same id twice in one statement, and again: once.
INSERT INTO events (event_id, event_type, aggregate_id)
SELECT ('01900000-0000-7000-8000-00000000000' || i % 3)::uuid, 'x', 'a' || i % 3 FROM generate_series(1, 9) i
RETURNING aggregate_id, version;
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000000', 'x', 'a0') RETURNING version;

-- From the log itself: the statement does not see what it inserts.
INSERT INTO events (event_type, aggregate_id) SELECT 'copied', aggregate_id FROM events;
SELECT aggregate_id, event_type, version FROM events ORDER BY 1, 3;

-- Several in one statement.
WITH opened AS (
    INSERT INTO events (event_type, aggregate_id) VALUES ('opened', 'b'), ('opened', 'c') RETURNING aggregate_id, version
), paid AS (
    INSERT INTO events (event_type, aggregate_id) SELECT 'paid', aggregate_id FROM opened RETURNING aggregate_id, version
)
INSERT INTO events (event_type, aggregate_id, version) SELECT 'closed', aggregate_id, version + 1 FROM paid
RETURNING event_type, aggregate_id, version;

-- Through a view.
CREATE VIEW orders AS SELECT event_type AS what, aggregate_id AS id, version FROM events WHERE event_type <> 'secret' WITH CHECK OPTION;
INSERT INTO orders VALUES ('sent', 'b', NULL), ('sent', 'c', 4) RETURNING *;
INSERT INTO orders VALUES ('secret', 'b');
\echo :SQLSTATE
INSERT INTO orders VALUES ('sent', 'b') RETURNING *;
UPDATE orders SET what = 'lost';
DROP VIEW orders;

-- MERGE inserts; the rest of it is refused.
MERGE INTO events e USING (VALUES ('opened', 'b'), ('opened', 'd'), ('opened', 'd')) n (what, id)
ON e.aggregate_id = n.id AND e.event_type = n.what
WHEN MATCHED THEN DO NOTHING
WHEN NOT MATCHED THEN INSERT (event_type, aggregate_id) VALUES (n.what, n.id);
MERGE INTO events e USING (VALUES ('d')) n (id) ON e.aggregate_id = n.id
WHEN MATCHED THEN UPDATE SET payload = '{}' WHEN NOT MATCHED THEN INSERT (event_type, aggregate_id) VALUES ('x', n.id);
\echo :SQLSTATE
SELECT event_type, version FROM events WHERE aggregate_id = 'd' ORDER BY version;

-- A function, and a rule.
CREATE FUNCTION append_one(id text) RETURNS bigint LANGUAGE sql AS
    'INSERT INTO events (event_type, aggregate_id) VALUES (''called'', id) RETURNING version';
SELECT append_one('e'), append_one('e'), append_one('f');
CREATE TABLE inbox (id text);
CREATE RULE forward AS ON INSERT TO inbox DO INSTEAD INSERT INTO events (event_type, aggregate_id) VALUES ('received', NEW.id);
INSERT INTO inbox VALUES ('e'), ('f');
SELECT aggregate_id, max(version) FROM events WHERE aggregate_id IN ('e', 'f') GROUP BY 1 ORDER BY 1;

DROP TABLE events, inbox;
DROP FUNCTION append_one;
