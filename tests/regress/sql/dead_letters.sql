-- Dead letters: an event that a projection cannot digest is set aside by the fold that
-- meets it, and everything else goes on.
SELECT pganalytics.create_event_table('orders');
CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT lpad(n::text, 32, '0')::uuid $$;
INSERT INTO orders (event_id, event_type, aggregate_id, occurred_at, payload)
SELECT id(i), 'placed', 'customer ' || i % 3, timestamptz '2024-01-01' + i * interval '1 hour',
       jsonb_build_object('amount', i, 'items', 1 + i % 4)
FROM generate_series(1, 20) i;
SELECT pganalytics.create_projection('sales', $$
    SELECT aggregate_id AS customer, count(*) AS orders, sum((payload->>'amount')::numeric) AS amount,
           sum((payload->>'amount')::numeric / (payload->>'items')::int) AS per_item
    FROM orders GROUP BY 1$$);

-- What the projection is to hold: its query over the events that can be digested.
CREATE VIEW good_orders AS
SELECT * FROM orders WHERE payload->>'amount' ~ '^[0-9.]+$' AND payload->>'items' ~ '^[1-9][0-9]*$';
CREATE VIEW good_sales AS
SELECT aggregate_id AS customer, count(*) AS orders, sum((payload->>'amount')::numeric) AS amount,
       sum((payload->>'amount')::numeric / (payload->>'items')::int) AS per_item
FROM good_orders GROUP BY 1;
CREATE VIEW difference AS (TABLE sales EXCEPT ALL TABLE good_sales) UNION ALL (TABLE good_sales EXCEPT ALL TABLE sales);

-- Two bad events among good ones: an amount that is no number, and no items.
INSERT INTO orders (event_id, event_type, aggregate_id, occurred_at, payload) VALUES
    (id(101), 'placed', 'customer 1', '2024-02-01', '{"amount": 50, "items": 2}'),
    (id(102), 'placed', 'customer 1', '2024-02-01', '{"amount": "twelve", "items": 2}'),
    (id(103), 'placed', 'customer 2', '2024-02-02', '{"amount": 10, "items": 0}'),
    (id(104), 'placed', 'customer 9', '2024-02-02', '{"amount": 10, "items": 1}');

-- A read leaves them out and says so. It changes nothing.
SELECT * FROM sales ORDER BY customer;
SELECT tail, dead_letters FROM pganalytics.projections;
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT count(*), sum(orders) FROM sales;
COMMIT;

-- What a reader does next is not touched by the failure that was caught.
CREATE FUNCTION count_twice() RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    n bigint;
BEGIN
    SELECT sum(orders) INTO n FROM sales;
    CREATE TEMP TABLE seen AS SELECT sum(orders) AS n FROM sales;
    RETURN n + (SELECT s.n FROM seen s);
EXCEPTION WHEN division_by_zero THEN
    RETURN NULL;
END $$;
\set VERBOSITY terse
SELECT count_twice(), current_user, current_setting('search_path');
BEGIN;
SET LOCAL TimeZone = 'Asia/Tokyo';
DECLARE c CURSOR FOR SELECT customer, orders FROM sales ORDER BY 1;
SAVEPOINT s;
FETCH 2 FROM c;
ROLLBACK TO s;
FETCH 2 FROM c;
SHOW TimeZone;
COMMIT;
DROP FUNCTION count_twice;
\set VERBOSITY default

-- A fold sets them aside, so reads have nothing to leave out any more.
SELECT pganalytics.refresh_projection('sales');
SELECT * FROM sales ORDER BY customer;
TABLE difference;
SELECT status, events_folded, tail, dead_letters, last_error FROM pganalytics.projections;
SELECT projection, event_id, event_type, aggregate_id, occurred_at, status, sqlstate, error, attempts
FROM pganalytics.dead_letters ORDER BY position;
SELECT pganalytics.refresh_projection('sales') AS nothing_new;
-- Set aside, they are no difference between the projection and the log.
SELECT * FROM pganalytics.verify_projection('sales');

-- An event is tried again when it is asked for. These cannot change, and the query does not either.
SELECT pganalytics.retry_dead_letters('sales');
SELECT event_id, attempts, last_failed_at > first_failed_at AS tried_again FROM pganalytics.dead_letters ORDER BY position;

