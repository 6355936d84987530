#!/usr/bin/env bash
# Random batches against a model: INSERTs of several rows, append and append_events,
# with ids from a small pool, versions given, expected or neither, in tables of all
# three kinds, in savepoints of which many are rolled back. After each step the
# outcome of every event, or the SQLSTATE, is what the model says, and in the end so
# is the log. APPEND_SEED repeats a run.
set -euo pipefail

seed=${APPEND_SEED:-$RANDOM}
steps=${APPEND_STEPS:-3000}
trap '[ $? = 0 ] || echo "failed with APPEND_SEED=$seed"' EXIT

psql -X -q -v ON_ERROR_STOP=1 -v seed="$seed" -v steps="$steps" <<'SQL'
CREATE EXTENSION pg_analytics;
SELECT pganalytics.create_event_table(v || '_log', versions => v) FROM unnest('{auto,optional,required}'::text[]) v;

-- An event is a letter; capital or small is its content, the aggregate depends on
-- the letter. The model: the letters of an aggregate in the order of their versions,
-- and those without one.
CREATE TABLE model (versions text, aggregate text, log text NOT NULL DEFAULT '', loose text NOT NULL DEFAULT '');
INSERT INTO model SELECT v, a FROM unnest('{auto,optional,required}'::text[]) v, unnest('{a0,a1,a2}'::text[]) a;

CREATE FUNCTION id(letter text) RETURNS uuid IMMUTABLE LANGUAGE sql AS
  $$ SELECT repeat(to_hex(ascii(lower(letter))), 16)::uuid $$;
