#!/usr/bin/env bash
# Format, clippy, and the licences and sources of what the extension depends on.
source "$(dirname "$0")/lib.sh"

scripts/bootstrap.sh --lint

say "Format"
cargo fmt --all --check
say "Clippy (seconds; a minute the first time)"
cargo clippy --workspace --all-targets -- -D warnings
say "Licences, banned crates and sources of dependencies (deny.toml)"
cargo deny check licenses bans sources
