#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installed for real: a Debian with systemd, the units as they are installed, and the commands of docs/cloud.md as they stand there, from
# the first one to a backup's return. The device's key lives in keymoord on that machine, started by its socket. Each unit is
# restarted and killed while the others run, and the machine starts anew.
# Usage: test_systemd.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/cloud/machine.sh
. "$(dirname "$0")/machine.sh"
units="keymoor-cloud-control keymoor-cloud-broker@1 keymoor-cloud-rules"
make_image "$1"
machine one cloud.example
boot one
on() { inside one "$@"; }

# ---- keymoord, by its socket ----
# Where root itself is kept from unlimited locked memory (a container in a container) that wall can't stand. Everything else is the unit's.
if [ "$(on systemd-run --quiet --wait --pipe --property=LimitMEMLOCK=infinity prlimit --memlock --raw --noheadings --output=HARD)" != unlimited ]; then
    echo "note: this machine does not let go of locked memory: keymoord runs without the wall memlock"
    on mkdir /etc/systemd/system/keymoord.service.d
    { echo "[Service]" && echo "ExecStart=" && sed -n '/^ExecStart=/s/,memlock//p' "$dir/stage/usr/lib/systemd/system/keymoord.service"; } \
        >"$dir/one/root/etc/systemd/system/keymoord.service.d/memlock.conf"
    on systemctl daemon-reload
fi
ok "the socket" on systemctl enable --now keymoord.socket
ok "nothing runs yet" is one inactive keymoord.service
ok "a user of the group" on useradd --create-home --home-dir=/srv/device --groups keymoor device
as_device() { on runuser --user=device -- env --chdir=/srv/device OPENSSL_CONF=/usr/share/keymoor/openssl-keymoor.cnf "$@"; }
ok "a key, which starts it" as_device keymoor key create lamp --type KEY_ECDSA_KEYPAIR --bits 256
ok "it runs" is one active keymoord.service
refused "nobody else is let in" "" on sudo -u nobody keymoor status
same "its state is its own" "700 root" "$(on stat -c '%a %U' /var/lib/keymoor)"
ok "what it says" on journalctl --no-pager --unit=keymoord
grep -q '"event":"service-started"' "$dir/out"

# ---- the cloud, as the page says ----
on systemctl disable --now mosquitto 2>/dev/null
ok "one machine" do_blocks one "One machine"
# shellcheck disable=SC2086 # a list of words on purpose
ok "all units" is one active keymoor-cloud.target $units
ok "status" on sudo -u keymoor-cloud keymoor-cloud status --dir /var/lib/keymoor-cloud
ok "an access key" do_blocks one "Accounts and keys"
become_operator one
ok "the API" aws sts get-caller-identity

# ---- a CA and what its devices may do ----
register_ca
until_true on sh -c "journalctl --unit=keymoor-cloud-rules | grep -q '1 rules'"

# ---- a device ----
as_device keymoor csr lamp --subject "/O=Test/CN=lamp" --pem --out lamp.csr
openssl x509 -req -in "$dir/one/root/srv/device/lamp.csr" -CA deviceCA.pem -CAkey deviceCA.key -CAcreateserial -days 30 -sha256 -out lamp.crt 2>/dev/null
cat lamp.crt deviceCA.pem >"$dir/one/root/srv/device/lamp.pem"
cp "$dir/server_ca.pem" "$dir/one/root/srv/device"
as_device keymoor key reference lamp --out lamp.key
# shellcheck disable=SC2016 # the topic's own dollar sign
publish() {
    as_device mosquitto_pub --cafile server_ca.pem --cert lamp.pem --key lamp.key -h cloud.example -p 8883 -i lamp -q 1 \
        -t '$aws/things/lamp/shadow/update' -m '{"state":{"reported":{"on":true}}}'
}
refused "the first contact" "connection was lost" publish
until_true has_status ACTIVE
ok "the second" publish
aws_shadow() { aws iot-data get-thing-shadow --thing-name lamp "$dir/shadow.json"; }
until_true aws_shadow
grep -q '"on":true' "$dir/shadow.json"

# ---- each unit by itself ----
main() { on systemctl show --property=MainPID --value "$1"; }
for unit in $units; do
    ok "$unit starts anew" on systemctl restart "$unit"
    # shellcheck disable=SC2086 # a list of words on purpose
    ok "beside the others" is one active $units
    until_true publish
    until_true aws iot list-things
done
is_another() { [ "$(main "$1")" != "$2" ] && is one active "$1"; }
for unit in $units keymoord; do
    before=$(main "$unit")
    on systemctl kill --signal=KILL "$unit"
    until_true is_another "$unit" "$before"
    # shellcheck disable=SC2086 # a list of words on purpose
    ok "beside the others" is one active $units
    until_true publish
done

# ---- what stands around each ----
exposure() { on systemd-analyze security "$1" | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }
for limit in keymoord=2.5 keymoor-cloud-control=1.5 keymoor-cloud-broker@1=1.5 keymoor-cloud-rules=6; do
    found=$(exposure "${limit%=*}")
    echo "${limit%=*}: exposure $found"
    ok "exposure of ${limit%=*}" awk -v found="$found" -v most="${limit#*=}" 'BEGIN { exit !(found > 0 && found <= most) }'
done

# ---- the machine starts anew ----
reboot_machine one
# shellcheck disable=SC2086 # a list of words on purpose
ok "all units" is one active keymoord.socket keymoor-cloud.target $units
same "nothing failed" "" "$(on systemctl --failed --no-legend)"
until_true publish
ok "its shadow is still there" aws_shadow

# ---- a copy, and back, as the page says ----
ok "a copy and its return" do_blocks one "Copies of one machine"
# shellcheck disable=SC2086 # a list of words on purpose
ok "all units" is one active keymoor-cloud.target $units
until_true publish
ok "its shadow by the same access key" aws_shadow
done_testing