-- What is not worth mending is discarded, for a reason. The row stays as a record.
SELECT pganalytics.discard_dead_letters('sales', 'a test order', ARRAY[id(102)]);
SELECT event_id, status, discarded_by, reason FROM pganalytics.dead_letters ORDER BY position;
SELECT dead_letters FROM pganalytics.projections;
-- Those that are pending are retried, a discarded one only if it is named.
SELECT pganalytics.retry_dead_letters('sales');
SELECT pganalytics.retry_dead_letters('sales', ARRAY[id(102)]);
SELECT event_id, status, attempts FROM pganalytics.dead_letters ORDER BY position;
SELECT pganalytics.discard_dead_letters('sales', 'again', ARRAY[id(102)]) AS already_discarded;

-- An event that has left the log cannot be folded any more (here only its place is forgotten).
BEGIN;
UPDATE pganalytics_data.dead_letter SET position = position + 1000000 WHERE event_id = id(103);
SELECT pganalytics.retry_dead_letters('sales');
\echo :SQLSTATE
ROLLBACK;

-- Replacing the query builds the projection anew, and finds that one more can be digested. What
-- is discarded stays so where it fails again.
SELECT pganalytics.replace_projection('sales', $$
    SELECT aggregate_id AS customer, count(*) AS orders, sum((payload->>'amount')::numeric) AS amount,
           sum((payload->>'amount')::numeric / nullif((payload->>'items')::int, 0)) AS per_item
    FROM orders GROUP BY 1$$);
SELECT event_id, status, reason, attempts FROM pganalytics.dead_letters;
SELECT * FROM sales WHERE customer = 'customer 2';
DROP VIEW difference, good_sales, good_orders;
SELECT pganalytics.drop_projection('sales');
SELECT count(*) AS left_over FROM pganalytics_data.dead_letter;

-- A function that raises: mended with CREATE OR REPLACE, retried. A bad event in the log does not keep
-- a projection from being created.
CREATE FUNCTION country(payload jsonb) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF payload->>'country' NOT IN ('de', 'fr') THEN
        RAISE 'unknown country "%"', payload->>'country' USING ERRCODE = 'GEO01';
    END IF;
    RETURN payload->>'country';
END $$;
INSERT INTO orders (event_id, event_type, aggregate_id, payload)
SELECT id(200 + i), 'shipped', 'parcel ' || i, jsonb_build_object('country', (ARRAY['de', 'fr', 'it'])[1 + i % 3])
FROM generate_series(1, 9) i;
SELECT pganalytics.create_projection('parcels', $$
    SELECT country(payload) AS country, count(*) AS parcels, min(aggregate_id) AS first
    FROM orders WHERE event_type = 'shipped' GROUP BY 1$$);
