#!/usr/bin/env bash
# Whoever creates, rebuilds, pauses or drops an inline projection waits for those who use it,
# and meanwhile nobody waits for them: not who appends or reads, and not in a circle.
source "$(dirname "$0")/lib/psql.sh"
source "$(dirname "$0")/lib/sessions.sh"
work=$(mktemp -d)
trap 'close_sessions; rm -rf "$work"' EXIT

append="INSERT INTO events (event_type, aggregate_id) VALUES ('x', gen_random_uuid())"
make="SELECT pganalytics.create_projection('p', 'SELECT event_type, count(*) AS n FROM events GROUP BY 1', mode => 'inline')"
exact="SELECT (SELECT sum(n) FROM p) = (SELECT count(*) FROM events)"

# The statement must come through, with this answer.
does() { # session statement [answer]
  say "$1" "$2;" || die "$1 waits: $2"
  [ "$state" = 00000 ] || die "$1 fails with $state: $2"
  [ $# -lt 3 ] || [ "$answer" = "$3" ] || die "$2: $answer"
}
begins() { # statement
  tell owner "$1;"
  eventually 60 "begun: $1" "SELECT wait_event_type = 'Lock' OR wait_event = 'Extension' FROM pg_stat_activity
    WHERE application_name = 'owner'"
}
ends() {
  hear owner || die "the owner waits"
  [ "$state" = 00000 ] || die "the owner fails with $state"
}

sql "CREATE EXTENSION pg_analytics"
sql "SELECT pganalytics.create_event_table('events')" >/dev/null
sql "$append" && sql "$make" >/dev/null
for name in owner first second; do open_session "$name"; done
does owner "SET application_name = 'owner'"

rebuild="SELECT pganalytics.rebuild_projection('p')"
pause="SELECT pganalytics.pause_projection('p')"
resume="SELECT pganalytics.resume_projection('p')"
drop="SELECT pganalytics.drop_projection('p')"

for change in "$rebuild" "$drop" "$make"; do
  echo "--- beside a reader, who then appends"
  does first "BEGIN"
  if [ "$change" = "$make" ]; then does first "$append"; else does first "$exact" t; fi
  begins "$change"
  for _ in 1 2 3; do
    does second "$append"
    [ "$change" = "$make" ] || does second "$exact" t
  done
  does first "$append"
  does first "COMMIT"
  ends
done

for change in "$rebuild" "$pause" "$resume"; do
  echo "--- beside a writer, who then reads"
  does first "BEGIN"
  does first "$append"
  begins "$change"
  for _ in 1 2 3; do
    does second "$append"
    does second "$exact" t
  done
  does first "$exact" t
  does first "COMMIT"
  ends
done

echo "--- for as long as lock_timeout says"
sql "$drop" >/dev/null
sql "$make" >/dev/null
does first "BEGIN"
does first "$exact" t
does owner "SET lock_timeout = '300ms'"
say owner "$rebuild;"
[ "$state" = 55P03 ] || die "not given up: $state"
does first "COMMIT"
does owner "$rebuild"
does first "$exact" t
