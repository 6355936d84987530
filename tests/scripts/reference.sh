#!/usr/bin/env bash
# docs/reference.md lists what there is, and nothing else: functions, views, types and SQLSTATEs;
# docs/operations.md the settings. Support functions say in their comments that they are some.
set -euo pipefail
source "$(dirname "$0")/lib/psql.sh"
cd "$(dirname "$0")/../.."

reference=docs/reference.md
failed=0

sql "CREATE EXTENSION pg_analytics"

missing() { echo "FAILED: $1"; failed=1; }

# What the documentation must have: a name in backticks, and what follows it there.
listed() { # page after names
  local name
  for name in $3; do
    grep -qF "\`$name$2" "$1" || missing "$1 lacks $name"
  done
}

functions=$(sql "SELECT DISTINCT p.proname FROM pg_proc p LEFT JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
  WHERE p.pronamespace = 'pganalytics'::regnamespace
    AND coalesce(d.description, '') !~ '^(internal: |I/O|hash|implementation of |aggregate (inverse )?(transition|combine|final|serialize|deserialize) function)' ORDER BY 1")
views=$(sql "SELECT relname FROM pg_class WHERE relnamespace = 'pganalytics'::regnamespace AND relkind = 'v'")
types=$(sql "SELECT typname FROM pg_type t WHERE typnamespace = 'pganalytics'::regnamespace AND typcategory <> 'A'
  AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'v')")
settings=$(sql "SELECT name FROM pg_settings WHERE name LIKE 'pganalytics.%'")
states=$(grep -rh -A30 'fn sqlstate' crates/core/src | grep -oE '"[0-9A-Z]{5}"' | tr -d '"' | sort -u)
for list in "$functions" "$views" "$types" "$settings" "$states"; do
  [ "$(wc -w <<< "$list")" -gt 2 ] || die "finds too little: $list"
done

listed $reference '(' "$functions"
listed $reference '`' "$views $types $states"
listed docs/operations.md '`' "$settings"

# A name with arguments in the tables of the reference is a function.
for name in $(grep -oE '`[a-z_0-9]+\(' $reference | tr -d '`(' | sort -u); do
  grep -qx "$name" <<< "$functions" || missing "$reference has $name, which is no function"
done
exit "$failed"
