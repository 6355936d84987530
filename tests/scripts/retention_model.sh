#!/usr/bin/env bash
# Asks cohort_retention(), active_users() and lifecycle() of random small logs, and compares
# the answers with plain SQL that follows the definitions word by word: period by period,
# entity by entity, without arithmetic of numbers. Days on which clocks change, ends of
# months, events of the same instant and on the very boundaries, and times of no period
# are drawn often. SEED=n CASES=n is another run; a failure names its case.
set -euo pipefail
cd "$(dirname "$0")/../.."

psql -XAtq -v ON_ERROR_STOP=1 -f tests/model/retention.sql
psql -XAtq -v ON_ERROR_STOP=1 -c "SELECT compare(${SEED:-1}, ${CASES:-1500})"
