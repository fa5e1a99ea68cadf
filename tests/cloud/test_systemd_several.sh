#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several machines, installed for real: a database and two clouds, each with systemd, by the example and the page for several machines. A
# device is at home at both; the database stops and comes back, a machine starts while there is none, and one goes for good.
# Usage: test_systemd_several.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cloud/machine.sh
. "$(dirname "$0")/machine.sh"
units="keymoor-cloud-control keymoor-cloud-broker@1 keymoor-cloud-rules"
example=/usr/share/doc/keymoor/examples/cloud/several-machines
make_image "$1" postgresql
machine db db.example
db_address=$address
machine one one.cloud.example cloud.example
machine two two.cloud.example
for name in db one two; do boot $name; done

# ---- certificates of all three, by one CA ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Cloud" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
# server_certificate MACHINE FOLDER NAMES
server_certificate() {
    local to=$dir/$1/root$2
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' "$3" >"$dir/ext"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$to/server.key" -out "$dir/csr" 2>/dev/null
    openssl x509 -req -in "$dir/csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 -sha256 -extfile "$dir/ext" -out "$to/server.pem" 2>/dev/null
}

# ---- the database ----
settings=/etc/postgresql/15/main
server_certificate db $settings "DNS:db.example"
inside db chown postgres: $settings/server.pem $settings/server.key
inside db chmod 600 $settings/server.key
cat >>"$dir/db/root$settings/postgresql.conf" <<SETTINGS
listen_addresses = '*'
ssl = on
ssl_cert_file = '$settings/server.pem'
ssl_key_file = '$settings/server.key'
SETTINGS
cat "$dir/image$example/pg_hba.conf" >>"$dir/db/root$settings/pg_hba.conf"
ok "the database" inside db systemctl restart postgresql
commands=$(blocks "Several machines" | grep '^psql')
printf 'secret\nsecret\n' | ok "role and password" inside db runuser --user=postgres -- bash -e -c "cd $example; $commands"

# ---- two machines ----
as_cloud() { inside one sudo -u keymoor-cloud PGSERVICEFILE=/etc/keymoor/cloud/pg_service.conf keymoor-cloud "$@"; }
for name in one two; do
    inside $name systemctl disable --now mosquitto 2>/dev/null
    inside $name sh -c "mkdir -p /etc/keymoor/cloud && cp $example/* /etc/keymoor/cloud"
    at=$dir/$name/root/etc/keymoor/cloud
    server_certificate $name /etc/keymoor/cloud "DNS:$name.cloud.example,DNS:cloud.example"
    cp "$dir/ca.pem" "$at/server_ca.pem"
    cp "$dir/ca.pem" "$at/db_ca.pem"
    sed -i "s/^API=.*/API=https:\/\/$name.cloud.example:8443/" "$at/cloud.conf"
    sed -i "s/^hostaddr=.*/hostaddr=$db_address/; s/CHANGE-ME/secret/" "$at/pg_service.conf"
    inside $name sh -c 'cd /etc/keymoor/cloud && chgrp keymoor-cloud server.key pg_service.conf && chmod 640 server.key pg_service.conf'
done
unset at
start() { inside "$1" sh -c "systemctl enable --now keymoor-cloud.target $units"; }
ok "the account" inside one bash -e -c "$(blocks "Several machines" | sed -n '/^sudo/,$p')"
ok "the first machine" start one
inside one tar -C /var/lib/keymoor-cloud -cp registry.key issuer.pem | inside two tar -C /var/lib/keymoor-cloud -xp
ok "the second" start two
for name in one two; do
    # shellcheck disable=SC2086 # a list of words on purpose
    ok "all units of $name" is $name active keymoor-cloud.target $units
done
ok "an access key" as_cloud key create operator --registry postgresql:service=keymoor --key-file /var/lib/keymoor-cloud/registry.key
become_operator one
register_ca
for name in one two; do until_true inside $name sh -c "journalctl --unit=keymoor-cloud-rules | grep -q '1 rules'"; done

# ---- a device, at home at both ----
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Test/CN=lamp" -keyout lamp.key -out lamp.csr 2>/dev/null
openssl x509 -req -in lamp.csr -CA deviceCA.pem -CAkey deviceCA.key -CAcreateserial -days 30 -sha256 -out lamp.crt 2>/dev/null
cat lamp.crt deviceCA.pem >lamp.pem
# shellcheck disable=SC2016 # the topic's own dollar sign
publish() {
    outside mosquitto_pub --cafile "$dir/server_ca.pem" --cert lamp.pem --key lamp.key -h "$1.cloud.example" -p 8883 -i lamp -q 1 \
        -t '$aws/things/lamp/shadow/update' -m '{"state":{"reported":{"on":true}}}'
}
api() { at=$1.cloud.example aws iot list-things; }
refused "the first contact, at the second" "connection was lost" publish two
until_true has_status ACTIVE
for name in one two; do
    ok "then it is let in at $name" publish $name
    ok "API of $name" api $name
done

# ---- the database stops, and comes back ----
restarts() { inside "$1" systemctl show --property=NRestarts --value keymoor-cloud-control keymoor-cloud-broker@1 keymoor-cloud-rules | tr -d '\n'; }
before="$(restarts one) $(restarts two)"
ok "the database stops" inside db systemctl stop postgresql
refused "the API says so" "ServiceFailureException\|ServiceUnavailable\|InternalFailure" api one
for name in one two; do
    # shellcheck disable=SC2086 # a list of words on purpose
    ok "units of $name go on" is $name active $units
done
ok "and comes back" inside db systemctl start postgresql
for name in one two; do
    until_true publish $name
    until_true api $name
done
same "none was started anew" "$before" "$(restarts one) $(restarts two)"

# ---- a machine starts while there is no database ----
inside db systemctl stop postgresql
inside two systemctl restart --no-block keymoor-cloud.target
many() { [ "$(inside two systemctl show --property=NRestarts --value keymoor-cloud-control)" -ge 6 ]; }
until_true many
ok "the database" inside db systemctl start postgresql
until_true publish two
until_true api two

# ---- a machine less ----
end_machine two
ok "the other goes on" publish one
ok "its API" api one
done_testing
