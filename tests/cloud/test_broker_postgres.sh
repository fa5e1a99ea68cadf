#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brokers on PostgreSQL. Usage: test_broker_postgres.sh BUILD_DIR
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/postgres.sh
. "$(dirname "$0")/../postgres.sh"
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
chmod 755 "$dir"
make_postgres "$dir/db"
start_postgres -c fsync=off
trap 'end_helpers; rm -rf "$dir"' EXIT
export KM_TEST_REGISTRY=$pg_url KM_TEST_POSTGRES=$pg_server
ok "brokers on PostgreSQL" "$here/test_broker.py" "$build" Registration Provisioning Life Shadow Two Silence SlowServer
ok "rules at two brokers on PostgreSQL" "$here/test_rules_brokers.py" "$build" Brokers
done_testing