CREATE FUNCTION letter(id uuid) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT chr(('x' || left(id::text, 2))::bit(8)::int) $$;
CREATE FUNCTION aggregate_of(letter text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT 'a' || ascii(lower(letter)) % 3 $$;
CREATE FUNCTION refuse(state text) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN RAISE 'refused' USING ERRCODE = state; END $$;

-- One row of an INSERT. numbered: append gives it a version.
CREATE FUNCTION model_row(v text, letter text, given bigint, numbered boolean, OUT version bigint, OUT deduplicated boolean)
LANGUAGE plpgsql AS $$
DECLARE m model;
BEGIN
  SELECT * INTO m FROM model WHERE versions = v AND aggregate = aggregate_of(letter);
  deduplicated := strpos(lower(m.log || m.loose), lower(letter)) > 0;
  IF deduplicated THEN
    IF strpos(m.log || m.loose, letter) = 0 THEN PERFORM refuse('23505'); END IF;
    version := nullif(strpos(m.log, letter), 0);
    RETURN;
  END IF;
  version := coalesce(given, CASE WHEN numbered OR v = 'auto' THEN length(m.log) + 1 END);
  IF version <> length(m.log) + 1 THEN PERFORM refuse('40001'); END IF;
  IF version IS NULL AND v = 'required' THEN PERFORM refuse('23502'); END IF;
  UPDATE model SET log = log || CASE WHEN version IS NULL THEN '' ELSE letter END,
                   loose = loose || CASE WHEN version IS NULL THEN letter ELSE '' END
  WHERE versions = v AND aggregate = m.aggregate;
END $$;

CREATE FUNCTION model_insert(v text, letters text, given bigint[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE told text = ''; r record;
BEGIN
  FOR i IN 1..length(letters) LOOP
    SELECT * INTO r FROM model_row(v, substr(letters, i, 1), given[i], false);
    IF NOT r.deduplicated THEN
      told := told || format(' %s%s', lower(substr(letters, i, 1)), r.version);
    END IF;
  END LOOP;
  RETURN told;
END $$;

CREATE FUNCTION model_append(v text, letters text, expected jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text = ''; r record; m record;
  wanted bigint; batch text; repeated text[] = '{}'; known jsonb = '{}'; a text; l text;
BEGIN
  FOR m IN SELECT * FROM model WHERE versions = v ORDER BY aggregate LOOP
    wanted := expected->>m.aggregate;
    SELECT coalesce(string_agg(t.l, '' ORDER BY n), '') INTO batch FROM string_to_table(letters, NULL) WITH ORDINALITY t(l, n)
      WHERE aggregate_of(t.l) = m.aggregate;
    CONTINUE WHEN wanted IS NULL OR wanted = length(m.log);
    IF wanted > length(m.log) OR batch = '' OR strpos(substr(lower(m.log), wanted::int + 1), left(lower(batch), 1)) <> 1 THEN
      PERFORM refuse('40001');
    ELSIF strpos(substr(lower(m.log), wanted::int + 1), lower(batch)) <> 1 THEN
      PERFORM refuse('23505');
    END IF;
    repeated := repeated || m.aggregate;
  END LOOP;
  FOR i IN 1..length(letters) LOOP
    l := substr(letters, i, 1);
    a := aggregate_of(l);
    SELECT * INTO r FROM model_row(v, l, NULL, expected->a <> 'null' OR v = 'required');
    ASSERT r.deduplicated OR a <> ALL (repeated);
    known := jsonb_set(known, ARRAY[a], coalesce(known->a, '[]') || to_jsonb(r.deduplicated));
    told := told || format(' %s%s%s', lower(l), r.version, CASE WHEN r.deduplicated THEN '=' END);
  END LOOP;
  FOR a IN SELECT jsonb_object_keys(known) LOOP
    IF expected->a <> 'null' AND known->a @> 'true' AND known->a @> 'false' THEN PERFORM refuse('23505'); END IF;
  END LOOP;
  RETURN told;
END $$;

-- The same for real. What append tells must be in the log, at its position.
CREATE FUNCTION real_insert(v text, letters text, given bigint[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE told text;
BEGIN
  EXECUTE format('WITH i AS (INSERT INTO %I (event_id, event_type, aggregate_id, version)
      SELECT id(l), CASE l WHEN lower(l) THEN ''small'' ELSE ''capital'' END, aggregate_of(l), $2[n]
      FROM string_to_table($1, NULL) WITH ORDINALITY t(l, n) ORDER BY n RETURNING *)
    SELECT string_agg(format('' %%s%%s'', letter(event_id), version), '''' ORDER BY position) FROM i', v || '_log')
    INTO told USING letters, given;
  RETURN coalesce(told, '');
END $$;

CREATE FUNCTION real_append(v text, letters text, expected jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE events jsonb; told text; wrong bigint; one text;
BEGIN
  SELECT count(DISTINCT aggregate_of(l)), min(aggregate_of(l)), coalesce(jsonb_agg(jsonb_build_object('event_id', id(l), 'aggregate_id', aggregate_of(l),
      'event_type', CASE l WHEN lower(l) THEN 'small' ELSE 'capital' END)
      || CASE WHEN n % 2 = 0 THEN '{"metadata": {}}' ELSE '{}' END::jsonb ORDER BY n), '[]')
    INTO wrong, one, events FROM string_to_table(letters, NULL) WITH ORDINALITY t(l, n);
  IF wrong = 1 AND (SELECT count(*) FROM jsonb_object_keys(expected - one)) = 0 THEN
    SELECT jsonb_agg(e - 'aggregate_id' ORDER BY n) INTO events FROM jsonb_array_elements(events) WITH ORDINALITY t(e, n);
    CREATE TEMP TABLE outcome ON COMMIT DROP AS
      SELECT * FROM pganalytics.append((v || '_log')::regclass, one, events, (expected->>one)::bigint) WITH ORDINALITY;
  ELSE
    CREATE TEMP TABLE outcome ON COMMIT DROP AS
      SELECT * FROM pganalytics.append_events((v || '_log')::regclass, events, expected) WITH ORDINALITY;
  END IF;
  SELECT string_agg(format(' %s%s%s', letter(event_id), version, CASE WHEN deduplicated THEN '=' END), '' ORDER BY ordinality)
    INTO told FROM outcome;
  EXECUTE format('SELECT count(*) FROM outcome o WHERE NOT EXISTS (SELECT FROM %I e WHERE e.event_id = o.event_id
    AND e.position = o.position AND e.version IS NOT DISTINCT FROM o.version)', v || '_log') INTO wrong;
  DROP TABLE outcome;
  ASSERT wrong = 0, format('%s outcomes are not those of the log: %s', wrong, told);
  RETURN coalesce(told, '');
END $$;

-- What a call returns, or its SQLSTATE; its effects are gone with the latter.
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE told text;
BEGIN
  EXECUTE 'SELECT ' || call INTO told;
  RETURN told;
EXCEPTION WHEN serialization_failure OR unique_violation OR not_null_violation THEN
  RETURN SQLSTATE;
END $$;

CREATE FUNCTION any_of(VARIADIC numbers bigint[]) RETURNS bigint VOLATILE LANGUAGE sql AS
  $$ SELECT numbers[1 + floor(random() * array_length(numbers, 1))] $$;

-- A random call, as the arguments of both; names one that makes sense half of the time.
CREATE FUNCTION random_call(v text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
  letters text = ''; l text; given bigint[] = '{}'; expected jsonb = '{}'; m record; here bigint;
  one boolean = random() < 0.5; a text; count int = any_of(0, 1, 1, 2, 2, 3, 4);
BEGIN
  SELECT * INTO m FROM model WHERE versions = v ORDER BY random() LIMIT 1;
  IF random() < 0.3 AND m.log <> '' THEN
    -- a retry, of the right events or nearly
    here := floor(random() * length(m.log));
    letters := substr(m.log, here::int + 1, count);
    expected := jsonb_build_object(m.aggregate, here + any_of(0, 0, 0, 1));
  END IF;
  WHILE length(letters) < count LOOP
    l := chr(97 + floor(random() * 26)::int);
    CONTINUE WHEN one AND aggregate_of(l) <> m.aggregate;
    letters := letters || CASE WHEN random() < 0.03 THEN upper(l) ELSE l END;
  END LOOP;
  IF random() < 0.3 THEN
    FOR i IN 1..count LOOP
      a := aggregate_of(substr(letters, i, 1));
      SELECT length(log) + 1 INTO here FROM model WHERE versions = v AND aggregate = a;
      given := given || CASE WHEN random() < CASE v WHEN 'required' THEN 0.9 ELSE 0.5 END THEN here + any_of(0, 0, 0, 0, 0, 1, -1) END;
    END LOOP;
    RETURN format('_insert(%L, %L, %L)', v, letters, given);
  END IF;
  FOR m IN SELECT DISTINCT aggregate, length(log) AS n FROM model, string_to_table(letters, NULL) x
           WHERE versions = v AND aggregate = aggregate_of(x) LOOP
    CONTINUE WHEN expected ? m.aggregate OR random() < 0.4;
    expected := expected || jsonb_build_object(m.aggregate, CASE WHEN random() < 0.9 THEN greatest(0, m.n + any_of(0, 0, 0, 0, -1, -2, 1)) END);
  END LOOP;
  RETURN format('_append(%L, %L, %L)', v, letters, expected);
END $$;

CREATE TABLE tally (told text);
CREATE FUNCTION run(steps int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v text; call text; told text; got text;
BEGIN
  FOR step IN 1..steps LOOP
    BEGIN
      -- a few calls in a savepoint, which one time in three is rolled back
      FOR i IN 1..any_of(1, 1, 2, 3) LOOP
        v := (ARRAY['auto', 'optional', 'required'])[any_of(1, 2, 3)];
        call := random_call(v);
        got := try('real' || call);
        told := try('model' || call);
        ASSERT got = told, format('step %s, %s: got "%s", the model says "%s", with %s', step, call, got, told,
          (SELECT jsonb_agg(m) FROM model m WHERE versions = v));
      END LOOP;
      IF random() < 0.33 THEN RAISE query_canceled USING MESSAGE = 'undo'; END IF;
      INSERT INTO tally VALUES (CASE WHEN call ~ '_insert' THEN 'insert ' ELSE 'append ' END
        || CASE WHEN told ~ '^\d{5}$' THEN told WHEN told ~ '=' THEN CASE WHEN told ~ '\d( |$)' THEN 'some deduplicated' ELSE 'deduplicated' END
           WHEN told = '' THEN 'nothing' ELSE 'appended' END);
    EXCEPTION WHEN query_canceled THEN
      IF SQLERRM <> 'undo' THEN RAISE; END IF;
    END;
  END LOOP;
END $$;

-- Ids run out: a new run begins with empty tables.
CREATE PROCEDURE runs(seed int, steps int) LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
  PERFORM setseed((seed % 1000) / 1000.0);
  FOR i IN 1..steps / 60 LOOP
    PERFORM run(60);
    COMMIT;
    SELECT count(*) INTO wrong FROM (
      (SELECT versions, aggregate, lower(log), length(loose) FROM model
       EXCEPT SELECT versions, a, coalesce(string_agg(letter(event_id), '' ORDER BY version) FILTER (WHERE version IS NOT NULL), ''),
           count(event_id) FILTER (WHERE version IS NULL)::int
         FROM (SELECT DISTINCT versions, aggregate AS a FROM model) m LEFT JOIN (
           SELECT 'auto' AS kind, event_id, aggregate_id, version FROM auto_log UNION ALL
           SELECT 'optional', event_id, aggregate_id, version FROM optional_log UNION ALL
           SELECT 'required', event_id, aggregate_id, version FROM required_log) e ON kind = versions AND aggregate_id = a GROUP BY 1, 2)) d;
    ASSERT wrong = 0, format('%s logs are not as the model has them', wrong);
    SELECT count(*) INTO wrong FROM (
      SELECT version, row_number() OVER (PARTITION BY kind, aggregate_id ORDER BY position) AS n FROM (
        SELECT 'auto' AS kind, position, aggregate_id, version FROM auto_log UNION ALL
        SELECT 'optional', position, aggregate_id, version FROM optional_log WHERE version IS NOT NULL UNION ALL
        SELECT 'required', position, aggregate_id, version FROM required_log) e) e WHERE version IS DISTINCT FROM n;
    ASSERT wrong = 0, 'versions leave gaps or are not in the order of positions';
    DROP TABLE auto_log, optional_log, required_log;
    PERFORM pganalytics.create_event_table(v || '_log', versions => v) FROM unnest('{auto,optional,required}'::text[]) v;
    UPDATE model SET log = '', loose = '';
    COMMIT;
  END LOOP;
END $$;
SET client_min_messages = warning;
CALL runs(:seed, :steps);
SELECT told, count(*) FROM tally GROUP BY 1 ORDER BY 1;
-- Every kind of outcome has come up.
DO $$
DECLARE missing text;
BEGIN
  SELECT string_agg(k, ', ') INTO missing FROM unnest('{append 23505,append 40001,append appended,append deduplicated,append some deduplicated,append nothing,
    insert 23502,insert 23505,insert 40001,insert appended,insert nothing}'::text[]) k WHERE k NOT IN (SELECT told FROM tally);
  ASSERT missing IS NULL, 'never came up: ' || missing;
END $$;
SQL
