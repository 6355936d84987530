#!/usr/bin/env bash
# Runs a command as a user that PostgreSQL accepts: PostgreSQL refuses root.
#
#   scripts/as-postgres.sh COMMAND [ARGUMENT…]
#
# An ordinary user runs the command unchanged. Root becomes "postgres" and keeps
# the capabilities to read and write root's checkout and Cargo directories.
# Without no_setuid_fixup the compiler could not find its linker.
set -euo pipefail

[ "$(id -u)" = 0 ] || exec "$@"

caps=+dac_override,+fowner,+chown
exec setpriv --reuid=postgres --regid=postgres --init-groups \
  --inh-caps=$caps --ambient-caps=$caps --securebits=+no_setuid_fixup \
  env USER=postgres LOGNAME=postgres "$@"
