#!/usr/bin/env bash
# What follows what in the three real data sets, beside what others computed.
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/truth.sh"

load_truth
sql "CREATE TABLE source (dataset text, event_table regclass)"
sql "INSERT INTO source VALUES ('cdnow', 'purchases'), ('collegemsg', 'messages'), ('conlang_se', 'activity')"

now "the pairs that are most common" "
  SELECT bool_and(found IS NOT DISTINCT FROM figures->'directly_follows_top12_by(ts,seq)') AND count(*) = 3
  FROM source JOIN truth USING (dataset), LATERAL (
    SELECT jsonb_agg(jsonb_build_array(this_event, next_event, occurrences)) AS found
    FROM (SELECT * FROM pganalytics.directly_follows(event_table, \"limit\" => NULL) WHERE next_event IS NOT NULL LIMIT 12) f) f"

now "the events of each entity, in their order" "
  SELECT bool_and(found = figures->>'md5_of_per_entity_type_sequence') AND count(*) = 3
  FROM source JOIN truth USING (dataset), LATERAL (
    SELECT md5(string_agg(entity || '|' || array_to_string(path, '>'), E'\n' ORDER BY entity COLLATE \"C\")) AS found
    FROM pganalytics.entity_paths(event_table)) p"

now "paths of two events begin with the pairs of first events, once for each entity" "
  SELECT bool_and(occurrences = entities AND share = round(occurrences / total, 4)) AND sum(occurrences) = max(total)
  FROM pganalytics.paths('activity', depth => 2, \"limit\" => NULL), (SELECT (figures->>'distinct_entities')::numeric AS total FROM truth WHERE dataset = 'conlang_se') t"

now "visits are the sessions" "
  SELECT bool_and(visits = (figures->'sessions'->'gap_gt_30min'->>'sessions')::bigint) AND count(*) = 3
  FROM source JOIN truth USING (dataset), LATERAL (
    SELECT count(*) AS visits FROM pganalytics.entity_paths(event_table, gap => '30 minutes')) p"
