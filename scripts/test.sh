#!/usr/bin/env bash
# Runs the tests, one kind or all, and closes with "N passed, N failed".
#
#   scripts/test.sh all
#   scripts/test.sh core|server|regress|isolation|scripts [NAME]
source "$(dirname "$0")/lib.sh"

kind=${1:?usage: scripts/test.sh all|core|server|regress|isolation|scripts [NAME]}
only=${2:-}
passed=0
failed=0
logs=$ROOT/target/test-logs
pg_config=$(prefix_pg_config "$TEST_PREFIX")
mkdir -p "$logs"

# Adds to the totals: what a log says passed and failed. A command that fails
# without naming a failed test counts as one.
count() { # passed failed exit-status
  passed=$((passed + $1))
  failed=$((failed + ($3 != 0 && $2 == 0 ? 1 : $2)))
}

fail() { echo "FAILED: $*"; failed=$((failed + 1)); }

# Runs a command whose output is Rust's test report.
run_rust() { # name command…
  local log=$logs/$1.log status=0
  shift
  "$@" 2>&1 | tee "$log" || status=$?
  count "$(sum_rust passed "$log")" "$(sum_rust failed "$log")" "$status"
}
sum_rust() { sed -nE "s/^test result: .* ([0-9]+) $1;.*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

run_core() {
  say "Core tests, without a server (seconds; a minute the first time)"
  run_rust core cargo test -p pganalytics_core $only
}

run_server() {
  say "Rust tests inside a server (seconds; 2 minutes the first time)"
  local pgdata
  pgdata=$(as_postgres mktemp -d /tmp/pg_analytics.XXXXXX)
  CARGO_PGRX_TEST_PGDATA=$pgdata run_rust server as_postgres cargo pgrx test "pg$PG_MAJOR" $only
  rm -rf "$pgdata"
}

# Names of the tests of a folder, or the one asked for.
names() { # folder extension
  find "$1" -maxdepth 1 -name "${only:-*}.$2" -printf '%f\n' | sed "s/\.$2\$//" | sort
}

# A test without expected output, or the reverse, is a mistake; pg_regress would
# stop at the former.
check_pairs() { # folder extension expected-folder
  local name
  for name in $(comm -23 <(names "$1" "$2") <(names "$3" out)); do
    fail "$1/$name.$2 has no $3/$name.out (make it empty, run the test, take its output from target/)"
  done
  for name in $(comm -13 <(names "$1" "$2") <(names "$3" out)); do
    fail "$3/$name.out has no $1/$name.$2"
  done
}

# pg_regress and its twin for isolation tests start a server of their own.
run_pg_regress() { # regress|isolation program sources extension
  local input=$ROOT/tests/$1 output=$ROOT/target/$1 log=$logs/$1.log status=0 before=$failed tests
  say "tests/$1 on a temporary server (a few seconds to start)"
  check_pairs "tests/$1/$3" "$4" "tests/$1/expected"
  mapfile -t tests < <(comm -12 <(names "tests/$1/$3" "$4") <(names "tests/$1/expected" out))
  if [ ${#tests[@]} = 0 ]; then
    if [ -z "$only" ] && [ -e "tests/$1/$3/.gitkeep" ]; then
      echo "tests/$1/$3 is empty on purpose (.gitkeep): nothing to run"
    elif [ "$failed" = "$before" ]; then
      fail "no test tests/$1/$3/${only:-*}.$4"
    fi
    return
  fi
  rm -rf "$output"
  as_postgres mkdir -p "$output"
  as_postgres "$(dirname "$("$pg_config" --pgxs)")/../test/$2" \
    --temp-instance="$output/instance" --temp-config="$ROOT/tests/server.conf" \
    --bindir="$(dirname "$pg_config")" --inputdir="$input" --outputdir="$output" \
    --encoding=UTF8 --no-locale --load-extension=pg_analytics \
    --launcher="env PGTZ=UTC PGDATESTYLE=ISO,MDY" "${tests[@]}" 2>&1 | tee "$log" || status=$?
  if [ "$status" != 0 ]; then
    cat "$output/regression.diffs" 2>/dev/null || tail -n 50 "$output"/log/*.log || true
  fi
  count "$(grep -cE '^(test .* ok |ok )' "$log")" "$(grep -cE '^(test .* FAILED|not ok )' "$log")" "$status"
}

run_regress() { run_pg_regress regress regress/pg_regress sql sql; }

run_isolation() {
  run_pg_regress isolation isolation/pg_isolation_regress specs spec
  # A specification that does not parse would match its own error message.
  local file
  for file in $(grep -l 'syntax error' tests/isolation/expected/*.out 2>/dev/null); do
    fail "$file holds a syntax error: the specification does not parse"
  done
}

run_scripts() {
  local name log bin
  bin=$(dirname "$pg_config")
  say "tests/scripts, each in a fresh database"
  mapfile -t tests < <(names tests/scripts sh)
  [ ${#tests[@]} -gt 0 ] || { fail "no such test: tests/scripts/$only.sh"; return; }
  scripts/server.sh remove tests > "$logs/scripts-server.log"
  scripts/server.sh start tests >> "$logs/scripts-server.log" || { cat "$logs/scripts-server.log"; fail "the test server does not start"; return; }
  for name in "${tests[@]}"; do
    log=$logs/$name.log
    scripts/server.sh with tests createdb "script_$name"
    if scripts/server.sh with tests env PGDATABASE="script_$name" timeout 600 "tests/scripts/$name.sh" > "$log" 2>&1; then
      echo "ok      $name"
      passed=$((passed + 1))
    else
      cat "$log"
      fail "tests/scripts/$name.sh"
    fi
    # What is left would take workers from the next.
    scripts/server.sh with tests dropdb --force --if-exists "script_$name" >> "$logs/scripts-server.log" 2>&1 || true
  done
  scripts/server.sh remove tests >> "$logs/scripts-server.log"
}

# Tests other than Rust's run against the debug build without #[pg_test]s.
install_debug() { scripts/install.sh --debug "$pg_config"; }

case $kind in
  core | server) "run_$kind" ;;
  regress | isolation | scripts) install_debug; "run_$kind" ;;
  all)
    run_core
    run_server
    if install_debug; then run_regress; run_isolation; run_scripts; else fail "the extension does not build"; fi
    ;;
  *) die "unknown kind of test: $kind" ;;
esac

echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
