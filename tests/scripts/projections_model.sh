#!/usr/bin/env bash
# Random projections over random events, against plain SQL: keys, aggregates, joins,
# windows of tests/model/grammar.sql, while events are inserted, late ones too, in long
# transactions, folded, rolled, paused, rebuilt, replaced (tests/model/steps.sql). After
# each step every projection is its query, in a transaction of before, too.
#
#   SEED=n ROUNDS=n STEPS=n    another run; a round of an even seed has a worker at it,
#                              every third has inline projections and no other writers
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/sessions.sh"

seed=${SEED:-1} rounds=${ROUNDS:-4} steps=${STEPS:-40}
model=$(dirname "$0")/../model
work=$(mktemp -d)
base=$PGDATABASE
settings=(pganalytics.worker pganalytics.worker_naptime pganalytics.batch_events pganalytics.backlog_rate pganalytics.fold_tail)
trap 'close_sessions; drop_log; reset_server "${settings[@]}" || true; rm -rf "$work"' EXIT

# What there is to know of a failure.
fail() { # what
  echo "FAILED: $1"
  echo "Again with SEED=$seed ROUNDS=1 STEPS=$steps"
  tail -n 40 "$work/history" | cut -c 1-2000
  grep -h -A3 ERROR "$work"/*.err | tail -n 12 2>/dev/null || true
  sql "SELECT name, status, tail, last_error, query FROM pganalytics.projections" || true
  echo "The last comparison: ${query:-}"
  sql "SELECT pid, datname, backend_type, wait_event_type, state, left(query, 200) FROM pg_stat_activity" || true
  exit 1
}

# Projections equal their oracles, read by a session. (The worker may swap one for its
# replacement after it was looked up which it is: then both are asked again.)
check() { # session projections
  local found before generations="SELECT array_agg(generation ORDER BY id) FROM pganalytics_data.projection;"
  while :; do
    say control "$generations"
    before=$answer
    say control "SELECT model.check_sql('$2');"
    [ "$state" = 00000 ] || fail "the generator: $state"
    query=$answer
    say "$1" "$query" || fail "session $1 is stuck"
    found=$answer$state
    [ "$found" != 00000 ] || return 0
    say control "$generations"
    [ "$answer" != "$before" ] || fail "not as the log has it, read by $1: $found"
  done
}

take() { # session kind action
  local outcome
  echo "$SECONDS $1: $3" >> "$work/history"
  case $2 in
    check) check "$1" "$3" ;;
    verify)
      say "$1" "$3" || fail "session $1 is stuck"
      [ -z "$answer" ] && [ "$state" = 00000 ] || fail "verified: $state $answer" ;;
    create* | replace*)
      say "$1" "$3" || fail "session $1 is stuck"
      outcome=$state
      say control "SELECT model.outcome('${2% *}', '${2#* }', '$outcome');"
      [ "$answer" = t ] || fail "$2: $outcome" ;;
    start) tell "$1" "$3" ;;
    *)
      if [ "$2" != await ]; then tell "$1" "$3"; fi
      hear "$1" || fail "session $1 is stuck"
      [ "$state" = 00000 ] || fail "$state" ;;
  esac
}

# Each round has a database of its own.
drop_log() {
  local gid
  [ "$PGDATABASE" != "$base" ] || return 0
  for gid in $(sql "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"); do sql "ROLLBACK PREPARED '$gid'"; done
  dropdb --force "$PGDATABASE"
  export PGDATABASE=$base
}

run_round() { # seed
  local step who kind action live=false
  if (($1 % 2 == 0)); then live=true; fi
  export PGDATABASE=model_$1
  dropdb --force --if-exists "$PGDATABASE" 2>/dev/null
  createdb "$PGDATABASE"
  sql "CREATE EXTENSION pg_analytics"
  for file in log grammar steps; do psql -XAtq -v ON_ERROR_STOP=1 -f "$model/$file.sql"; done
  : > "$work/history"
  if $live; then
    set_server pganalytics.worker=on pganalytics.worker_naptime=20ms pganalytics.batch_events=$((20 + $1 % 7 * 30)) \
      pganalytics.backlog_rate=$(($1 % 3 * 400)) pganalytics.fold_tail=$((1 + $1 % 5 * 30))
  else
    set_server pganalytics.worker=off pganalytics.batch_events=$((20 + $1 % 5 * 50))
  fi
  # (Plans that the settings of a step forbid cost so much that they would be compiled.)
  sql "ALTER DATABASE $PGDATABASE SET jit = off"
  for who in control m u v w r; do open_session $who; done
  for who in control m u v w r; do say $who "SET client_min_messages = error;"; done
  say control "SET search_path = '';"
  say control "SELECT setseed(($1 % 100003) / 100003.0);"
  say control "INSERT INTO model.run VALUES (0, $1 % 3 = 2, false);"
  say control "INSERT INTO model.session SELECT unnest('{v,w,r}'::text[]), 'idle';"
  say control "SELECT model.make_log((ARRAY['optional', 'auto', 'required'])[1 + $1 / 2 % 3]);"
  [ "$state" = 00000 ] || fail "$state"
  for ((step = 1; step <= steps; step++)); do
    echo "--- step $step" >> "$work/history"
    say control "SELECT * FROM model.next_step();" || fail "the generator is stuck"
    [ "$state" = 00000 ] || fail "the generator: $state"
    while IFS='|' read -r who kind action; do
      [ -z "$who" ] || take "$who" "$kind" "$action"
    done <<< "$answer"
  done
  say control "TABLE model.tally;"
  echo "$answer" >> "$work/tally"
  close_sessions
  drop_log
}

while ((rounds-- > 0)); do
  run_round "$seed"
  echo "ok: seed $seed"
  seed=$((seed + 1))
done
sort "$work/tally" | uniq -c
