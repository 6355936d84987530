-- What happens next, as actions of the sessions: m does most things, u writes
-- meanwhile, v and w in long transactions, r reads in one of REPEATABLE READ. The actions of a step are taken
-- one after the other; "check" compares projections, as they are then.
-- alone: only m appends, so that some projections can be inline: others would wait for it.
CREATE TABLE model.run (step int, alone boolean, mended boolean, appended int[] NOT NULL DEFAULT '{}');
CREATE TABLE model.session (name text PRIMARY KEY, state text, transactions int DEFAULT 0, had_read text[] DEFAULT '{}', unseen text[] DEFAULT '{}');
CREATE TABLE model.projection (name text PRIMARY KEY, spec jsonb, next jsonb, is_there boolean DEFAULT false);
CREATE TABLE model.since (name text, snapshot pg_snapshot);
CREATE TABLE model.query (name text, query text, oracle text, columns text[], compared text[], PRIMARY KEY (name, query));
CREATE TABLE model.tally (what text, outcome text);

-- The events that a query is to be compared over, as an item of FROM.
CREATE FUNCTION model.log_of(projection text, oracle text) RETURNS text LANGUAGE sql AS $$
  SELECT format('(SELECT * FROM public.events l WHERE true%s%s)',
    CASE WHEN oracle ~ 'model.risky' AND NOT (SELECT mended FROM model.run) THEN ' AND l.payload->>''r'' IS DISTINCT FROM ''oops''' END,
    (SELECT format(' AND NOT pg_visible_in_snapshot(l.txid, %L)', snapshot) FROM model.since s WHERE s.name = projection)) $$;

