-- Inline projections: folded by the transaction that appends, before it commits. For small
-- read models that constraints or triggers depend on.
CREATE SCHEMA inline;
SET search_path = inline;
SELECT pganalytics.create_event_table('ledger');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'ann', '{"amount": 100}'), ('deposit', 'bob', '{"amount": 50}');

SELECT pganalytics.create_projection('balances', $$
    SELECT aggregate_id AS account, sum((payload->>'amount')::numeric) AS balance, count(*) AS movements
    FROM ledger GROUP BY aggregate_id
$$, mode => 'inline');
SELECT name, mode, status, tail, events_folded, folds FROM pganalytics.projections WHERE name = 'balances';
TABLE balances ORDER BY account;

-- Every comparison with the query itself over the log must be empty.
CREATE VIEW truth AS
SELECT aggregate_id AS account, sum((payload->>'amount')::numeric) AS balance, count(*) AS movements FROM ledger GROUP BY aggregate_id;
CREATE VIEW differences AS
(TABLE balances EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE balances);
TABLE differences;

-- Nothing is left to fold, and the state itself holds what is committed.
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('withdrawal', 'ann', '{"amount": -30}'), ('deposit', 'cid', '{"amount": 7}');
SELECT tail FROM pganalytics.projections WHERE name = 'balances';
SELECT pganalytics.refresh_projection('balances');
SELECT state FROM pganalytics.projections WHERE name = 'balances' \gset
SELECT k1, c1 FROM :state ORDER BY k1;
TABLE differences;

-- Inside the transaction reads are exact as well: what it has appended is a tail until
-- it is folded, at the end or when constraints are set immediate.
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'dan', '{"amount": 1}');
SELECT tail FROM pganalytics.projections WHERE name = 'balances';
TABLE differences;
SELECT count(*) FROM :state WHERE k1 = 'dan';
SET CONSTRAINTS ALL IMMEDIATE;
SELECT tail FROM pganalytics.projections WHERE name = 'balances';
SELECT count(*) FROM :state WHERE k1 = 'dan';
TABLE differences;
-- With constraints immediate each statement folds what it has appended.
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'dan', '{"amount": 10}');
SELECT c1 FROM :state WHERE k1 = 'dan';
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'dan', '{"amount": 100}');
TABLE differences;
SELECT * FROM pganalytics.verify_projection('balances');
COMMIT;
SELECT c1 FROM :state WHERE k1 = 'dan';
TABLE differences;

-- A savepoint takes back what was folded in it, and nothing else.
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'eve', '{"amount": 1}');
SAVEPOINT a;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'eve', '{"amount": 10}');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT balance FROM balances WHERE account = 'eve';
ROLLBACK TO a;
SELECT balance FROM balances WHERE account = 'eve';
SET CONSTRAINTS ALL IMMEDIATE;
SAVEPOINT b;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'eve', '{"amount": 100}');
RELEASE b;
ROLLBACK TO a;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'eve', '{"amount": 1000}');
TABLE differences;
COMMIT;
SELECT balance FROM balances WHERE account = 'eve';
TABLE differences;

-- A subtransaction that fails, as PL/pgSQL has it.
DO $$
BEGIN
    FOR i IN 1..20 LOOP
        BEGIN
            INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'fay', '{"amount": 1}');
            IF i % 3 = 0 THEN SET CONSTRAINTS ALL IMMEDIATE; END IF;
            IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
    END LOOP;
END $$;
SELECT balance FROM balances WHERE account = 'fay';
TABLE differences;

-- A trigger on the state can refuse the commit: no account may be overdrawn when the
-- transaction ends. (The view projections names the state; c1 is the first aggregate.)
CREATE FUNCTION not_overdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT balance FROM inline.balances WHERE account = new.k1) < 0 THEN
        RAISE EXCEPTION 'account % is overdrawn', new.k1 USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER overdrawn AFTER INSERT OR UPDATE ON :state
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION not_overdrawn();
\set VERBOSITY terse
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('withdrawal', 'bob', '{"amount": -51}');
\echo :SQLSTATE
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('withdrawal', 'bob', '{"amount": -51}');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'bob', '{"amount": 51}');
COMMIT;
TABLE differences;
\set VERBOSITY default

-- One that refuses at once does so with an SQLSTATE of its own.
CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % is closed', new.k1 USING ERRCODE = 'AC001', HINT = 'Open another one.';
END $$;
CREATE TRIGGER closed BEFORE UPDATE ON :state FOR EACH ROW WHEN (new.k1 = 'bob') EXECUTE FUNCTION closed();
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'bob', '{"amount": 1}');
\echo :SQLSTATE
SELECT pganalytics.drop_projection_trigger('balances', 'closed');
DROP FUNCTION closed;

-- The trigger would be lost with the state, so whatever replaces the state or folds
-- otherwise is refused.
\set VERBOSITY sqlstate
SELECT pganalytics.rebuild_projection('balances');
SELECT pganalytics.pause_projection('balances');
SELECT pganalytics.drop_projection_trigger('balances', 'overdrawn');

