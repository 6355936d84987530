#!/usr/bin/env bash
# Asks ClickHouse (chdb, which is ClickHouse in a Python package) and the extension the
# same questions about the same random cases, and compares the answers. What differs by
# intent is listed in the page of docs/ on the subject, and each script leaves it out by name.
# Called by `make parity` with PGHOST and PGDATABASE set to a private server.
#
#   tests/parity/run.sh [NAME…]     the names of the scripts here; SEED and CASES are theirs
set -euo pipefail
cd "$(dirname "$0")"

venv=../../target/chdb
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import chdb' 2>/dev/null; then
  echo "==> Installing chdb into target/chdb (a minute, 900 MB)"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet chdb==4.4.0
fi

psql -XAtq -c 'DROP DATABASE IF EXISTS parity WITH (FORCE)' 2>/dev/null
createdb parity
export PGDATABASE=parity
psql -XAtq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_analytics'

[ $# -gt 0 ] || set -- $(basename -s .py -a [a-z]*.py)
status=0
for name in "$@"; do
  echo "==> $name"
  "$venv/bin/python" "$name.py" || status=1
done
exit $status
