# The real events of tests/data as event tables, and what other programs computed from
# them. Sourced only, after lib/psql.sh.

# Event tables purchases (23,570 customers), messages (1,899 students) and activity (271
# users); views over the figures: truth (dataset, figures jsonb), truth_cohorts (dataset,
# week, "offset", entities), truth_daily (dataset, day, events, entities).
load_truth() {
  cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
  psql -XAtq -v ON_ERROR_STOP=1 <<'SQL'
CREATE EXTENSION IF NOT EXISTS pg_analytics;
CREATE TABLE events_file (seq integer, entity_id text, event_type text, ts timestamptz, amount numeric, props jsonb, dataset text);
CREATE TABLE truth (dataset text, figures jsonb);
CREATE TABLE truth_cohorts (week date, "offset" integer, entities bigint, dataset text);
CREATE TABLE truth_daily (day date, events bigint, entities bigint, dataset text);
CREATE FUNCTION load(data text, event_table text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pganalytics.create_event_table(event_table, versions => 'optional', dedup_window => NULL);
    EXECUTE format('INSERT INTO %I (event_type, aggregate_id, occurred_at, payload)
        SELECT event_type, entity_id, ts, coalesce(props, ''{}'') || CASE WHEN amount IS NULL THEN ''{}'' ELSE jsonb_build_object(''amount'', amount) END
        FROM events_file WHERE dataset = %L ORDER BY seq', event_table, data);
END $$;
\copy events_file (seq, entity_id, event_type, ts, amount, props) FROM PROGRAM 'gzip -dc demo/cdnow.csv.gz' (FORMAT csv, HEADER)
UPDATE events_file SET dataset = 'cdnow' WHERE dataset IS NULL;
\copy events_file (seq, entity_id, event_type, ts, amount, props) FROM PROGRAM 'gzip -dc tests/data/collegemsg.csv.gz' (FORMAT csv, HEADER)
UPDATE events_file SET dataset = 'collegemsg' WHERE dataset IS NULL;
\copy events_file (seq, entity_id, event_type, ts, amount, props) FROM PROGRAM 'gzip -dc tests/data/conlang_se.csv.gz' (FORMAT csv, HEADER)
UPDATE events_file SET dataset = 'conlang_se' WHERE dataset IS NULL;
\copy truth_cohorts (week, "offset", entities) FROM PROGRAM 'gzip -dc tests/data/truth/cdnow_weekly_cohorts.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_cohorts SET dataset = 'cdnow' WHERE dataset IS NULL;
\copy truth_cohorts (week, "offset", entities) FROM PROGRAM 'gzip -dc tests/data/truth/collegemsg_weekly_cohorts.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_cohorts SET dataset = 'collegemsg' WHERE dataset IS NULL;
\copy truth_cohorts (week, "offset", entities) FROM PROGRAM 'gzip -dc tests/data/truth/conlang_se_weekly_cohorts.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_cohorts SET dataset = 'conlang_se' WHERE dataset IS NULL;
\copy truth_daily (day, events, entities) FROM PROGRAM 'gzip -dc tests/data/cdnow_daily.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_daily SET dataset = 'cdnow' WHERE dataset IS NULL;
\copy truth_daily (day, events, entities) FROM PROGRAM 'gzip -dc tests/data/truth/collegemsg_daily.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_daily SET dataset = 'collegemsg' WHERE dataset IS NULL;
\copy truth_daily (day, events, entities) FROM PROGRAM 'gzip -dc tests/data/conlang_se_daily.csv.gz' (FORMAT csv, HEADER)
UPDATE truth_daily SET dataset = 'conlang_se' WHERE dataset IS NULL;
DO $$ BEGIN
    PERFORM load('cdnow', 'purchases'), load('collegemsg', 'messages'), load('conlang_se', 'activity');
END $$;
ANALYZE;
SQL
  local name
  for name in cdnow collegemsg conlang_se; do
    psql -XAtq -v ON_ERROR_STOP=1 -v dataset="$name" -v figures="$(cat "tests/data/truth/$name.json")" \
      <<< "INSERT INTO truth VALUES (:'dataset', :'figures');"
  done
}
