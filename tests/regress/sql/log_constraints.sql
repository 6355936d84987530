-- Constraints of your own. An event that one refuses leaves nothing behind: no gap
-- in the versions, and no id, so that a better one goes in.
SELECT pganalytics.create_event_table('events');
CREATE TABLE customers (name text PRIMARY KEY);
INSERT INTO customers VALUES ('ada');
ALTER TABLE events
    ADD COLUMN customer text REFERENCES customers,
    ADD CONSTRAINT positive CHECK ((payload->>'amount')::numeric > 0);
\set VERBOSITY sqlstate

INSERT INTO events (event_type, aggregate_id, customer) VALUES ('opened', 'a', 'ada') RETURNING version;
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a', '{"amount": -1}');
INSERT INTO events (event_id, event_type, aggregate_id, payload)
VALUES ('01900000-0000-7000-8000-000000000001', 'paid', 'a', '{"amount": 1}') RETURNING version;
INSERT INTO events (event_id, event_type, aggregate_id, customer)
VALUES ('01900000-0000-7000-8000-000000000002', 'sent', 'a', 'bob');
INSERT INTO customers VALUES ('bob');
INSERT INTO events (event_id, event_type, aggregate_id, customer)
VALUES ('01900000-0000-7000-8000-000000000002', 'sent', 'a', 'bob') RETURNING version;
DELETE FROM customers WHERE name = 'bob';

-- One bad row refuses its whole statement.
INSERT INTO events (event_type, aggregate_id, payload)
VALUES ('paid', 'a', '{"amount": 1}'), ('paid', 'b', '{"amount": 1}'), ('paid', 'a', '{"amount": 0}');
SELECT aggregate_id, max(version), count(*) FROM events GROUP BY 1;

-- What a foreign key does when its row goes changes the event: refused as well.
ALTER TABLE events DROP CONSTRAINT events_customer_fkey,
    ADD FOREIGN KEY (customer) REFERENCES customers ON DELETE SET NULL ON UPDATE CASCADE;
DELETE FROM customers WHERE name = 'bob';
UPDATE customers SET name = 'rob' WHERE name = 'bob';
TRUNCATE customers CASCADE;
SELECT count(*) FROM events;

-- Checked at the end of the transaction.
ALTER TABLE events DROP CONSTRAINT events_customer_fkey,
    ADD FOREIGN KEY (customer) REFERENCES customers DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO events (event_type, aggregate_id, customer) VALUES ('sent', 'a', 'cy') RETURNING version;
INSERT INTO customers VALUES ('cy');
COMMIT;
BEGIN;
INSERT INTO events (event_id, event_type, aggregate_id, customer)
VALUES ('01900000-0000-7000-8000-000000000003', 'sent', 'a', 'di') RETURNING version;
COMMIT;
INSERT INTO events (event_id, event_type, aggregate_id)
VALUES ('01900000-0000-7000-8000-000000000003', 'sent', 'a') RETURNING version;

DROP TABLE events, customers;