SELECT * FROM parcels ORDER BY 1;
SELECT event_id, sqlstate, error FROM pganalytics.dead_letters ORDER BY 1;
CREATE OR REPLACE FUNCTION country(payload jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT payload->>'country' $$;
SELECT pganalytics.retry_dead_letters('parcels', ARRAY[id(202)]);
SELECT * FROM parcels ORDER BY 1;
SELECT pganalytics.retry_dead_letters('parcels');
SELECT * FROM parcels ORDER BY 1;
SELECT dead_letters, events_folded FROM pganalytics.projections;
SELECT pganalytics.retry_dead_letters('parcels') AS nothing_pending;

-- Ids that are no dead letters; no reason.
SELECT pganalytics.retry_dead_letters('parcels', ARRAY[id(202)]);
\echo :SQLSTATE
SELECT pganalytics.discard_dead_letters('parcels', 'why not', ARRAY[id(999)]);
\echo :SQLSTATE
SELECT pganalytics.discard_dead_letters('parcels', NULL);
\echo :SQLSTATE
SELECT pganalytics.discard_dead_letters('parcels', ' ');
\echo :LAST_ERROR_SQLSTATE
SELECT pganalytics.retry_dead_letters(NULL);
\echo :SQLSTATE
SELECT pganalytics.retry_dead_letters('orders');
\echo :SQLSTATE
SELECT pganalytics.drop_projection('parcels');

-- Wherever it fails: in a filter, in WHERE, in an aggregate, in a set-returning or nested function,
-- on shapes of JSON, on a constraint of a domain. The others are folded.
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE FUNCTION largest(payload jsonb) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN max(e::int) FROM jsonb_array_elements_text(payload->'list') e;
END $$;
CREATE TABLE hard (place text, payload jsonb);
INSERT INTO hard VALUES
    ('filter', '{"a": "x"}'), ('where', '{"b": "x"}'), ('aggregate', '{"c": {"x": 1}}'), ('set', '{"list": 7}'),
    ('set', '{"list": ["x"]}'), ('shape', '{"d": "x"}'), ('domain', '{"e": 101}'), ('range', '{"e": 99999999999}'),
    ('date', '{"f": "2024-02-30"}'), ('fine', '{"a": 1, "b": 1, "c": 1, "list": [1, 5], "d": 1, "e": 100, "f": "2024-02-29"}');
SELECT pganalytics.create_projection('places', $$
    SELECT aggregate_id AS place, count(*) FILTER (WHERE (payload->>'a')::int > 0) AS a, sum((payload->'c')::int) AS c,
           max(largest(payload)) AS largest, sum((payload->'d')::int) AS d, max((payload->>'e')::percent) AS e,
           max((payload->>'f')::date) AS f
    FROM orders WHERE event_type = 'hard' AND coalesce((payload->>'b')::int, 1) > 0 GROUP BY 1$$);
INSERT INTO orders (event_id, event_type, aggregate_id, payload)
SELECT id(300 + row_number() OVER ()::int), 'hard', place, payload FROM hard;
SELECT * FROM places;
SELECT pganalytics.refresh_projection('places');
SELECT * FROM places;
SELECT aggregate_id, sqlstate, error FROM pganalytics.dead_letters ORDER BY position;
SELECT pganalytics.drop_projection('places');
DROP TABLE hard;
DROP FUNCTION largest;
DROP DOMAIN percent;

-- What fails over several events and over none of them alone belongs to no event: the projection
-- stops with the reason, and so do reads.
SELECT pganalytics.create_projection('floats', $$
    SELECT aggregate_id, sum((payload->>'float')::float8) AS f FROM orders WHERE payload ? 'float' GROUP BY 1$$);
INSERT INTO orders (event_type, aggregate_id, payload) VALUES ('f', 'f', '{"float": 1e308}'), ('f', 'f', '{"float": 1e308}');
SELECT * FROM floats;
\echo :SQLSTATE
SELECT pganalytics.refresh_projection('floats');
\echo :SQLSTATE
SELECT tail, dead_letters FROM pganalytics.projections;
SELECT pganalytics.drop_projection('floats');

-- A definition that fails on everything is taken for wrong, instead of setting everything aside.
SELECT pganalytics.create_projection('wrong', $$
    SELECT event_type, sum((payload->>'name')::int) AS total FROM orders GROUP BY 1$$);
INSERT INTO orders (event_id, event_type, aggregate_id, payload)
SELECT id(1000 + i), 'named', 'n', jsonb_build_object('name', CASE WHEN i % 10 = 0 THEN i::text ELSE 'nobody' END)
FROM generate_series(1, 400) i;
SET pganalytics.dead_letters_limit = 100;
SELECT pganalytics.refresh_projection('wrong');
\echo :SQLSTATE
SELECT count(*) FROM wrong;
\echo :SQLSTATE
SELECT tail, dead_letters FROM pganalytics.projections;
-- Those that are pending count, those that are discarded do not.
SET pganalytics.dead_letters_limit = 360;
SELECT pganalytics.refresh_projection('wrong');
INSERT INTO orders (event_id, event_type, aggregate_id, payload) VALUES (id(2000), 'named', 'n', '{"name": "nobody"}');
SELECT pganalytics.refresh_projection('wrong');
\echo :SQLSTATE
SELECT pganalytics.discard_dead_letters('wrong', 'names');
SELECT pganalytics.refresh_projection('wrong');
SELECT total, dead_letters FROM wrong, pganalytics.projections WHERE event_type = 'named';
-- Building it anew finds those that are discarded, and that they are.
SET pganalytics.dead_letters_limit = 1;
SELECT pganalytics.rebuild_projection('wrong');
SELECT status, count(*) FROM pganalytics.dead_letters GROUP BY 1 ORDER BY 1;
SET pganalytics.dead_letters_limit = 0;
INSERT INTO orders (event_id, event_type, aggregate_id, payload) VALUES (id(2001), 'named', 'n', '{"name": "nobody"}');
SELECT pganalytics.refresh_projection('wrong');
\echo :SQLSTATE
RESET pganalytics.dead_letters_limit;
SELECT pganalytics.drop_projection('wrong');

-- What is no event's fault stops the projection until it is gone: something missing, no rights.
CREATE TABLE rates (currency text, rate numeric);
CREATE FUNCTION in_euro(payload jsonb) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (payload->>'price')::numeric * rate FROM rates WHERE currency = payload->>'currency';
END $$;
INSERT INTO rates VALUES ('usd', 0.9), ('gbp', 1.2);
CREATE ROLE regress_seller;
GRANT SELECT ON orders, rates TO regress_seller;
GRANT CREATE ON SCHEMA public TO regress_seller;
SET ROLE regress_seller;
SELECT pganalytics.create_projection('revenue', $$
    SELECT payload->>'currency' AS currency, sum(in_euro(payload)) AS euro FROM orders WHERE payload ? 'price' GROUP BY 1$$);
RESET ROLE;
INSERT INTO orders (event_type, aggregate_id, payload) VALUES
    ('sold', 's', '{"currency": "usd", "price": 10}'), ('sold', 's', '{"currency": "gbp", "price": 10}'),
    ('sold', 's', '{"currency": "gbp", "price": "ten"}');
ALTER TABLE rates RENAME TO rates_of_old;
SELECT pganalytics.refresh_projection('revenue');
\echo :SQLSTATE
SELECT * FROM revenue;
\echo :SQLSTATE
ALTER TABLE rates_of_old RENAME TO rates;
REVOKE SELECT ON orders FROM regress_seller;
SELECT pganalytics.refresh_projection('revenue');
\echo :SQLSTATE
-- Columns are enough for the query, but not to look for the events at fault.
GRANT SELECT (payload, segment, txid) ON orders TO regress_seller;
SELECT pganalytics.refresh_projection('revenue');
\echo :SQLSTATE
GRANT SELECT ON orders TO regress_seller;
SELECT tail, dead_letters FROM pganalytics.projections;
SELECT pganalytics.refresh_projection('revenue');
SELECT * FROM revenue ORDER BY 1;

-- Errors may tell values of events: dead letters are for the owner, others who may read the projection
-- see how many there are.
CREATE ROLE regress_auditor;
GRANT SELECT ON revenue TO regress_auditor;
INSERT INTO orders (event_id, event_type, aggregate_id, payload) VALUES (id(3001), 'sold', 's', '{"currency": "usd", "price": "secret"}');
CREATE FUNCTION leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
SET ROLE regress_auditor;
SELECT * FROM revenue ORDER BY 1;
SELECT name, dead_letters FROM pganalytics.projections;
SELECT * FROM pganalytics.dead_letters WHERE leak(error);
SELECT pganalytics.retry_dead_letters('revenue');
\echo :SQLSTATE
SELECT pganalytics.discard_dead_letters('revenue', 'mine');
\echo :SQLSTATE
SELECT * FROM pganalytics_data.dead_letter;
\echo :SQLSTATE
SET ROLE regress_seller;
SELECT projection, error FROM pganalytics.dead_letters;
SELECT pganalytics.discard_dead_letters('revenue', 'no price');
SELECT discarded_by, reason FROM pganalytics.dead_letters;
RESET ROLE;

-- So it is with every kind of projection: lookup tables, rows instead of groups, distinct values, the latest,
-- sessions.
\set VERBOSITY terse
CREATE TABLE names (customer text PRIMARY KEY, name text);
INSERT INTO names VALUES ('customer 1', 'Ada'), ('customer 2', 'Bob');
SELECT pganalytics.create_event_table('payments');
SELECT pganalytics.create_projection('by_name', $$
    SELECT n.name, avg((p.payload->>'amount')::numeric) AS mean FROM payments p JOIN names n ON n.customer = p.aggregate_id GROUP BY 1$$);
SELECT pganalytics.create_projection('payment_rows', $$
    SELECT aggregate_id AS customer, (payload->>'amount')::numeric AS amount FROM payments$$);
SELECT pganalytics.create_projection('amounts', $$
    SELECT aggregate_id AS customer, count(DISTINCT (payload->>'amount')::numeric) AS n,
           pganalytics.last((payload->>'amount')::numeric, position) AS latest, stddev((payload->>'amount')::float8) AS spread
    FROM payments GROUP BY 1$$);
SELECT pganalytics.create_projection('payment_sessions', $$
    SELECT aggregate_id AS customer, pganalytics.session(occurred_at, '3 hours') AS session, sum((payload->>'amount')::numeric) AS amount
    FROM payments GROUP BY 1, 2$$);
INSERT INTO payments (event_id, event_type, aggregate_id, occurred_at, payload)
SELECT id(5000 + i), 'paid', 'customer ' || 1 + i % 2, timestamptz '2024-06-01' + i * interval '1 hour', jsonb_build_object('amount', CASE i WHEN 5 THEN 'five' ELSE (i / 2)::text END)
FROM generate_series(1, 8) i;
SELECT * FROM by_name ORDER BY 1;
SELECT * FROM payment_rows ORDER BY 1, 2;
SELECT * FROM amounts ORDER BY 1;
SELECT * FROM payment_sessions ORDER BY 1, 2;
SELECT name, pganalytics.refresh_projection(name) FROM pganalytics.projections WHERE source = 'payments'::regclass ORDER BY name;
SELECT * FROM by_name ORDER BY 1;
SELECT * FROM payment_rows ORDER BY 1, 2;
SELECT * FROM amounts ORDER BY 1;
SELECT * FROM payment_sessions ORDER BY 1, 2;
SELECT projection, event_id, error FROM pganalytics.dead_letters WHERE event_id = id(5005) ORDER BY projection::text;
SELECT p.name, count(v) AS differences FROM pganalytics.projections p LEFT JOIN LATERAL pganalytics.verify_projection(p.name) v ON true
WHERE p.source = 'payments'::regclass GROUP BY 1 ORDER BY p.name;
SET client_min_messages = warning;
DROP TABLE payments CASCADE;
DROP TABLE names;
RESET client_min_messages;
\set VERBOSITY default

-- A long backlog is folded in batches, of 20,000 at first: bad events at their ends.
\set VERBOSITY terse
SELECT pganalytics.create_event_table('clicks');
SELECT pganalytics.create_projection('pages', $$
    SELECT aggregate_id AS page, count(*) AS clicks, sum((payload->>'ms')::int) AS ms FROM clicks GROUP BY 1$$);
INSERT INTO clicks (event_type, aggregate_id, payload)
SELECT 'click', 'page ' || i % 7, CASE WHEN i IN (1, 2, 9999, 20000, 20001, 40000, 45000) THEN '{"ms": "?"}' ELSE jsonb_build_object('ms', i) END
FROM generate_series(1, 45000) i;
CREATE VIEW difference AS
WITH good AS (
    SELECT aggregate_id AS page, count(*) AS clicks, sum((payload->>'ms')::int) AS ms
    FROM (SELECT * FROM clicks WHERE payload->>'ms' <> '?' OFFSET 0) c GROUP BY 1)
(TABLE pages EXCEPT ALL TABLE good) UNION ALL (TABLE good EXCEPT ALL TABLE pages);
SELECT count(*) FROM difference;
CALL pganalytics.run_maintenance();
SELECT count(*) FROM difference;
SELECT folds > 1 AS in_batches, events_folded, tail, dead_letters FROM pganalytics.projections WHERE name = 'pages';
SELECT (SELECT count(*) FROM clicks c WHERE c.position <= l.position) AS which FROM pganalytics.dead_letters l WHERE projection = 'pages' ORDER BY 1;
DROP VIEW difference;
SELECT pganalytics.drop_projection('pages');
DROP TABLE clicks;

-- Random events, folds, retries, rollbacks; half way through a function is mended. A projection is its query
-- over the events but those that are set aside and those that cannot be.
SELECT pganalytics.create_event_table('visits');
CREATE FUNCTION digested(payload jsonb) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF payload ? 'mendable' THEN RAISE 'not yet'; END IF;
    RETURN (payload->>'ms')::int;
END $$;
SELECT pganalytics.create_projection('random_pages', $$
    SELECT aggregate_id AS page, count(*) AS visits, sum(digested(payload)) AS ms FROM visits WHERE event_type = 'random' GROUP BY 1$$);
CREATE VIEW letters AS SELECT * FROM pganalytics.dead_letters WHERE projection = 'random_pages';
CREATE FUNCTION differences(mended boolean) RETURNS bigint LANGUAGE sql AS $$
    WITH good AS (
        SELECT aggregate_id AS page, count(*) AS visits, sum((payload->>'ms')::int) AS ms
        FROM (SELECT * FROM visits WHERE event_type = 'random' AND payload->>'ms' <> '?' AND (mended OR NOT payload ? 'mendable')
                  AND event_id NOT IN (SELECT event_id FROM letters) OFFSET 0) c GROUP BY 1)
    SELECT count(*) FROM ((TABLE random_pages EXCEPT ALL TABLE good) UNION ALL (TABLE good EXCEPT ALL TABLE random_pages)) d
$$;
SET client_min_messages = error;
SELECT setseed(0.5);
CREATE TABLE outcome (wrong bigint, letters bigint, retried bigint);
INSERT INTO outcome VALUES (0, 0, 0);
DO $$
BEGIN
    FOR round IN 1..50 LOOP
        INSERT INTO visits (event_type, aggregate_id, payload)
        SELECT 'random', 'page ' || i % 3, CASE WHEN random() < 0.1 THEN '{"ms": "?"}'
            WHEN random() < 0.1 THEN '{"ms": 5, "mendable": true}' ELSE jsonb_build_object('ms', i) END
        FROM generate_series(1, floor(random() * 40)::int) i;
        IF random() < 0.2 THEN ROLLBACK; ELSE COMMIT; END IF;
        IF round = 30 THEN
            CREATE OR REPLACE FUNCTION digested(payload jsonb) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT (payload->>''ms'')::int';
            COMMIT;
        END IF;
        IF random() < 0.4 THEN PERFORM pganalytics.refresh_projection('random_pages'); END IF;
        IF random() < 0.2 THEN UPDATE outcome SET retried = retried + pganalytics.retry_dead_letters('random_pages'); END IF;
        IF random() < 0.1 THEN PERFORM pganalytics.discard_dead_letters('random_pages', 'random',
            (SELECT array_agg(event_id) FROM (SELECT event_id FROM letters WHERE random() < 0.2) d)); END IF;
        IF random() < 0.1 THEN PERFORM pganalytics.rebuild_projection('random_pages'); END IF;
        IF random() < 0.2 THEN ROLLBACK; ELSE COMMIT; END IF;
        UPDATE outcome SET wrong = wrong + differences(round >= 30);
    END LOOP;
END $$;
SELECT pganalytics.refresh_projection('random_pages') >= 0 AS folded;
SELECT pganalytics.retry_dead_letters('random_pages', (SELECT array_agg(event_id) FROM letters)) >= 0 AS retried;
UPDATE outcome SET letters = (SELECT count(*) FROM letters);
SELECT wrong, letters > 50 AS some_bad, retried > 20 AS some_mended, differences(true) FROM outcome;
SELECT DISTINCT error FROM letters;
DROP TABLE outcome;
DROP FUNCTION differences;
DROP VIEW letters;
DROP TABLE visits CASCADE;
DROP FUNCTION digested;

SET client_min_messages = warning;
DROP TABLE orders CASCADE;
DROP TABLE rates;
DROP FUNCTION in_euro, country, id, leak;
DROP OWNED BY regress_seller, regress_auditor;
DROP ROLE regress_seller, regress_auditor;
