#!/usr/bin/env bash
# The sessions of three real data sets (tests/data), compared with figures that other
# programs computed: those of sessions(), of sessionize() and of a projection. Events exactly
# 30 minutes apart are in one; where the figures split them, a gap a microsecond shorter does.
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/truth.sh"
load_truth

sql "CREATE FUNCTION figures(lengths interval[], events bigint[]) RETURNS jsonb LANGUAGE sql AS \$\$
  SELECT jsonb_build_object('sessions', count(*), 'mean_length_s', round(avg(s), 6), 'total_length_s', sum(s),
    'median_length_s', percentile_cont(0.5) WITHIN GROUP (ORDER BY s), 'max_length_s', max(s),
    'mean_events', round(avg(n), 6), 'single_event_sessions', count(*) FILTER (WHERE n = 1),
    'zero_length_sessions', count(*) FILTER (WHERE s = 0), 'max_events', max(n))
  FROM (SELECT extract(epoch FROM length) AS s, n FROM unnest(lengths, events) AS u (length, n)) s \$\$"

# Of which kind the figures are, and the gap that gives them.
for kind in 'gap_gt_30min 30:00' 'gap_ge_30min 29:59.999999'; do
  read -r key gap <<< "$kind"
  for pair in 'cdnow purchases' 'collegemsg messages' 'conlang_se activity'; do
    read -r data log <<< "$pair"
    known="(SELECT figures->'sessions'->'$key' FROM truth WHERE dataset = '$data')"
    now "$key of $data by sessions()" "SELECT figures(array_agg(length), array_agg(events)) = $known
      FROM pganalytics.sessions('$log', '00:$gap')"
    now "$key of $data by sessionize()" "SELECT figures(array_agg(length), array_agg(events)) = $known
      FROM (SELECT max(occurred_at) - min(occurred_at) AS length, count(*) AS events
            FROM (SELECT *, pganalytics.sessionize(occurred_at, '00:$gap') OVER (PARTITION BY aggregate_id ORDER BY occurred_at) AS session FROM $log) e
            GROUP BY aggregate_id, session) s"
    # By months, each session is in the month in which it begins.
    now "$key of $data month by month" "SELECT figures(array_agg(length), array_agg(events)) = $known
      FROM (SELECT date_trunc('month', min(occurred_at)) AS first, max(occurred_at) AS last FROM $log) l,
           generate_series(first, last, '1 month') AS month,
           pganalytics.sessions('$log', '00:$gap', month, month + interval '1 month')"
  done
done
for pair in 'collegemsg messages' 'conlang_se activity'; do
  read -r data log <<< "$pair"
  sql "SELECT pganalytics.create_projection('${log}_sessions', \$\$
    SELECT aggregate_id AS entity, pganalytics.session(occurred_at, '30 minutes') AS session, count(*) AS events
    FROM $log GROUP BY 1, 2 \$\$)" >/dev/null
  now "the projection of $data has the sessions of sessions()" "SELECT NOT EXISTS (
    (SELECT entity, tstzrange(\"start\", \"end\", '[]'), events FROM pganalytics.sessions('$log') EXCEPT ALL TABLE ${log}_sessions)
    UNION ALL (TABLE ${log}_sessions EXCEPT ALL SELECT entity, tstzrange(\"start\", \"end\", '[]'), events FROM pganalytics.sessions('$log')))"
  now "those of $data begin and end with these events" "SELECT NOT EXISTS (
    SELECT FROM pganalytics.sessions('$log') s
    WHERE first_event <> (SELECT event_type FROM $log e WHERE aggregate_id = entity AND occurred_at BETWEEN \"start\" AND \"end\" ORDER BY occurred_at, position LIMIT 1)
       OR last_event <> (SELECT event_type FROM $log e WHERE aggregate_id = entity AND occurred_at BETWEEN \"start\" AND \"end\" ORDER BY occurred_at DESC, position DESC LIMIT 1))"
done
