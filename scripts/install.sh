#!/usr/bin/env bash
# Builds the extension and installs it into the PostgreSQL that a pg_config
# names, with sudo where its directories are not writable.
#
#   scripts/install.sh [--debug] PG_CONFIG
#
# Each file is renamed into place: a server that has the old library mapped goes on with
# the old one until its next restart, and none meets one that is half written.
source "$(dirname "$0")/lib.sh"

profile=()
kind=optimised
[ "${1:-}" = --debug ] && { profile=(--debug); kind=debug; shift; }
pg_config=${1:?usage: scripts/install.sh [--debug] PG_CONFIG}
pg_config=$(command -v "$pg_config") || die "no such program: $1"
out=$ROOT/target/package-$kind

say "Building the extension, $kind (1 to 2 minutes the first time)"
rm -rf "$out"
cargo pgrx package "${profile[@]}" --pg-config "$pg_config" --out-dir "$out"

run=()
[ -w "$("$pg_config" --pkglibdir)" ] && [ -w "$("$pg_config" --sharedir)/extension" ] || run=(as_root)
find "$out" -type f | while read -r file; do
  target=${file#"$out"}
  "${run[@]}" install -D -m "$([[ $file == *.so ]] && echo 755 || echo 644)" "$file" "$target.new"
  "${run[@]}" mv -f "$target.new" "$target"
done
say "Installed into $("$pg_config" --pkglibdir) and $("$pg_config" --sharedir)/extension"
