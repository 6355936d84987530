#!/usr/bin/env bash
# Shows that the isolation tests can fail: puts one known mistake at a time into
# a copy of the tree, builds it and runs them. Each mistake is a patch in
# tests/mutations/, which says what it breaks and which specification must fail.
#
#   tests/mutations.sh [NAME…]      all of them: about 10 minutes
#
# Not part of `make test`. The copy is target/mutations; the checkout is only read.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
copy=$root/target/mutations
log=$root/target/test-logs/mutations.log
mkdir -p "$copy" "$(dirname "$log")"
cd "$root"

# The tree as it stands, without what is built. What did not change keeps its
# time, so that only the mutated files are compiled again.
fresh_copy() {
  git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    if [ -e "$file" ] && ! cmp -s "$file" "$copy/$file"; then
      install -D -m "$(stat -c %a "$file")" "$file" "$copy/$file"
    fi
  done
}

# Prints the specifications that failed, of all or of the one named; nothing if
# all passed.
failed_specs() { # [name]
  env -u MAKEFLAGS -u MAKELEVEL PGISOLATIONTIMEOUT=20 \
    make --no-print-directory -C "$copy" test-isolation T="${1:-}" > "$log" 2>&1 || true
  if ! grep -qE '^[0-9]+ passed, [0-9]+ failed$' "$log" || grep -q '^error' "$log"; then
    tail -n 40 "$log" >&2
    echo "the copy does not build or its tests do not run: see $log" >&2
    exit 1
  fi
  awk '$1 == "test" && / FAILED/ { print $2 }' "$log"
}

echo "==> The tree as it is: all must pass"
fresh_copy
failed=$(failed_specs)
[ -z "$failed" ] || { echo "fail already without a mistake: $failed"; exit 1; }

survived=0
for patch in tests/mutations/*.patch; do
  name=$(basename "$patch" .patch)
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  fresh_copy
  (cd "$copy" && patch -p1 --quiet --no-backup-if-mismatch < "$root/$patch") \
    || { echo "$name: the patch does not apply any more"; exit 1; }
  expected=$(sed -n 's/^Caught by: //p' "$patch")
  if [ "$(failed_specs "$expected")" = "$expected" ]; then
    echo "caught    $name: $expected"
  else
    echo "SURVIVED  $name: $expected passed"
    survived=$((survived + 1))
  fi
done
fresh_copy
[ "$survived" = 0 ]
