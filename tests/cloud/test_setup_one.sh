#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed example for one machine, started as its units say, with the rights that they leave: a device registers by a
# function, and comes again after a backup, the loss of everything, and the copy's return.
# Usage: test_setup_one.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cloud/setup.sh
. "$(dirname "$0")/setup.sh"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
trap 'end_helpers; rm -rf "$dir"' EXIT
install_cloud "$1"
make_server_certificate
place cloud one-machine
state=$dir/cloud/state

ok "account" operator account create 123456789012 --name Example --dir "$state"
access_key --dir "$state"
start_machine cloud
use cloud
ok "the API over TLS" aws sts get-caller-identity
ok "where devices go" aws iot describe-endpoint --query endpointAddress --output text
same "as configured" "localhost:$port" "$(cat "$dir/out")"
device_ca
make_device lamp
refused "the first connect" "connection was lost" publish lamp
until_true has_status "$dir/lamp.crt" ACTIVE
ok "the second" publish lamp
ok "over HTTPS" post lamp
refused "without a certificate" "" mosquitto_pub --cafile "$dir/server_ca.pem" -h localhost -p "$port" -i nobody -t plant/line -m hello
until_true says "$cloud/log/keymoor-cloud-broker@" "peer did not return a certificate"
ok "a user of the console" operator user create admin --dir "$state"
ok "the console" curl -sSf --cacert "$dir/server_ca.pem" -o /dev/null "$endpoint/console/"
ok "status" operator status --dir "$state" --registry "sqlite:$state/registry.db"
if [ "$(id -u)" -eq 0 ]; then
    same "the broker is nobody's superuser" "$user" "$(stat -c %u "/proc/$(cat "$cloud/broker.pid")")"
    same "nor is the control plane" "$user" "$(awk '/^Uid/{print $2}' "/proc/$(cat "$cloud/control.pid")/status")"
    same "whose state it stays" "$user" "$(stat -c %u "$state/registry.db-wal")"
fi

# ---- backup while it runs, a loss, and back ----
ok "a copy" "$usr/bin/keymoor-cloud" backup "$dir/copy" --dir "$state"
refused "no copy over a copy" "exists" "$usr/bin/keymoor-cloud" backup "$dir/copy" --dir "$state"
make_device latecomer
refused "a device that the copy lacks" "connection was lost" publish latecomer
until_true has_status "$dir/latecomer.crt" ACTIVE
stop_machine cloud
mv "$state" "$state.old"
ok "the copy comes back" "$usr/bin/keymoor-cloud" restore "$dir/copy" --dir "$state"
[ "$user" -eq "$(id -u)" ] || chown -R "$user:$group" "$state"
start_machine cloud
ok "its device is known" publish lamp
ok "its access key is good" aws sts get-caller-identity
refused "the other comes for the first time again" "connection was lost" publish latecomer
until_true has_status "$dir/latecomer.crt" ACTIVE
ok "and is let in" publish latecomer
stop_machine cloud
done_testing
