-- about: 1,000 and 10,000 INSERTs of one event in a transaction, all of one aggregate (6 s)
SELECT pganalytics.create_event_table('looped') \g /dev/null
CREATE FUNCTION loop_inserts(aggregate text, times integer) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    FOR i IN 1..times LOOP
        INSERT INTO looped (event_type, aggregate_id, payload) VALUES ('order', aggregate, '{"amount": 12.5, "country": "de"}');
    END LOOP;
END $body$;
-- As many events each: one transaction of 10,000, ten of 1,000.
CALL alternate('10,000 INSERTs of 1 in a transaction', 10000,
    'SELECT loop_inserts(''long $r'', 10000)', 'SELECT loop_inserts(''short $r $i'', 1000)', 1, 10);