-- One statement that returns the projections that differ from their oracles, of these.
-- At times only a part of one is read, by a condition on a column.
CREATE FUNCTION model.check_sql(names text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found record; parts text[] = '{}'; place int; condition text;
BEGIN
  FOR found IN SELECT q.* FROM model.query q JOIN pganalytics_data.projection p ON p.relation = to_regclass('public.' || q.name)
      JOIN pganalytics_data.generation g ON g.id = p.generation AND g.query = q.query WHERE q.name = ANY (names) ORDER BY q.name LOOP
    condition := NULL;
    place := 1 + model.upto(cardinality(found.columns));
    IF model.chance(0.15) AND found.compared[place] !~ 'round' THEN
      EXECUTE format('SELECT format('' WHERE x.%1$s = %%L::%%s'', x.%1$s, pg_typeof(x.%1$s)) FROM public.%2$I x WHERE x.%1$s IS NOT NULL AND pg_typeof(x.%1$s)::text <> ''interval'' ORDER BY x.%1$s::text COLLATE "C" OFFSET %3$s LIMIT 1',
        found.columns[place], found.name, model.upto(4)) INTO condition;
    END IF;
    parts := parts || format('SELECT %L AS projection, count(*) AS wrong, (array_agg(d::text))[:6] AS rows FROM (WITH p AS MATERIALIZED (SELECT %s FROM public.%I x%s), o AS MATERIALIZED (SELECT %2$s FROM (%5$s) x%4$s) SELECT ''found'' AS side, a.* FROM (TABLE p EXCEPT ALL TABLE o) a UNION ALL SELECT ''expected'', a.* FROM (TABLE o EXCEPT ALL TABLE p) a) d',
      found.name, array_to_string(found.compared, ', '), found.name, condition, replace(found.oracle, '{log}', model.log_of(found.name, found.oracle)));
  END LOOP;
  RETURN CASE WHEN parts = '{}' THEN 'SELECT WHERE false;'
    ELSE format('SELECT * FROM (%s) c WHERE wrong > 0;', array_to_string(parts, ' UNION ALL ')) END;
END $$;

CREATE FUNCTION model.names() RETURNS text[] LANGUAGE sql AS $$ SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM model.projection WHERE is_there $$;
CREATE FUNCTION model.some_of(names text[], n int) RETURNS text[] LANGUAGE sql AS
  $$ SELECT coalesce(array_agg(name), '{}') FROM (SELECT name FROM unnest(names) name ORDER BY random() LIMIT n) s $$;

-- A new transaction or the end of one.
CREATE FUNCTION model.became(who text, now text) RETURNS void LANGUAGE sql AS $$
  UPDATE model.session SET state = now, had_read = CASE now WHEN 'prepared' THEN had_read ELSE '{}' END, unseen = '{}', transactions = transactions + (state = 'idle')::int WHERE name = who $$;
CREATE FUNCTION model.reads(who text, names text[]) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  SELECT coalesce(array_agg(n), '{}') INTO names FROM unnest(names) n WHERE n <> ALL ((SELECT unseen FROM model.session s WHERE s.name = who)::text[]);
  UPDATE model.session SET had_read = had_read || names WHERE name = who;
  RETURN names;
END $$;

-- An append of so many random events, remembered so that it can be sent again.
CREATE FUNCTION model.an_append(who text, n int, bad int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r model.run; seed int = 1 + model.upto(1000000000); first int;
BEGIN
  SELECT * INTO r FROM model.run;
  first := CASE WHEN model.chance(0.3) THEN model.upto(greatest(r.step, 1)) ELSE r.step END;
  IF who = 'm' THEN UPDATE model.run SET appended = ARRAY[seed, n, first, bad]; END IF;
  IF who NOT IN ('m', 'u') THEN who := who || (SELECT transactions FROM model.session s WHERE s.name = who) || '_'; END IF;
  RETURN model.append(seed, n, who, first, 6, bad);
END $$;

CREATE FUNCTION model.record_query(projection text, spec jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE w record;
BEGIN
  SELECT * INTO w FROM model.write(spec);
  UPDATE model.projection SET next = record_query.spec WHERE name = record_query.projection;
  INSERT INTO model.query VALUES (projection, w.query, w.oracle, w.columns, w.compared) ON CONFLICT DO NOTHING;
  RETURN w.query;
END $$;

-- What PostgreSQL said to a create or replace.
CREATE FUNCTION model.outcome(what text, of text, state text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO model.tally VALUES (what, state);
  IF state = '00000' THEN UPDATE model.projection SET spec = next WHERE name = of; END IF;
  IF what = 'create' THEN UPDATE model.projection SET is_there = state = '00000' WHERE name = of; END IF;
  RETURN state IN ('00000', '0A000', '42P22');
END $$;

CREATE FUNCTION model.next_step() RETURNS TABLE (who text, kind text, action text) LANGUAGE plpgsql AS $$
DECLARE
  r model.run; s model.session; p text; spec jsonb; what text; n int; all_names text[] = model.names(); q text;
BEGIN
  UPDATE model.run SET step = step + 1 RETURNING * INTO r;
  n := model.pick('1', '2', '4', '20', '20', '60', '60', '300')::int;
  what := model.pick('append', 'append', 'append', 'block', 'writer', 'writer', 'writer', 'writer', 'reader', 'reader', 'refresh', 'refresh', 'refresh_all', 'maintain', 'maintain',
    'pause', 'rebuild', 'replace', 'replace', 'recreate', 'bad', 'bad', 'retry', 'mend', 'settings', 'goods', 'again', 'own_fold', 'own_fold', 'race', 'race');
  IF r.alone AND what IN ('writer', 'bad', 'race', 'mend') THEN what := model.pick('append', 'block', 'own_fold', 'again'); END IF;
  IF cardinality(all_names) < 4 THEN what := 'recreate'; END IF;
  p := (model.some_of(all_names, 1))[1];
  INSERT INTO model.tally VALUES ('step', what);

  -- What takes the view for itself would wait for whoever has read it.
  q := model.pick('refresh', 'refresh', 'refresh', 'rebuild', 'maintain');
  IF what IN ('rebuild', 'replace') OR what = 'race' AND q = 'rebuild' THEN
    FOR s IN SELECT * FROM model.session x WHERE x.state <> 'idle' AND p = ANY (x.had_read) ORDER BY x.name LOOP
      PERFORM model.became(s.name, 'idle');
      RETURN QUERY SELECT CASE s.state WHEN 'open' THEN s.name ELSE 'm' END, 'do', 'COMMIT' || CASE s.state WHEN 'open' THEN ';' ELSE format(' PREPARED %L;', s.name) END;
    END LOOP;
  END IF;
  kind := 'do'; who := 'm';
  CASE what
    WHEN 'append' THEN action := model.an_append('m', n); RETURN NEXT;
    WHEN 'bad' THEN action := model.an_append('m', n, model.pick('3', '3', '30')::int); RETURN NEXT;
    WHEN 'again' THEN
      IF r.appended <> '{}' THEN action := model.append(r.appended[1], r.appended[2], 'm', r.appended[3], 6, r.appended[4]); RETURN NEXT; END IF;
    WHEN 'block', 'own_fold' THEN
      action := 'BEGIN;'; RETURN NEXT;
      action := model.an_append('m', n); RETURN NEXT;
      IF what = 'own_fold' THEN action := format('SELECT pganalytics.refresh_projection(''public.%s'');', p); RETURN NEXT; END IF;
      action := 'SAVEPOINT a;'; RETURN NEXT;
      action := model.an_append('m', 5); RETURN NEXT;
      IF what = 'own_fold' AND model.chance(0.5) THEN action := format('SELECT pganalytics.refresh_projection(''public.%s'');', p); RETURN NEXT; END IF;
      kind := 'check'; action := ARRAY[p]; RETURN NEXT; kind := 'do';
      action := model.pick('ROLLBACK TO a;', 'ROLLBACK TO a;', 'RELEASE a;'); RETURN NEXT;
      action := model.an_append('m', 3); RETURN NEXT;
      IF r.alone AND model.chance(0.5) THEN action := 'SET CONSTRAINTS ALL IMMEDIATE;'; RETURN NEXT; END IF;
      kind := 'check'; action := all_names; RETURN NEXT; kind := 'do';
      action := model.pick('COMMIT;', 'COMMIT;', 'ROLLBACK;'); RETURN NEXT;
    WHEN 'writer' THEN
      who := model.pick('v', 'w');
      SELECT * INTO s FROM model.session x WHERE x.name = who;
      IF s.state = 'prepared' THEN
        PERFORM model.became(who, 'idle');
        action := format('%s PREPARED ''%s'';', model.pick('COMMIT', 'COMMIT', 'ROLLBACK'), who); who := 'm'; RETURN NEXT;
      ELSIF s.state = 'idle' THEN
        PERFORM model.became(who, 'open');
        action := 'BEGIN;'; RETURN NEXT;
        action := model.an_append(who, n, model.pick('0', '0', '5')::int); RETURN NEXT;
      ELSE CASE model.pick('append', 'savepoint', 'check', 'commit', 'commit', 'rollback', 'prepare')
        WHEN 'append' THEN action := model.an_append(who, n); RETURN NEXT;
        WHEN 'savepoint' THEN
          action := 'SAVEPOINT a;'; RETURN NEXT;
          action := model.an_append(who, 7); RETURN NEXT;
          action := model.pick('ROLLBACK TO a;', 'RELEASE a;'); RETURN NEXT;
          action := model.an_append(who, 2); RETURN NEXT;
        WHEN 'check' THEN kind := 'check'; action := model.reads(who, ARRAY[p]); RETURN NEXT; kind := 'do';
        WHEN 'commit' THEN PERFORM model.became(who, 'idle'); action := 'COMMIT;'; RETURN NEXT;
        WHEN 'rollback' THEN PERFORM model.became(who, 'idle'); action := 'ROLLBACK;'; RETURN NEXT;
        ELSE PERFORM model.became(who, 'prepared'); action := format('PREPARE TRANSACTION ''%s'';', who); RETURN NEXT;
      END CASE; END IF;
    WHEN 'reader' THEN
      SELECT * INTO s FROM model.session x WHERE x.name = 'r';
      who := 'r';
      IF s.state = 'idle' THEN
        PERFORM model.became('r', 'open');
        action := model.pick('BEGIN ISOLATION LEVEL REPEATABLE READ;', 'BEGIN ISOLATION LEVEL REPEATABLE READ;', 'BEGIN ISOLATION LEVEL SERIALIZABLE;'); RETURN NEXT;
        action := CASE WHEN r.alone OR model.chance(0.5) THEN 'SELECT FROM public.goods;' ELSE model.an_append('r', 5) END; RETURN NEXT;
      ELSE
        IF NOT r.alone AND model.chance(0.5) THEN action := model.an_append('r', 5); RETURN NEXT; END IF;
        kind := 'check'; action := model.reads('r', all_names); RETURN NEXT; kind := 'do';
        PERFORM model.became('r', 'idle');
        action := model.pick('COMMIT;', 'ROLLBACK;'); RETURN NEXT;
      END IF;
    WHEN 'race' THEN
      action := model.an_append('m', 300); RETURN NEXT;
      kind := 'start';
      action := CASE q WHEN 'maintain' THEN 'CALL pganalytics.run_maintenance();' ELSE format('SELECT pganalytics.%s_projection(''public.%s'');', q, p) END; RETURN NEXT;
      who := 'u'; kind := 'do';
      FOR i IN 1..2 + model.upto(8) LOOP action := model.an_append('u', 1); RETURN NEXT; END LOOP;
      who := 'm'; kind := 'await'; action := ''; RETURN NEXT;
    WHEN 'refresh' THEN action := format('SELECT pganalytics.refresh_projection(''public.%s'');', p); RETURN NEXT;
    WHEN 'refresh_all' THEN FOREACH p IN ARRAY all_names LOOP action := format('SELECT pganalytics.refresh_projection(''public.%s'');', p); RETURN NEXT; END LOOP;
    WHEN 'maintain' THEN
      IF model.chance(0.7) THEN action := 'SELECT pganalytics.roll_segment(''public.events'');'; RETURN NEXT; END IF;
      action := 'CALL pganalytics.run_maintenance();'; RETURN NEXT;
    WHEN 'pause' THEN action := format('SELECT pganalytics.%s_projection(''public.%s'');', model.pick('pause', 'resume'), p); RETURN NEXT;
    WHEN 'rebuild' THEN action := format('SELECT pganalytics.rebuild_projection(''public.%s'');', p); RETURN NEXT;
    WHEN 'replace' THEN
      SELECT x.spec INTO spec FROM model.projection x WHERE x.name = p;
      spec := model.another(spec);
      action := format('SET TimeZone = %L;', spec->>'zone'); RETURN NEXT;
      kind := 'replace ' || p; action := format('SELECT pganalytics.replace_projection(''public.%s'', %L);', p, model.record_query(p, spec)); RETURN NEXT;
    WHEN 'recreate' THEN
      SELECT name INTO p FROM (SELECT 'p' || i AS name FROM generate_series(1, 5) i) c WHERE NOT c.name = ANY (all_names) ORDER BY 1 LIMIT 1;
      IF p IS NULL OR model.chance(0.1) AND all_names <> '{}' THEN
        p := coalesce((SELECT c.n FROM unnest(all_names) c (n) WHERE NOT EXISTS (SELECT FROM model.session x WHERE x.state <> 'idle' AND c.n = ANY (x.had_read)) ORDER BY random() LIMIT 1), '');
        IF p = '' THEN RETURN; END IF;
        action := format('SELECT pganalytics.drop_projection(''public.%s'');', p); RETURN NEXT;
      END IF;
      spec := model.a_projection();
      DELETE FROM model.query x WHERE x.name = p;
      DELETE FROM model.since x WHERE x.name = p;
      DELETE FROM model.projection x WHERE x.name = p;
      INSERT INTO model.projection VALUES (p);
      UPDATE model.session SET unseen = unseen || p;
      action := format('SET TimeZone = %L;', spec->>'zone'); RETURN NEXT;
      n := model.upto(8);
      IF n = 0 THEN action := format('INSERT INTO model.since VALUES (%L, pg_current_snapshot());', p); RETURN NEXT; END IF;
      kind := 'create ' || p; action := format('SELECT pganalytics.create_projection(''public.%s'', %L, mode => %L, with_data => %L);', p, model.record_query(p, spec),
        CASE WHEN r.alone THEN model.pick('inline', 'inline', 'async') ELSE 'async' END, n <> 0); RETURN NEXT;
    WHEN 'retry' THEN action := format('SELECT pganalytics.retry_dead_letters(''public.%s'');', p); RETURN NEXT;
    WHEN 'mend' THEN
      IF r.step < 20 OR r.mended OR EXISTS (SELECT FROM pganalytics_data.projection WHERE successor IS NOT NULL) THEN RETURN; END IF;
      FOR s IN SELECT * FROM model.session x WHERE x.state = 'open' AND x.name = 'r' LOOP
        PERFORM model.became(s.name, 'idle');
        who := 'r'; action := 'COMMIT;'; RETURN NEXT; who := 'm';
      END LOOP;
      UPDATE model.run SET mended = true;
      action := 'CREATE OR REPLACE FUNCTION model.risky(text) RETURNS int IMMUTABLE LANGUAGE sql AS $f$ SELECT CASE WHEN $1 <> ''oops'' THEN $1::int END $f$;'; RETURN NEXT;
      FOREACH p IN ARRAY all_names LOOP action := format('SELECT pganalytics.retry_dead_letters(''public.%s'');', p); RETURN NEXT; END LOOP;
    WHEN 'settings' THEN
      who := model.pick('m', 'r');
      action := model.pick('SET TimeZone = ''Asia/Kathmandu'';', 'SET TimeZone = ''America/New_York'';', 'SET DateStyle = ''German, DMY'';', 'SET IntervalStyle = sql_standard;', 'SET search_path = '''';',
        'SET search_path = pganalytics, model;', 'SET enable_hashagg = off;', 'SET enable_hashjoin = off; ', 'SET enable_nestloop = off;', 'SET enable_sort = off;', 'SET enable_indexscan = off;',
        'SET enable_seqscan = off;', 'SET work_mem = ''64kB'';', 'SET plan_cache_mode = force_generic_plan;', 'SET plan_cache_mode = force_custom_plan;', 'SET force_parallel_mode = on;', 'RESET ALL;', 'RESET ALL;'); RETURN NEXT;
      IF model.chance(0.3) THEN action := 'SET parallel_setup_cost = 0;'; RETURN NEXT; action := 'SET parallel_tuple_cost = 0;'; RETURN NEXT; action := 'SET min_parallel_table_scan_size = 0;'; RETURN NEXT; END IF;
    WHEN 'goods' THEN action := format('INSERT INTO public.goods VALUES (''c%s'', ''new'', %1$s);', 1000 + r.step); RETURN NEXT;
  END CASE;

  -- After each step: all of them as of now, some as of before.
  who := 'm'; kind := 'check'; action := model.names(); RETURN NEXT;
  IF r.step % 4 = 0 AND what <> 'recreate' THEN
    kind := 'verify'; action := format('SELECT %L, * FROM pganalytics.verify_projection(''public.%s'');', p, p); RETURN NEXT; kind := 'check';
  END IF;
  SELECT * INTO s FROM model.session x WHERE x.name = 'r';
  IF s.state = 'open' AND model.chance(0.7) THEN
    who := 'r'; action := model.reads('r', model.some_of(model.names(), 2)); RETURN NEXT;
  END IF;
END $$;
