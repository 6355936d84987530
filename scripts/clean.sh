#!/usr/bin/env bash
# Stops the private servers and removes everything built.
source "$(dirname "$0")/lib.sh"

for name in demo bench tests plain; do
  if [ -d "target/$name" ]; then scripts/server.sh remove "$name"; fi
done
rm -rf target
