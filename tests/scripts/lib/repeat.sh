# How much comes of a load in so many seconds is a matter of the machine. Sourced only.

# Runs a load again until the condition holds.
repeat_until() { # condition command…
  local condition=$1 run
  shift
  for run in 1 2 3 4 5 6 7 8; do
    "$@" || return 1
    [ "$(psql -XAtqc "SELECT $condition")" != t ] || return 0
  done
  echo "still not so after $run runs: $condition"
  return 1
}
