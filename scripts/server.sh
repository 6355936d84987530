#!/usr/bin/env bash
# A private PostgreSQL server with the extension, under target/. It opens no
# port: it listens on a unix socket that only its owner (and root) can reach.
#
#   scripts/server.sh start|stop|status|psql|line|remove [NAME]
#   scripts/server.sh with NAME COMMAND…     with PGHOST, PGUSER … set
#
# NAME is demo (default) or bench, with the optimised build of target/pg15-demo;
# tests or restored, with the debug build of target/pg15 and tests/server.conf; or
# plain, with the debug build and without shared_preload_libraries.
source "$(dirname "$0")/lib.sh"

action=${1:?usage: scripts/server.sh start|stop|status|psql|line|remove [NAME]}
name=${2:-demo}
dir=$ROOT/target/$name
data=$dir/data
log=$dir/server.log
preload=pg_analytics
case $name in
  demo | bench) prefix=$RELEASE_PREFIX conf= ;;
  tests | restored) prefix=$TEST_PREFIX conf=$ROOT/tests/server.conf ;;
  plain) prefix=$TEST_PREFIX conf= preload= ;;
  *) die "no such server: $name (demo, bench, tests, restored or plain)" ;;
esac
bin=$(dirname "$(prefix_pg_config "$prefix")")

# A socket's path holds 107 bytes: deep checkouts keep it under /tmp.
socket=$dir/socket
[ ${#socket} -le 90 ] || socket=$(cat "$dir/socket-path" 2>/dev/null || true)

export PGHOST=$socket PGPORT=5432 PGUSER=postgres PGDATABASE=$name

# pg_isready: 0 accepts connections, 1 is starting or stopping, 2 is not there.
# Asking the socket, not the pid file: after a crash its pid may be anybody's.
state() { "$bin/pg_isready" -q 2>/dev/null || return $?; }
ready() { [ -n "$socket" ] && state; }
alive() { [ -n "$socket" ] && { state || [ $? = 1 ]; }; }

make_socket_dir() {
  if [ "$socket" != "$dir/socket" ] && [ ! -d "$socket" ]; then
    socket=$(as_postgres mktemp -d /tmp/pg_analytics.XXXXXX)
    echo "$socket" > "$dir/socket-path"
    export PGHOST=$socket
  fi
  as_postgres mkdir -p -m 700 "$socket"
}

make_data_dir() {
  [ -e "$data/PG_VERSION" ] && return
  say "Creating a database cluster in target/$name (3 seconds)"
  rm -rf "$data.new"
  as_postgres "$bin/initdb" -D "$data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
    --no-instructions > "$dir/initdb.log" || die "initdb failed: see $dir/initdb.log"
  echo "include 'pg_analytics.conf'" >> "$data.new/postgresql.conf"
  mv "$data.new" "$data"
}

write_settings() {
  echo "# Written by scripts/server.sh at each start."
  echo "listen_addresses = ''"
  echo "unix_socket_directories = '$socket'"
  echo "shared_preload_libraries = '$preload'"
  [ -z "$conf" ] || echo "include '$conf'"
}

start() {
  if ready; then say "Server \"$name\" is running"; return; fi
  [ -e "$(prefix_pg_config "$prefix")" ] || die "nothing is built for server \"$name\": run make $name"
  mkdir -p "$dir"
  make_socket_dir
  make_data_dir
  write_settings > "$data/pg_analytics.conf"
  say "Starting server \"$name\" (2 seconds)"
  local try
  # After a crash, processes of the dead server may take a moment to leave.
  for try in 1 2 3; do
    as_postgres "$bin/pg_ctl" -D "$data" -l "$log" -w -s start 2>>"$log" && break
    [ "$try" = 3 ] && { tail -n 20 "$log"; die "server \"$name\" does not start: see $log"; }
    sleep 2
  done
  "$bin/createdb" "$name" 2>/dev/null || "$bin/psql" -XAtqc 'SELECT' >/dev/null
}

stop() {
  if alive; then as_postgres "$bin/pg_ctl" -D "$data" -m fast -w -s stop; fi
  say "Server \"$name\" is stopped"
}

line() {
  local psql=psql
  command -v psql >/dev/null || psql=$bin/psql
  printf '%s -h %q -p %s -U postgres %s\n' "$psql" "$socket" "$PGPORT" "$name"
}

case $action in
  start) start; say "Open psql with:"; line ;;
  stop) stop ;;
  status) if ready; then say "Server \"$name\" is running"; line; else say "Server \"$name\" is not running"; exit 3; fi ;;
  psql) ready || die "server \"$name\" is not running: make $name"; exec "$bin/psql" ;;
  line) line ;;
  remove) stop; rm -rf "$dir"; case $socket in /tmp/*) rm -rf "$socket" ;; esac ;;
  with) export PATH=$bin:$PATH; shift 2; exec "$@" ;;
  *) die "unknown action: $action" ;;
esac
