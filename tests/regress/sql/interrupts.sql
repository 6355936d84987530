-- Questions to one long timeline can be cancelled. Here that is asked for just before they
-- begin, so that how fast the machine is does not matter: what never looks has an answer.
SET search_path = public, pganalytics;
CREATE PROCEDURE cancel(question text, about text, step interval) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($do$ DO $body$
    DECLARE
        long timeline := (SELECT timeline('2024-01-01 UTC'::timestamptz + n * interval '%s', true, false)
                          FROM generate_series(1, 100000) AS n);
        answer text;
    BEGIN
        answer := %s(CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN long END, %L);
        RAISE EXCEPTION query_canceled;
    EXCEPTION WHEN query_canceled THEN
        RAISE NOTICE '%s: %%', coalesce('had answered ' || answer, 'cancelled');
    END $body$ $do$, step, question, about, question);
END $$;
CALL cancel('sequence_match', '(?2)', '1 second');
CALL cancel('sequence_count', '(?1)', '1 second');
CALL cancel('sequence_events', '(?1)(?t>=5)(?1)', '1 second');
CALL cancel('funnel_level', '1 day', '1 second');
CALL cancel('step_times', '1 day', '1 second');
-- All at one time.
CALL cancel('open_until', '1 day', '0');
DROP PROCEDURE cancel;
