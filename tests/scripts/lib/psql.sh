# What the scripts share. Sourced only.

set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/repeat.sh"

sql() { psql -XAtq -v ON_ERROR_STOP=1 -c "$1"; }

die() { echo "FAILED: $*"; exit 1; }

# Asks again until the answer is "t", up to so many seconds.
eventually() { # seconds what query
  local end=$((SECONDS + $1))
  until [ "$(sql "$3" 2>/dev/null)" = t ]; do
    [ "$SECONDS" -lt "$end" ] || die "not within $1 s: $2"
    sleep 0.1
  done
  echo "ok: $2"
}

# The answer must be "t", now.
now() { # what query
  [ "$(sql "$2")" = t ] || die "$1"
  echo "ok: $1"
}

# The answer must stay "t" for so many seconds.
stays() { # seconds what query
  local end=$((SECONDS + $1))
  while [ "$SECONDS" -lt "$end" ]; do
    [ "$(sql "$3")" = t ] || die "not so for $1 s: $2"
    sleep 0.1
  done
  echo "ok: $2"
}

# Settings of the server, for all sessions that begin from now on.
set_server() { # name=value…
  local pair
  for pair; do sql "ALTER SYSTEM SET ${pair%%=*} = '${pair#*=}'"; done
  reload
}
reset_server() { # name…
  local name
  for name; do sql "ALTER SYSTEM RESET $name"; done
  reload
}
reload() {
  local since
  since=$(sql "SELECT clock_timestamp()")
  sql "SELECT pg_reload_conf()" >/dev/null
  until [ "$(sql "SELECT pg_conf_load_time() >= '$since'")" = t ]; do sleep 0.05; done
}

append() { # number-of-events
  sql "INSERT INTO events (event_type, aggregate_id, payload)
       SELECT 'type' || i % 5, 'a' || i % 20, jsonb_build_object('n', i) FROM generate_series(1, $1) i"
}

# The projection holds exactly what its query gives, whatever has been folded.
equals_its_query() { # name
  local definition
  definition=$(sql "SELECT definition FROM pganalytics_data.generation g JOIN pganalytics_data.projection p
    ON p.generation = g.id WHERE relation = '$1'::regclass")
  now "\"$1\" equals its query" "SELECT NOT EXISTS (
      (TABLE $definition EXCEPT ALL TABLE $1) UNION ALL (TABLE $1 EXCEPT ALL TABLE $definition))"
}

# Conditions on a projection, as queries.
folded() { echo "SELECT tail = 0 FROM pganalytics.projections WHERE name = '$1'"; }
has_tail() { echo "SELECT tail = $2 FROM pganalytics.projections WHERE name = '$1'"; }
one_worker="SELECT count(*) = 1 FROM pganalytics.workers WHERE database = current_database()"
no_worker="SELECT count(*) = 0 FROM pganalytics.workers WHERE database = current_database()"
worker_pid() { sql "SELECT pid FROM pganalytics.workers WHERE database = current_database()"; }
