#!/usr/bin/env bash
# The secret that states are sealed with is not shown to the session whose projection has
# it made, however much that session has PostgreSQL print of its plans.
set -euo pipefail

psql -Xqc 'CREATE EXTENSION pg_analytics'
shown=$(psql -Xq 2>&1 <<'SQL'
SELECT pganalytics.create_event_table('events');
SET debug_print_parse = on;
SET debug_print_rewritten = on;
SET debug_print_plan = on;
SET client_min_messages = debug5;
SELECT pganalytics.create_projection('deviations', 'SELECT stddev(version) AS s FROM events');
SQL
)
grep -q 'LOG:  plan' <<< "$shown" || { echo "nothing was printed"; exit 1; }

# As text, and byte by byte as plans have it.
key=$(psql -XAtqc 'SELECT key FROM pganalytics_data.state_key')
bytes=$(psql -XAtqc "SELECT string_agg(CASE WHEN b > 127 THEN b - 256 ELSE b END::text, ' ' ORDER BY i)
    FROM pganalytics_data.state_key, generate_series(0, 15) i, LATERAL (SELECT get_byte(uuid_send(key), i) AS b) _")
text=$(psql -XAtqc "SELECT string_agg(ascii(c)::text, ' ' ORDER BY i)
    FROM pganalytics_data.state_key, string_to_table(key::text, NULL) WITH ORDINALITY AS t(c, i)")
# Lines are broken anywhere.
flat=$(tr -d '[:space:]' <<< "$shown")
for secret in "$key" "$bytes" "$text"; do
  if grep -qF -e "${secret// /}" <<< "$flat"; then
    echo "the session has seen the key"
    exit 1
  fi
done
