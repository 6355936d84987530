-- about: 100,000 events, 10 per aggregate, with their indexes, ledger and heads (5 s)
CALL make_pair('remembered');
CALL make_pair('forgotten', dedup_window => '0');
CREATE PROCEDURE weigh(what text, target text) LANGUAGE plpgsql AS $body$
DECLARE
    ours numeric;
BEGIN
    FOR i IN 1..100 LOOP
        EXECUTE replace(thousand(target, 'pganalytics.uuid_v7()', NULL), '$i', i::text);
        EXECUTE replace(thousand(target || '_twin', 'pganalytics.uuid_v7()', 'n % 10 + 1'), '$i', i::text);
        COMMIT;
    END LOOP;
    SELECT sum(pg_total_relation_size(r)) INTO ours
    FROM (SELECT relid AS r FROM pg_partition_tree(target::regclass)
          UNION
          SELECT unnest(ARRAY[t.heads, s.ledger]) FROM pganalytics_data.event_table t
          JOIN pganalytics_data.segment s ON s.event_table = t.id AND s.state = 'active'
          WHERE t.relation = target::regclass) AS parts
    WHERE r IS NOT NULL;
    INSERT INTO measured VALUES (what, 'ours', 1, ours / 100000, NULL), (what, 'plain', 1, (
        SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree((target || '_twin')::regclass)) / 100000, NULL);
END $body$;
CALL weigh('bytes per event, all ids remembered', 'remembered');
CALL weigh('bytes per event, no deduplication', 'forgotten');
