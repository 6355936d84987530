# Shared shell functions of the scripts: places, versions, users. Sourced only.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"

PG_MAJOR=${PG_MAJOR:-15}
PGRX_VERSION=$(sed -n 's/^pgrx = "=\(.*\)"$/\1/p' Cargo.toml)
SYSTEM_PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
TEST_PREFIX=pg$PG_MAJOR
RELEASE_PREFIX=pg$PG_MAJOR-demo

# Never the user's own ~/.pgrx. The string must not vary: pgrx-pg-sys is
# rebuilt when it does.
export PGRX_HOME=$ROOT/target/pgrx
export PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH

export LC_ALL=C.UTF-8

say() { printf '==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# PostgreSQL refuses root: run a command as whoever may start a server.
as_postgres() { "$ROOT/scripts/as-postgres.sh" "$@"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# pg_config of a private copy of PostgreSQL (see prefix.sh).
prefix_pg_config() { echo "$ROOT/target/$1/lib/postgresql/$PG_MAJOR/bin/pg_config"; }
