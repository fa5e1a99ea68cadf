#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed example for several machines: a PostgreSQL over TLS with role and password, two control planes, brokers and
# programs for rules, each pair its own machine's. A device that comes to both brokers at once is registered once, and
# what one control plane takes back no broker lets in. Then the database from pg_dump's copy.
# Usage: test_setup_two.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cloud/setup.sh
. "$(dirname "$0")/setup.sh"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/postgres.sh
. "$(dirname "$0")/../postgres.sh"
trap 'end_helpers; rm -rf "$dir"' EXIT
install_cloud "$1"
make_server_certificate
example=$usr/share/doc/keymoor/examples/cloud/several-machines

# ---- the database's machine ----
db_port=$(free_port)
make_postgres "$dir/db"
export PGPORT=$db_port
install -m 600 "$dir/server.key" "$dir/db/server.key"
install -m 644 "$dir/server.pem" "$dir/db/server.pem"
{
    echo "local all all trust"
    sed 's,192.0.2.0/24,127.0.0.1/32,' "$example/pg_hba.conf"
} >"$dir/db/pg_hba.conf"
[ "$(id -u)" -ne 0 ] || chown postgres: "$dir"/db/server.* "$dir/db/pg_hba.conf"
start_postgres -c fsync=off -c listen_addresses=127.0.0.1 -c port="$db_port" -c ssl=on -c ssl_cert_file="$dir/db/server.pem" \
    -c ssl_key_file="$dir/db/server.key" -c hba_file="$dir/db/pg_hba.conf"
ok "role and database" psql -q -v ON_ERROR_STOP=1 -f "$example/role.sql"
echo "ALTER ROLE keymoor PASSWORD 'CHANGE-ME'" | ok "password" psql -q

# ---- two machines ----
for machine in cloud other; do
    place $machine several-machines
    sed -i "s,^host=.*,host=localhost,; s,^hostaddr=.*,hostaddr=127.0.0.1,; s,^port=.*,port=$db_port," "$dir/$machine/etc/pg_service.conf"
    cp "$dir/server_ca.pem" "$dir/$machine/etc/db_ca.pem"
done
registry=(--registry postgresql:service=keymoor --key-file "$dir/cloud/state/registry.key")
ok "account" operator account create 123456789012 --name Example "${registry[@]}"
access_key "${registry[@]}"
start_machine cloud
# The second gets the first one's secrets: one key for the access keys, one CA for certificates that the cloud makes.
cp -p "$dir"/cloud/state/registry.key "$dir"/cloud/state/issuer.pem "$dir/other/state"
start_machine other
use cloud
device_ca
until_true grep -q '1 rules' "$dir/other/log/rules.log"

# ---- a first contact at both ----
make_device lamp
for machine in cloud other; do
    use $machine
    started "$dir/first.$machine" publish lamp
    eval "first_$machine=$started"
done
# shellcheck disable=SC2154 # by eval
for process in $first_cloud $first_other; do until_true has_ended "$process"; done
until_true has_status "$dir/lamp.crt" ACTIVE
count() { operator events "${registry[@]}" --count 1000 --json | grep -c "\"kind\":\"$1\""; }
same "one registration" 1 "$(count Register)"
same "one certificate" 1 "$(aws iot list-certificates --query 'length(certificates)' --output text)"
same "one thing" 1 "$(aws iot list-things --query 'length(things)' --output text)"
for machine in cloud other; do
    use $machine
    ok "then it is let in at $machine" publish lamp
    too_long lamp
    ok "$machine's control plane" aws iot describe-endpoint
done

# ---- taken back at one, refused at both ----
id=$(openssl x509 -in "$dir/lamp.crt" -outform DER | sha256sum | cut -d' ' -f1)
use other
ok "deactivated at the other" aws iot update-certificate --certificate-id "$id" --new-status INACTIVE
for machine in cloud other; do
    use $machine
    until_true not publish lamp
done
ok "why" operator device why "$id" "${registry[@]}"
grep -q INACTIVE "$dir/out"
ok "activated" aws iot update-certificate --certificate-id "$id" --new-status ACTIVE

# ---- a machine less ----
stop_machine other
use cloud
until_true publish lamp

# ---- a copy of the database, and back ----
export PGSERVICEFILE=$dir/cloud/etc/pg_service.conf
dump() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$pg_bin/pg_dump" --format=custom --file="$dir/registry.dump" service=keymoor; }
ok "pg_dump as the cloud's role" dump
make_device latecomer
refused "a device that the copy lacks" "connection was lost" publish latecomer
until_true has_status "$dir/latecomer.crt" ACTIVE
stop_machine cloud
ok "the database goes" "$pg_bin/dropdb" keymoor
ok "and is empty" "$pg_bin/createdb" -O keymoor -E UTF8 -T template0 keymoor
restore() { env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$pg_bin/pg_restore" --no-owner --exit-on-error --dbname=service=keymoor "$dir/registry.dump"; }
ok "pg_restore" restore
start_machine cloud
start_machine other
for machine in cloud other; do
    use $machine
    ok "its device is known at $machine" publish lamp
done
refused "the other comes for the first time again" "connection was lost" publish latecomer
until_true has_status "$dir/latecomer.crt" ACTIVE
done_testing
