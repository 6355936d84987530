-- Random projections. A query is written once, with «definition¦oracle» where the two
-- differ: the projection is created with the one and compared with the other, which is
-- plain SQL over the log and depends on no setting of the session.

-- One side of such a text: 1 or 2.
CREATE FUNCTION model.side(text, side int) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT regexp_replace($1, '«([^¦»]*)¦([^»]*)»', '\' || side, 'g') $$;

-- FROM, by name. What is not of the events is e, g, i, t or w with a point.
CREATE FUNCTION model.source(name text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT '«public.events¦{log}» e' || CASE name
  WHEN 'plain' THEN ''
  WHEN 'join' THEN ' JOIN public.goods g ON g.code = e.code'
  WHEN 'left' THEN ' LEFT JOIN public.goods g ON g.code = e.code'
  WHEN 'where' THEN ' LEFT JOIN public.goods g ON g.code = e.code AND g.weight >= e.qty'
  WHEN 'items' THEN ', jsonb_array_elements(e.payload->''items'') AS i (item)'
  WHEN 'tags' THEN ' LEFT JOIN unnest(e.tags) AS t (tag) ON true'
  WHEN 'hop' THEN ', pganalytics.hop(e.occurred_at, ''6 hours'', ''2 hours'') AS w (win)'
  WHEN 'both' THEN ' CROSS JOIN jsonb_array_elements(e.payload->''items'') AS i (item) LEFT JOIN public.goods g ON g.code = e.code'
END $$;
CREATE FUNCTION model.others(name text) RETURNS text[] IMMUTABLE LANGUAGE sql AS $$ SELECT CASE name
  WHEN 'plain' THEN '{}' WHEN 'items' THEN '{i.item}' WHEN 'tags' THEN '{t.tag}' WHEN 'hop' THEN '{w.win}'
  WHEN 'both' THEN '{i.item,g.category,g.weight}' ELSE '{g.category,g.weight}' END::text[] $$;

CREATE FUNCTION model.a_number(other text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF 'g.weight' = ANY (other) AND model.chance(0.3) THEN RETURN 'g.weight'; END IF;
  IF 'i.item' = ANY (other) AND model.chance(0.3) THEN RETURN '(i.item->>''n'')::int'; END IF;
  RETURN model.pick('e.qty', 'e.qty', 'e.amount', 'e.amount', 'e.f', 'e.qty * 2 + 1', 'e.version', 'e.position % 7', 'length(e.code)', 'e.qty::smallint', 'e.amount * e.qty');
END $$;
CREATE FUNCTION model.a_value(other text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF other <> '{}' AND model.chance(0.3) THEN RETURN other[1 + model.upto(cardinality(other))]; END IF;
  RETURN model.pick('e.code', 'e.name', 'e.name COLLATE "C"', 'e.mood', 'e.amount', 'e.qty', 'e.f', 'e.occurred_at', 'e.took', 'e.tags', 'e.flag',
    'e.aggregate_id', 'e.event_type', 'e.payload->''items''', 'e.seen_at');
END $$;
CREATE FUNCTION model.a_condition(other text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF 'g.weight' = ANY (other) AND model.chance(0.3) THEN RETURN model.pick('g.weight > 1', 'g.category = ''food''', 'g.weight IS NULL'); END IF;
  RETURN model.pick('e.qty > 3', 'e.flag', 'e.event_type = ''a''', 'e.event_type <> ''b''', 'e.mood > ''calm''', 'e.amount IS NOT NULL', 'e.code LIKE ''c%''',
    'e.name = ''ANN''', 'e.occurred_at >= timestamptz ''2024-03-31 00:00Z''', 'e.f < 10', '''a'' = ANY (e.tags)', 'e.qty IN (1, 2, 5)');
END $$;
CREATE FUNCTION model.a_key(other text[], zone text, is_session boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE key text;
BEGIN
  IF other <> '{}' AND model.chance(0.5) THEN
    key := other[1 + model.upto(cardinality(other))];
    RETURN CASE key WHEN 'i.item' THEN 'i.item->>''sku''' ELSE key END;
  END IF;
  IF NOT is_session AND model.chance(0.1) THEN RETURN model.pick('unnest(e.tags)', 'jsonb_array_elements(e.payload->''items'')->''sku''', 'generate_series(1, e.qty % 3)'); END IF;
  RETURN model.pick('e.aggregate_id', 'e.event_type', 'e.code', 'e.name', 'e.name COLLATE "C"', 'e.mood', 'e.amount', 'e.qty', 'e.f', 'e.flag', 'e.took', 'e.tags',
    'e.payload->''items''', 'e.amount + 1', 'upper(e.code)', 'pganalytics.tumble(e.occurred_at, ''6 hours'')', 'pganalytics.tumble(e.seen_at, ''1 day'')', 'pganalytics.tumble(e.occurred_at, ''1 day'', ''Australia/Lord_Howe'')',
    'model.risky(e.payload->>''r'')', format('date_trunc(''day'', e.occurred_at«¦, %L»)', zone), format('«e.occurred_at::date¦(e.occurred_at AT TIME ZONE %L)::date»', zone),
    format('to_char(e.occurred_at«¦ AT TIME ZONE %L», ''DD HH24'')', zone), 'date_trunc(''hour'', e.seen_at)', 'numrange(e.qty, NULL)');
END $$;

-- One aggregate, or an expression over some. ~ before it: to be compared by its first digits.
CREATE FUNCTION model.an_aggregate(other text[], is_session boolean, depth int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  condition text = model.a_condition(other);
  filter text = CASE WHEN model.chance(0.3) THEN format(' FILTER (WHERE %s)', condition) ELSE '' END;
  x text = model.a_value(other);
  n text = model.a_number(other);
  kind int = model.upto(CASE WHEN depth > 0 THEN 18 ELSE 23 END);
  -- Of an event that gives several rows all are the same.
  value text = replace(model.a_value('{}'), 'e.tags', 'e.recorded_at');
  sorted_by text = model.pick('e.occurred_at', 'e.occurred_at', 'e.qty', 'e.amount', 'e.code COLLATE "C"', 'e.f', 'e.mood', 'e.seen_at', 'e.took', 'e.name', 'e.position');
  side text = model.pick('first', 'last');
BEGIN
  CASE
    WHEN kind < 2 THEN RETURN 'count(*)' || filter;
    WHEN kind < 3 THEN RETURN format('count(%s)%s', x, filter);
    WHEN kind < 5 THEN RETURN format('sum(%s)%s', n, filter);
    WHEN kind < 6 THEN RETURN format('avg(%s)%s', n, filter);
    WHEN kind < 9 THEN
      IF x IN ('e.flag', 'e.payload->''items''', 'i.item') THEN x := 'e.took'; END IF;
      RETURN format('%s(%s)%s', model.pick('min', 'max'), x, filter);
    WHEN kind < 10 THEN RETURN format('%s(%s)%s', model.pick('bool_and', 'bool_or', 'every'), model.a_condition(other), filter);
    WHEN kind < 12 THEN RETURN CASE WHEN n = 'e.f' THEN '~' ELSE '' END || format('%s(%s)%s', model.pick('stddev', 'variance', 'var_pop', 'stddev_pop'), n, filter);
    WHEN kind < 13 THEN RETURN '~' || format('%s(e.f, e.qty)%s', model.pick('corr', 'covar_pop', 'regr_slope', 'regr_sxx', 'regr_avgx'), filter);
    WHEN kind < 14 THEN RETURN format('%s(e.qty)%s', model.pick('bit_or', 'bit_and', 'bit_xor'), filter);
    WHEN kind < 16 THEN
      -- (The collation of one would be that of the result.)
      IF sorted_by ~ 'code|name' AND value ~ 'code|name|_id|_type' THEN value := 'e.qty'; END IF;
      RETURN format('«pganalytics.%s(%s, %s)%s¦(array_agg(%2$s ORDER BY %3$s %5$s, e.position %5$s) FILTER (WHERE (%3$s) IS NOT NULL%6$s))[1]»', side, value, sorted_by, filter,
        CASE side WHEN 'last' THEN 'DESC' ELSE 'ASC' END, CASE WHEN filter <> '' THEN ' AND (' || condition || ')' ELSE '' END);
    WHEN kind < 17 THEN RETURN format('pganalytics.approx_count_distinct(%s)%s', CASE WHEN x ~ 'items|tags|item|win' THEN 'e.code' ELSE x END, filter);
    WHEN kind < 18 THEN RETURN CASE WHEN model.chance(0.5) THEN 'sum(model.risky(e.payload->>''r''))' ELSE format('avg(e.took)%s', filter) END;
    WHEN kind < 21 THEN
      IF is_session THEN RETURN 'min(e.position)'; END IF;
      RETURN CASE model.upto(6)
        WHEN 0 THEN format('sum(DISTINCT %s)%s', CASE WHEN n = 'e.f' THEN 'e.qty' ELSE n END, filter)
        WHEN 1 THEN format('array_agg(DISTINCT %s)%s', CASE WHEN x IN ('e.tags') THEN 'e.code' ELSE x END, filter)
        WHEN 2 THEN format('string_agg(DISTINCT %s, '', '')%s', model.pick('e.code', 'e.name', 'e.event_type', 'e.amount::text'), filter)
        WHEN 3 THEN format('avg(DISTINCT e.qty)%s', filter)
        ELSE format('count(DISTINCT %s)%s', x, filter) END;
    ELSE
      RETURN CASE model.upto(6)
        WHEN 0 THEN format('sum(e.amount)%s / nullif(count(e.amount)%1$s, 0)', filter)
        WHEN 1 THEN 'max(e.qty) - min(e.qty) + count(*)'
        WHEN 2 THEN format('CASE WHEN count(*) > 3 THEN max(e.code)%s ELSE ''few'' END', filter)
        WHEN 3 THEN format('coalesce(avg(e.amount)%s, 0) + stddev(e.qty)', filter)
        WHEN 4 THEN format('(%s) IS NOT NULL', ltrim(model.an_aggregate(other, is_session, 1), '~'))
        ELSE format('ARRAY[min(e.code)%s, max(e.code)]', filter) END;
  END CASE;
END $$;
CREATE FUNCTION model.a_having() RETURNS text LANGUAGE sql AS
  $$ SELECT CASE WHEN model.chance(0.25) THEN model.pick('count(*) > 2', 'sum(e.qty) > 10', 'max(e.occurred_at) > timestamptz ''2024-03-31 00:00Z''', 'bool_or(e.flag)',
       'count(e.amount) <> 1', 'stddev(e.qty) > 1', 'min(e.amount) < max(e.amount)') END $$;

-- A random projection: what it is made of.
CREATE FUNCTION model.a_projection() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  source text = model.pick('plain', 'plain', 'plain', 'join', 'left', 'where', 'items', 'tags', 'hop', 'both');
  other text[] = model.others(source);
  zone text = model.pick('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu');
  kind text = model.pick('groups', 'groups', 'groups', 'groups', 'session', 'session', 'rows', 'rows');
  keys text[] = '{}'; values text[] = '{}'; key text;
BEGIN
  FOR i IN 1..model.pick('0', '1', '1', '1', '2', '2', '3')::int LOOP
    key := model.a_key(other, zone, kind = 'session');
    IF NOT key = ANY (keys) AND NOT (key ~ 'unnest|series|_elements' AND array_to_string(keys, ' ') ~ 'unnest|series|_elements') THEN keys := keys || key; END IF;
  END LOOP;
  FOR i IN 1..1 + model.upto(6) LOOP
    values := values || CASE WHEN kind <> 'rows' THEN model.an_aggregate(other, kind = 'session')
      WHEN model.chance(0.2) THEN model.pick('model.risky(e.payload->>''r'')', 'e.event_id', 'e.position', 'e.qty * 2', 'upper(e.code) || ''!''')
      ELSE model.a_value(other) END;
  END LOOP;
  RETURN jsonb_build_object('source', source, 'zone', zone, 'kind', kind, 'keys', CASE WHEN kind = 'rows' THEN '{}' ELSE keys END, 'values', values,
    'shown', CASE WHEN kind = 'rows' THEN 0 ELSE greatest(0, cardinality(keys) - model.pick('0', '0', '0', '1')::int) END,
    'time', model.pick('e.occurred_at', 'e.occurred_at', 'e.seen_at'), 'gap', model.pick('20 minutes', '1 hour', '5 hours'),
    'where', CASE WHEN model.chance(0.3) THEN model.a_condition(other) END,
    'having', CASE WHEN kind <> 'rows' THEN model.a_having() END);
END $$;

-- Another query with the same columns, or one more.
CREATE FUNCTION model.another(spec jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE other text[] = model.others(spec->>'source');
BEGIN
  spec := spec || jsonb_build_object('where', CASE WHEN model.chance(0.5) THEN model.a_condition(other) END);
  IF spec->>'kind' = 'rows' THEN RETURN spec; END IF;
  spec := spec || jsonb_build_object('having', model.a_having(), 'gap', model.pick('20 minutes', '1 hour', '5 hours'));
  IF model.chance(0.3) THEN
    spec := jsonb_set(spec, '{keys}', spec->'keys' || to_jsonb(model.pick('e.event_type', 'e.qty', 'e.amount')));
  END IF;
  IF model.chance(0.5) THEN
    spec := jsonb_set(spec, '{values}', spec->'values' || to_jsonb(model.an_aggregate(other, spec->>'kind' = 'session')));
  END IF;
  RETURN spec;
END $$;

-- Its query, its oracle, and its columns as they are to be compared.
CREATE FUNCTION model.write(spec jsonb, OUT query text, OUT oracle text, OUT columns text[], OUT compared text[]) LANGUAGE plpgsql AS $$
DECLARE
  kind text = spec->>'kind'; at text = spec->>'time'; source text = model.source(spec->>'source');
  keys text[] = ARRAY(SELECT jsonb_array_elements_text(spec->'keys'));
  outputs text[] = keys[:(spec->>'shown')::int];
  value text; list text = ''; k text; condition text; inner_list text = '';
  range text = CASE at WHEN 'e.seen_at' THEN 'tsrange' ELSE 'tstzrange' END;
BEGIN
  columns := '{}'; compared := '{}';
  IF kind = 'session' THEN
    outputs := outputs || format('«pganalytics.session(%s, %L)¦%s(min(%1$s), max(%1$s), ''[]'')»', at, spec->>'gap', range);
  END IF;
  FOREACH value IN ARRAY outputs || ARRAY(SELECT jsonb_array_elements_text(spec->'values')) LOOP
    CONTINUE WHEN kind = 'rows' AND value IN ('e.event_id', 'e.position') AND substr(value, 3) = ANY (columns);
    columns := columns || CASE WHEN kind = 'rows' AND value IN ('e.event_id', 'e.position') THEN substr(value, 3) ELSE 'o' || cardinality(columns) + 1 END;
    compared := compared || CASE WHEN value LIKE '~%' THEN format('round((x.%s + 0.000000314159)::numeric, 6)', columns[cardinality(columns)])
                                 ELSE 'x.' || columns[cardinality(columns)] END;
    list := list || CASE WHEN list = '' THEN '' ELSE ', ' END || format('%s AS %s', ltrim(value, '~'), columns[cardinality(columns)]);
  END LOOP;
  query := format('SELECT %s FROM %s', list, source);
  IF kind = 'rows' THEN
    FOREACH k IN ARRAY '{event_id,position}'::text[] LOOP
      CONTINUE WHEN k = ANY (columns);
      columns := columns || k;
      compared := compared || ('x.' || k);
      query := replace(query, ' FROM «', format('«¦, e.%s» FROM «', k));
    END LOOP;
  END IF;
  condition := coalesce(' WHERE ' || (spec->>'where'), '');
  IF kind = 'session' THEN
    oracle := model.side(query, 2);
    oracle := left(oracle, strpos(oracle, ' FROM {log}'));
    -- Each row with the number of its session; what was joined goes by other names.
    FOREACH k IN ARRAY model.others(spec->>'source') LOOP inner_list := inner_list || format(', %s AS %s', k, replace(k, '.', '_')); END LOOP;
    SELECT coalesce('PARTITION BY ' || string_agg(model.side(part, 2), ', '), '') INTO value FROM unnest(keys) part;
    oracle := format('%s FROM (SELECT *, sum(opens::int) OVER (%s ORDER BY %s, position) AS session_number FROM (SELECT *, coalesce(%3$s - lag(%3$s) OVER (%2$s ORDER BY %3$s, position) > %L, true) AS opens FROM (SELECT e.*%s FROM %s%s) e WHERE %3$s IS NOT NULL) e) e GROUP BY %8$s%9$s',
      regexp_replace(oracle, '\m([gitw])\.(\w+)', 'e.\1_\2', 'g'), regexp_replace(value, '\m([gitw])\.(\w+)', 'e.\1_\2', 'g'), at, (spec->>'gap')::interval::text,
      inner_list, model.side(source, 2), condition, coalesce((SELECT string_agg(regexp_replace(model.side(part, 2), '\m([gitw])\.(\w+)', 'e.\1_\2', 'g') || ', ', '') FROM unnest(keys) part), '') || 'session_number',
      coalesce(' HAVING ' || (spec->>'having'), ''));
    keys := keys || format('pganalytics.session(%s, %L)', at, spec->>'gap');
  END IF;
  query := query || condition || coalesce(' GROUP BY ' || nullif(array_to_string(keys, ', '), ''), '') || coalesce(' HAVING ' || (spec->>'having'), '');
  oracle := coalesce(oracle, model.side(query, 2));
  query := model.side(query, 1);
END $$;
