#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The registry's suite once more, on PostgreSQL. Usage: test_registry_postgres.sh BUILD_DIR
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/postgres.sh
. "$(dirname "$0")/../postgres.sh"
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
chmod 755 "$dir"
trap 'end_helpers; rm -rf "$dir"' EXIT

make_postgres "$dir/db"
start_postgres -c fsync=off
trap 'end_helpers; rm -rf "$dir"' EXIT
export KM_TEST_REGISTRY=$pg_url
suites=0
for suite in "$build"/tests/test_registry_*; do
    ok "$(basename "$suite")" "$suite"
    suites=$((suites + 1))
done
same "all parts of the suite ran" "$(find "$source/tests/unit/cloud" -name "test_registry_*.c" | wc -l)" "$suites"
done_testing
