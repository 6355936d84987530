#!/usr/bin/env bash
# Runs the ```sql blocks of README.md in order, in one psql session. A block after
# a line <!-- error: SQLSTATE --> must fail with that SQLSTATE, all others must not.
set -euo pipefail

readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md
[ -e "$readme" ] || { echo "there is no README.md"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each block becomes: its line and the SQLSTATE to come, the SQL, the SQLSTATE that came.
awk '
  /^<!-- error: / { expect = $3 }
  /^```/ && inside { inside = 0; print ";\n\\echo @@ end :LAST_ERROR_SQLSTATE"; next }
  /^```sql *$/ {
    inside = 1
    state = expect ? expect : "00000"
    expect = ""
    print "\\set LAST_ERROR_SQLSTATE 00000\n\\set ON_ERROR_STOP " (state == "00000" ? "on" : "off")
    print "\\echo @@ block " NR " " state
    next
  }
  inside
' "$readme" > "$work/blocks.sql"

grep -q '^\\echo @@ block' "$work/blocks.sql" || { echo "README.md has no sql blocks"; exit 1; }

status=0
psql -X -v VERBOSITY=verbose -f "$work/blocks.sql" > "$work/out" 2>&1 || status=$?

bad=$(awk '
  /^@@ block / { line = $3; want = $4; open = 1 }
  /^@@ end / { open = 0; if ($3 != want) { print line, want, $3; exit } }
  END { if (open) print line, want, "an error" }
' "$work/out")

if [ -n "$bad" ] || [ "$status" != 0 ]; then
  read -r line want got <<< "${bad:-0 - -}"
  echo "README.md, block at line $line: expected SQLSTATE $want, got $got"
  awk -v start="$line" 'NR > start { if (/^```/) exit; print "    " $0 }' "$readme"
  sed -n "/^@@ block $line /,/^@@ end/p" "$work/out" | grep -v '^@@'
  exit 1
fi
echo "$(grep -c '^@@ end' "$work/out") blocks of README.md ran"
