#!/usr/bin/env bash
# Makes or refreshes a private copy of the PostgreSQL installation, target/NAME,
# so that no build or test ever writes into the system's directories.
#
#   scripts/prefix.sh NAME
#
# PostgreSQL is relocatable: the pg_config of the copy reports paths inside the
# copy. Only the headers are a link to the system's. LLVM bitcode stays out.
source "$(dirname "$0")/lib.sh"

name=${1:?usage: scripts/prefix.sh NAME}
prefix=$ROOT/target/$name
stamp=$prefix/version
[ -x "$SYSTEM_PG_CONFIG" ] || die "PostgreSQL $PG_MAJOR is not installed: run scripts/bootstrap.sh"

bin=$("$SYSTEM_PG_CONFIG" --bindir)
lib=$("$SYSTEM_PG_CONFIG" --pkglibdir)
share=$("$SYSTEM_PG_CONFIG" --sharedir)
include=$("$SYSTEM_PG_CONFIG" --includedir)
# A package that brings an extension changes what there is to copy.
version="$("$bin/postgres" --version) with $(cd "$share/extension" && ls -- *.control | tr '\n' ' ')"

if [ "$(cat "$stamp" 2>/dev/null)" != "$version" ]; then
  say "Copying ${version%% with*} to target/$name (50 MB, a second)"
  rm -rf "$prefix"
  for dir in "$bin" "$lib" "$share"; do
    mkdir -p "$prefix${dir#/usr}"
    tar -C "$dir" --exclude=./bitcode -cf - . | tar -C "$prefix${dir#/usr}" -xf -
  done
  mkdir -p "$(dirname "$prefix${include#/usr}")"
  ln -s "$include" "$prefix${include#/usr}"
  echo "$version" > "$stamp"
fi

# pgrx builds against the copy that the tests use.
if [ "$name" = "$TEST_PREFIX" ]; then
  pg_config=$(prefix_pg_config "$name")
  if ! grep -qsF "\"$pg_config\"" "$PGRX_HOME/config.toml"; then
    say "Telling cargo-pgrx about target/$name (a second)"
    mkdir -p "$PGRX_HOME"
    as_postgres cargo pgrx init "--pg$PG_MAJOR=$pg_config"
  fi
fi
