#!/usr/bin/env bash
# Runs the ```sql blocks of README.md and of each file of docs/, in order, each file in one
# psql session and a database of its own. A block after a line <!-- error: SQLSTATE --> must
# fail with that SQLSTATE, all others must not. And follows the links of every page.
set -euo pipefail

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Each block becomes: its line and the SQLSTATE to come, the SQL, the SQLSTATE that came.
blocks() { # file
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
  ' "$1"
}

roles() { psql -XAtqc "SELECT quote_ident(rolname) FROM pg_roles ORDER BY 1"; }

run_page() { # file
  local status=0 bad line want got role database
  database=page_$(basename "$1" .md | tr -c 'A-Za-z\n' _)
  blocks "$1" > "$work/blocks.sql"
  grep -q '^\\echo @@ block' "$work/blocks.sql" || return 0
  roles > "$work/roles"
  createdb "$database"
  psql -X -d "$database" -v VERBOSITY=verbose -f "$work/blocks.sql" > "$work/out" 2>&1 || status=$?
  dropdb --force "$database"
  for role in $(roles | comm -13 "$work/roles" -); do psql -Xqc "DROP ROLE $role"; done
  bad=$(awk '
    /^@@ block / { line = $3; want = $4; open = 1 }
    /^@@ end / { open = 0; if ($3 != want) { print line, want, $3; exit } }
    END { if (open) print line, want, "an error" }
  ' "$work/out")
  if [ -n "$bad" ] || [ "$status" != 0 ]; then
    read -r line want got <<< "${bad:-0 - -}"
    echo "$1, block at line $line: expected SQLSTATE $want, got $got"
    awk -v start="$line" 'NR > start { if (/^```/) exit; print "    " $0 }' "$1"
    sed -n "/^@@ block $line /,/^@@ end/p" "$work/out" | grep -v '^@@'
    failed=1
    return
  fi
  echo "$(grep -c '^@@ end' "$work/out") blocks of $1 ran"
}

# The names that a page's headings have in links to them.
anchors() { # file
  awk '/^```/ { inside = !inside } !inside && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
    tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-'
}

check_links() { # file
  local target path
  for target in $(awk '/^```/ { inside = !inside } !inside' "$1" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | sort -u); do
    [[ $target == *://* ]] && continue
    path=$(dirname "$1")/${target%%#*}
    [[ $target == '#'* ]] && path=$1
    if [ ! -e "$path" ]; then
      echo "$1: there is no $target"; failed=1
    elif [[ $target == *'#'* ]] && ! anchors "$path" | grep -qxF -- "${target#*#}"; then
      echo "$1: $path has no heading #${target#*#}"; failed=1
    fi
  done
}

for page in README.md docs/*.md; do run_page "$page"; done
for page in *.md docs/*.md tests/README.md tests/data/README.md demo/README.md; do check_links "$page"; done
# Whoever reads the README finds every page.
for page in docs/*.md; do
  grep -qF "]($page" README.md || { echo "README.md has no link to $page"; failed=1; }
done
exit "$failed"
