#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks. Says what and
# why; does nothing, at once, when all is there.
#
#   scripts/bootstrap.sh [--lint]     --lint: also what only "make lint" needs
source "$(dirname "$0")/lib.sh"

CARGO_DENY_VERSION=0.20.2

command -v cargo >/dev/null || die "Rust is not installed: see https://rustup.rs (1.95 or newer)"

packages=()
need() { # what is looked for, package, why
  command -v "$1" >/dev/null || [ -e "$1" ] && return
  say "Needed: $2 ($3)"
  packages+=("$2")
}
need "/usr/lib/postgresql/$PG_MAJOR/bin/postgres" "postgresql-$PG_MAJOR" "the server the extension runs in"
need "/usr/include/postgresql/$PG_MAJOR/server/postgres.h" "postgresql-server-dev-$PG_MAJOR" \
  "server headers, and libclang that reads them; may update the server"
for extension in hll tdigest; do
  need "/usr/share/postgresql/$PG_MAJOR/extension/$extension.control" "postgresql-$PG_MAJOR-$extension" \
    "aggregates of others, for tests/scripts"
done
need make make "runs the targets of the Makefile"
need cc gcc "links Rust programs"
need pkg-config pkg-config "finds OpenSSL for cargo-pgrx"
need setpriv util-linux "runs the server as somebody else than root"

if [ ${#packages[@]} -gt 0 ]; then
  say "Installing ${packages[*]} with apt-get (about half a minute)"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

if [ "$(cargo pgrx --version 2>/dev/null)" != "cargo-pgrx $PGRX_VERSION" ]; then
  say "Installing cargo-pgrx $PGRX_VERSION: builds the extension's SQL and library (3 to 4 minutes)"
  cargo install cargo-pgrx --version "$PGRX_VERSION" --locked
fi

if [ "${1:-}" = --lint ]; then
  cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
    rustup component add rustfmt clippy
  if ! cargo deny --version >/dev/null 2>&1; then
    say "Installing cargo-deny $CARGO_DENY_VERSION: checks licences and sources (3 to 4 minutes)"
    cargo install cargo-deny --version "$CARGO_DENY_VERSION" --locked
  fi
fi

scripts/prefix.sh "$TEST_PREFIX"