-- An event on which the definition fails makes its transaction fail, with the error of the definition.
\set VERBOSITY default
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'gus', '{"amount": "many"}');
\echo :SQLSTATE
TABLE differences;

-- What replication brings counts too, and so does what goes into a segment directly.
SET session_replication_role = replica;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'hal', '{"amount": 1}');
RESET session_replication_role;
SELECT relation AS leaf FROM pganalytics.segments WHERE event_table = 'ledger'::regclass AND state = 'active' \gset
INSERT INTO :leaf (event_id, event_type, aggregate_id, payload, segment) VALUES (gen_random_uuid(), 'deposit', 'hal', '{"amount": 10}', 1);
COPY ledger (event_type, aggregate_id, payload) FROM stdin;
deposit	hal	{"amount": 100}
deposit	ida	{"amount": 100}
\.
SELECT balance FROM balances WHERE account = 'hal';
TABLE differences;
-- A duplicate is skipped and not folded.
INSERT INTO ledger (event_id, event_type, aggregate_id, payload) SELECT event_id, event_type, aggregate_id, payload FROM ledger LIMIT 3;
TABLE differences;

-- Several of them, made in a transaction that has appended.
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'jim', '{"amount": 1}');
SELECT pganalytics.create_projection('total', $$ SELECT count(*) AS n, sum((payload->>'amount')::numeric) AS amount FROM ledger $$, mode => 'inline');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'jim', '{"amount": 10}');
SELECT n = (SELECT count(*) FROM ledger) AS exact FROM total;
TABLE differences;
COMMIT;
SELECT n = (SELECT count(*) FROM ledger) AND amount = (SELECT sum(balance) FROM balances) AS exact FROM total;
TABLE differences;
-- Of later events only.
SELECT pganalytics.create_projection('later', $$ SELECT count(*) AS n FROM ledger $$, mode => 'inline', with_data => false);
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'kim', '{"amount": 1}');
TABLE later;

-- Segments made later have the trigger, too.
SELECT pganalytics.roll_segment('ledger');
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'kim', '{"amount": 1}') RETURNING segment;
TABLE differences;
SELECT state, bool_and(EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND tgname = '~~fold' AND tgenabled = 'A')) AS folds
FROM pganalytics.segments WHERE event_table = 'ledger'::regclass AND state IN ('spare', 'active', 'closing') GROUP BY 1 ORDER BY 1;

-- Paused, it is one that the worker would fold: the tail grows. Resumed, it is inline
-- again once it has caught up.
SELECT pganalytics.pause_projection('balances');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'lea', '{"amount": 1}');
SELECT mode, status, tail FROM pganalytics.projections WHERE name = 'balances';
TABLE differences;
SELECT pganalytics.resume_projection('balances');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'lea', '{"amount": 1}');
SELECT mode, status, tail FROM pganalytics.projections WHERE name = 'balances';
TABLE differences;
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'lea', '{"amount": 1}');
SELECT pganalytics.pause_projection('balances');
ROLLBACK;

-- Rebuilt and replaced as any other, also by a transaction that has appended.
SELECT pganalytics.rebuild_projection('balances');
TABLE differences;
BEGIN;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'mia', '{"amount": 1}');
SELECT pganalytics.replace_projection('balances', $$
    SELECT aggregate_id AS account, sum((payload->>'amount')::numeric) AS balance, count(*) AS movements, max(occurred_at) AS last
    FROM ledger GROUP BY aggregate_id
$$);
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'mia', '{"amount": 1}');
TABLE differences;
COMMIT;
TABLE differences;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'mia', '{"amount": 1}');
SELECT account, balance, movements, last IS NOT NULL AS has_last FROM balances WHERE account = 'mia';
SELECT mode, status, tail FROM pganalytics.projections WHERE name = 'balances';

-- A trigger that was off: maintenance puts it back, and has built anew what missed events.
SELECT relation AS leaf FROM pganalytics.segments WHERE event_table = 'ledger'::regclass AND state = 'active' \gset
ALTER TABLE :leaf DISABLE TRIGGER "~~fold";
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'nan', '{"amount": 1}');
TABLE differences;
SELECT "group", expected->'balance' AS expected, found FROM pganalytics.verify_projection('balances');
CALL pganalytics.run_maintenance();
CALL pganalytics.run_maintenance();
TABLE differences;
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'nan', '{"amount": 1}');
TABLE differences;

-- Modes have names; the last one to go takes the triggers with it at the next maintenance.
SELECT pganalytics.create_projection('wrong', 'SELECT count(*) FROM ledger', mode => 'eager');
\echo :SQLSTATE
DROP VIEW differences;
SELECT pganalytics.drop_projection('balances'), pganalytics.drop_projection('total'), pganalytics.drop_projection('later');
INSERT INTO ledger (event_type, aggregate_id, payload) VALUES ('deposit', 'ann', '{"amount": 1}');
CALL pganalytics.run_maintenance();
SELECT count(*) FROM pg_trigger WHERE tgname = '~~fold';

SET client_min_messages = warning;
DROP SCHEMA inline CASCADE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'pganalytics_data'::regnamespace AND relname ~ '_[0-9]+';
