#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The control plane on PostgreSQL: what it does on SQLite. Usage: test_control_postgres.sh BUILD_DIR
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
export KM_TEST_BUILD=$build KM_TEST_POSTGRES="host=$PGHOST port=$PGPORT user=$PGUSER"
for part in certificates policies things data functions tags account jobs credentials; do
    ok "$part on PostgreSQL" "$here/test_control_$part.py"
done
ok "audit on PostgreSQL" "$here/test_control_http.py" Audit Signatures
ok "console on PostgreSQL" "$here/test_console.py" Planes Idle
ok "killed on PostgreSQL" "$here/test_control_tls.py" Killed
done_testing
