#!/usr/bin/env bash
# Two sessions side by side: what one writes and when the other sees it. Called by
# run.sh.
set -euo pipefail

bold='' off=''
[ -t 1 ] && bold=$'\e[1m' off=$'\e[0m'

work=$(mktemp -d)
trap 'exec 3>&- 5>&-; wait; rm -rf "$work"' EXIT
mkfifo "$work"/{a,b}.{in,out}
psql -X < "$work/a.in" > "$work/a.out" 2>&1 &
psql -X < "$work/b.in" > "$work/b.out" 2>&1 &
exec 3> "$work/a.in" 4< "$work/a.out" 5> "$work/b.in" 6< "$work/b.out"

# Sends a statement to a session and shows both it and the answer, which ends with
# a mark. Errors are answers.
session() { # name in out statement
  local line
  printf '%s\n\\echo @@\n' "$4" >&"$2"
  sed "1s/^/$bold$1$off  /; 2,\$s/^/   /" <<< "$4"
  while true; do
    IFS= read -r -t 60 line <&"$3" || { echo "error: session $1 does not answer" >&2; exit 1; }
    [ "$line" != @@ ] || break
    [ -z "$line" ] || printf '   %s\n' "$line"
  done
}
A() { session A 3 4 "$1"; }
B() { session B 5 6 "$1"; }
caption() { printf '\n-- %s\n' "$1"; }

A '\pset tuples_only' > /dev/null
B '\pset tuples_only' > /dev/null

june="SELECT orders, revenue FROM monthly_revenue WHERE month = '1998-06-01';"
tails="SELECT name, events_folded, tail FROM pganalytics.projections;"

echo "${bold}4. Live: two sessions, A and B$off"
caption "A appends in a transaction that stays open; a projection shows A its own events"
A "BEGIN;"
A "INSERT INTO events (event_type, aggregate_id, occurred_at, payload) VALUES
('purchase', '00002', '1998-06-30', '{\"amount\": 100}');"
A "$june"
caption "Nothing was folded for that: A's event is the tail of each projection, added when it is read"
A '\pset tuples_only off' > /dev/null
A '\pset footer off' > /dev/null
A "$tails"
A '\pset tuples_only' > /dev/null
caption "B does not see it"
B "$june"
caption "A rolls back, and it never was"
A "ROLLBACK;"
A "$june"
caption "Line 2 of the file is sent again, as a producer does that got no answer: nothing goes in"
B "INSERT INTO events (event_id, event_type, aggregate_id, occurred_at, payload) VALUES
(uuid_generate_v5(uuid_ns_url(), 'cdnow.csv#2'), 'purchase', '00002', '1997-01-12', '{\"cds\": 1, \"amount\": 12.00}');"
caption "B believes customer 00002 at version 1 and writes 2; but 2 is there"
B "INSERT INTO events (event_type, aggregate_id, version) VALUES ('moved', '00002', 2);"
