#!/usr/bin/env bash
# Cohorts, day-n retention, rolling offsets, actives and money of three real data sets,
# compared with the figures that other programs computed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/scripts/lib/psql.sh
source tests/scripts/lib/truth.sh
load_truth

sql "CREATE TABLE data (dataset text, log regclass);
     INSERT INTO data VALUES ('cdnow', 'purchases'), ('collegemsg', 'messages'), ('conlang_se', 'activity')"
same() { # what ours theirs
  now "$1" "WITH ours AS ($2), theirs AS ($3) SELECT (SELECT count(*) > 0 FROM theirs) AND NOT EXISTS (
      (TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours))"
}

# The file has no rows for weeks without anybody, the function none beyond its periods.
same "weekly cohorts" \
  "SELECT dataset, cohort::date AS week, period, retained FROM data, pganalytics.cohort_retention(log, periods => 8) WHERE retained > 0" \
  "SELECT dataset, week, \"offset\", entities FROM truth_cohorts WHERE \"offset\" <= 8 AND entities > 0"
same "the same, every week there is" \
  "SELECT dataset, cohort::date AS week, period, retained FROM data, pganalytics.cohort_retention(log, periods => 200) WHERE retained > 0" \
  "SELECT dataset, week, \"offset\", entities FROM truth_cohorts WHERE entities > 0"
same "weekly cohorts of the report, in order of their weeks" \
  "SELECT dataset, cohort::date::text AS week, size, jsonb_agg(retained ORDER BY period) AS retained
   FROM data JOIN truth USING (dataset), pganalytics.cohort_retention(log)
   WHERE figures->'weekly_cohorts' ? cohort::date::text GROUP BY 1, 2, 3" \
  "SELECT dataset, key, (value->>'size')::bigint, value->'retained_week_0_to_8' FROM truth, jsonb_each(figures->'weekly_cohorts')"
same "day-n retention" \
  "SELECT dataset, period, sum(retained) AS retained FROM data, pganalytics.cohort_retention(log, period => '1 day', periods => 30)
   WHERE period IN (1, 7, 30) GROUP BY 1, 2" \
  "SELECT dataset, substr(key, 2)::integer, value::numeric FROM truth, jsonb_each_text(figures->'classic_day_n_retention')"
same "rolling offsets of seven days" \
  "SELECT dataset, period, sum(retained) AS retained FROM data, pganalytics.cohort_retention(log, mode => 'rolling') GROUP BY 1, 2" \
  "SELECT dataset, place::integer - 1, value::numeric
   FROM truth, jsonb_array_elements_text(figures->'rolling_7day_offset_all_entities_0_to_8') WITH ORDINALITY AS v (value, place)"
same "active users of each day" \
  "SELECT dataset, period::date AS day, active FROM data, pganalytics.active_users(log) WHERE active > 0" \
  "SELECT dataset, day, entities FROM truth_daily WHERE entities > 0"
same "the first ten days, those without events too" \
  "SELECT dataset, period::date AS day, active FROM data, pganalytics.active_users(log, rolling => 30)
   WHERE (dataset, period::date::text) IN (SELECT dataset, value->>'day' FROM truth, jsonb_array_elements(figures->'daily_first10'))" \
  "SELECT dataset, (value->>'day')::date, (value->>'active_entities')::bigint FROM truth, jsonb_array_elements(figures->'daily_first10')"
same "everybody is new once" \
  "SELECT dataset, sum(new) AS entities FROM data, pganalytics.lifecycle(log, '1 day') GROUP BY 1" \
  "SELECT dataset, (figures->>'distinct_entities')::numeric FROM truth"
same "monthly cohorts" \
  "SELECT to_char(cohort, 'YYYY-MM') AS cohort, jsonb_agg(retained ORDER BY period) AS retained
   FROM pganalytics.cohort_retention('purchases', 'purchase', period => '1 month', periods => 17, as_of => '1998-07-01') GROUP BY 1" \
  "SELECT key, value || (SELECT coalesce(jsonb_agg(NULL::text), '[]') FROM generate_series(jsonb_array_length(value), 17))
   FROM truth, jsonb_each(figures->'monthly_cohorts_purchases') WHERE dataset = 'cdnow'"

# Money, from the same log.
same "revenue" \
  "SELECT sum((payload->>'amount')::numeric) AS revenue FROM purchases" \
  "SELECT (figures->>'amount_total')::numeric FROM truth WHERE dataset = 'cdnow'"
same "revenue of each month" \
  "SELECT to_char(occurred_at, 'YYYY-MM') AS month, sum((payload->>'amount')::numeric) AS revenue FROM purchases GROUP BY 1" \
  "SELECT key, value::numeric FROM truth, jsonb_each_text(figures->'amount_by_month') WHERE dataset = 'cdnow'"
same "best customers" \
  "SELECT aggregate_id, sum((payload->>'amount')::numeric) AS revenue FROM purchases GROUP BY 1 ORDER BY 2 DESC LIMIT 5" \
  "SELECT value->>0, (value->>1)::numeric FROM truth, jsonb_array_elements(figures->'top5_purchase_amount') WHERE dataset = 'cdnow'"
