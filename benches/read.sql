-- about: 1,000 point reads and whole reads of 60,000 groups, tail empty and of 1,000 events; 5 runs, in turn
-- Autovacuum is off: the planner knows what it would know with it.
ANALYZE clicks, many_rollup;
SELECT state AS many_state FROM pganalytics_data.generation g JOIN pganalytics_data.projection p ON p.id = g.projection
WHERE p.relation = 'many'::regclass \gset
ANALYZE :many_state;
CREATE PROCEDURE read_both(suffix text) LANGUAGE plpgsql AS $$
DECLARE
    points text := 'DO $d$ DECLARE r record; BEGIN FOR i IN 1..1000 LOOP SELECT * INTO r FROM %s WHERE k = i * 17; END LOOP; END $d$';
    whole text := 'DO $d$ DECLARE r record; BEGIN FOR i IN 1..5 LOOP SELECT count(*), sum(n), sum(total) INTO r FROM %s; END LOOP; END $d$';
BEGIN
    FOR run IN 1..5 LOOP
        CALL measure('1,000 point reads, ' || suffix, 'ours', run, 1000, format(points, 'many'));
        CALL measure('1,000 point reads, ' || suffix, 'plain', run, 1000, format(points, 'many_rollup'));
        CALL measure('5 whole reads, ' || suffix, 'ours', run, 300000, format(whole, 'many'));
        CALL measure('5 whole reads, ' || suffix, 'plain', run, 300000, format(whole, 'many_rollup'));
    END LOOP;
END $$;
CALL read_both('tail empty');
INSERT INTO clicks (event_type, aggregate_id, payload)
SELECT 'click', 'x', jsonb_build_object('k', (random() * 1e9)::int, 'v', random()) FROM generate_series(1, 1000);
CALL read_both('tail of 1,000');
