#!/usr/bin/env bash
# Runs the ```sql blocks of README.md and of each file of docs/, in order, each file in one
# psql session and a database of its own. A block after a line <!-- error: SQLSTATE --> must
# fail with that SQLSTATE, all others must not. A block without a language that comes next is
# what psql prints. And follows the links of every page.
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

# Where what a page shows after a block is not what came: the two arguments of awk are the page
# and the output of its blocks. Spaces at the ends of lines, empty lines and what is printed
# before and after do not count.
unlike() { # file output
  awk '
    { sub(/[ \t]+$/, "") }
    FNR == NR && /^```/ {
      if (inside) inside = ""
      else if ($0 == "```sql") { inside = "sql"; block = FNR }
      else { inside = $0 == "```" && block ? "printed" : "other"; at = block; block = 0 }
      next
    }
    FNR == NR { if (inside == "printed" && NF) want[at] = want[at] $0 "\n"; next }
    /^@@ block / { open = $3; next }
    /^@@ end / { open = 0; next }
    open && NF { got[open] = got[open] $0 "\n" }
    END {
      for (at in want) if (!index("\n" got[at], "\n" want[at]))
        printf "%s, block at line %d: expected\n%sgot\n%s", ARGV[1], at, want[at], got[at]
    }
  ' "$1" "$2"
}

roles() { psql -XAtqc "SELECT quote_ident(rolname) FROM pg_roles ORDER BY 1"; }

run_page() { # file
  local status=0 bad line want got role database
  database=page_$(basename "$1" .md | tr -c 'A-Za-z\n' _)
  blocks "$1" > "$work/blocks.sql"
  grep -q '^\\echo @@ block' "$work/blocks.sql" || return 0
  roles > "$work/roles"
  createdb "$database"
  psql -X -d "$database" -P footer=off < "$work/blocks.sql" > "$work/out" 2>&1 || status=$?
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
  unlike "$1" "$work/out" > "$work/unlike"
  if [ -s "$work/unlike" ]; then
    cat "$work/unlike"
    failed=1
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
