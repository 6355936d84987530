#!/usr/bin/env bash
# The same while the server is made to restart, twice.
ROLLS_SECONDS=${ROLLS_SECONDS:-20} ROLLS_KILLS=2 exec "$(dirname "$0")/rolls.sh"
